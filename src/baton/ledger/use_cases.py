"""What a use case is to analytics: its interaction type."""

_CHAT = "chat"

_TYPES = {
    "greeting": "greeting",
    "chat": _CHAT,
    "recommendation": "recommendation",
    "insight": "insight",
    "analysis": "analysis",
    "simple_completion": _CHAT,
    "content_analysis": "analysis",
    "experimental": _CHAT,
}
"""By use case; any other is a chat."""


def interaction_type(service: str, use_case: str | None) -> str:
    """The type of an interaction: of a chat by its use case, of anything else the service that was used."""
    return _TYPES.get(use_case or _CHAT, _CHAT) if service == _CHAT else service
