"""What is put before a caller's own words, in no dialect yet."""

from msgspec import Struct


class Preface(Struct, frozen=True, kw_only=True):
    """Texts, and what goes with them where a request says nothing of it."""

    system: str = ""
    """Comes before the request's own instructions."""
    user: str = ""
    """A turn of the user's, before the conversation."""
    model: str | None = None
    """Which model serves it where it leaves that to Baton."""
    temperature: float | None = None
    max_tokens: int | None = None
    prompt: str | None = None
    """`name@version` of the prompt that it is made of."""
    tried: str | None = None
    """The name of that prompt, where the request leaves its version to Baton."""
    persona: str | None = None
    """Whose voice it asks for."""
