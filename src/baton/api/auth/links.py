"""Where the links lead that let people in."""

INVITATIONS = "/api/auth/invitations"


def invitation_link(base_url: str, token: str) -> str:
    """The link of an invitation. `base_url`: where browsers find this Baton."""
    return f"{base_url.rstrip('/')}{INVITATIONS}/{token}"
