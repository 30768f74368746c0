"""The wire formats that Baton speaks."""

from enum import StrEnum


class Dialect(StrEnum):
    """The wire formats."""

    OPENAI = "openai"
    OPENAI_RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    NATIVE = "native"
    """Baton's own routes."""
