"""What a fetched file is."""

import re

ANY_MEDIA = ("image/*", "audio/*", "video/*", "text/*", "application/pdf")
"""What models take. Text of the kind `application/…` has to be asked for."""

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}", re.ASCII)
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""What storage services say of files of which they were told nothing."""

_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3"), "audio/mpeg"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
"""How files of a kind begin (WHATWG's MIME Sniffing, and the formats' own descriptions)."""


def stated(content_type: str) -> str:
    """The media type that a `content-type` header says, in lower case; empty where it says nothing of use."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind if kind not in _UNSAID and _TYPE.fullmatch(kind) else ""


def seen(data: bytes) -> str:
    """The media type that the file itself shows; empty where it shows none."""
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(data)), "")


def is_among(kind: str, accepted: tuple[str, ...]) -> bool:
    """Whether a media type is one of these, of which some may be like `image/*`."""
    return kind in accepted or f"{kind.partition('/')[0]}/*" in accepted
