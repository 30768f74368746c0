"""The type of a picture, as the APIs know it."""

_SLIPS = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
"""Names that are in no register, and all the same in many `data:` URLs → the registered one (IANA)."""


def picture_type(media_type: str) -> str:
    """The registered name of a picture's type, without parameters; what is no picture's stays as it is."""
    plain = media_type.partition(";")[0].strip().lower()
    return _SLIPS.get(plain, plain) if plain.startswith("image/") else media_type
