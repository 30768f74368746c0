"""What people, models and tools say to each other: messages of typed parts, enough for all four dialects."""

from enum import StrEnum

from msgspec import Raw, Struct, structs

from baton.core.dialect import Dialect


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MediaKind(StrEnum):
    """What a piece of media is."""

    IMAGE = "image"
    AUDIO = "audio"
    DOCUMENT = "document"
    VIDEO = "video"


class Signature(Struct, frozen=True, kw_only=True):
    """What a provider put on a thought, a call or a text to know its own again, or a thought in cipher.

    It means something to `origin` only, goes back there unchanged, and nowhere else.
    """

    origin: Dialect
    value: str


class Citation(Struct, frozen=True, kw_only=True):
    """Where a text has something from. `start` and `end` count characters of the text it stands on."""

    url: str | None = None
    title: str | None = None
    quote: str | None = None
    """The words of the source."""
    start: int | None = None
    end: int | None = None
    origin: Dialect | None = None
    raw: Raw | None = None
    """As `origin` wrote it, all of it."""

    def moved(self, chars: int) -> "Citation":
        """The same one, where so many characters have come before its text."""
        if not chars or (self.start is None and self.end is None):
            return self
        start, end = self.start, self.end
        return structs.replace(
            self,
            start=start if start is None else start + chars,
            end=end if end is None else end + chars,
        )


class Text(Struct, frozen=True, kw_only=True, tag="text"):
    """Plain text."""

    text: str
    cache_mark: Raw | None = None
    """A prompt-cache control mark, as the dialect wrote it."""
    citations: tuple[Citation, ...] = ()
    signature: Signature | None = None


class Media(Struct, frozen=True, kw_only=True, tag="media"):
    """An image, a sound, a document or a film: by URL, by provider file id, or as base64 data."""

    kind: MediaKind
    url: str | None = None
    file_id: str | None = None
    data: str | None = None
    """Base64, without the `data:` prefix."""
    media_type: str | None = None
    """E.g. `image/png`."""
    name: str | None = None
    detail: str | None = None
    cache_mark: Raw | None = None
    signature: Signature | None = None


class Reasoning(Struct, frozen=True, kw_only=True, tag="reasoning"):
    """What a model thought. Signed or encrypted thoughts go back to their own model unchanged, or nowhere."""

    text: str = ""
    signature: Signature | None = None
    """On the text."""
    encrypted: Signature | None = None
    """The thought in cipher, where the text is not shown (or only a summary of it)."""
    id: str | None = None
    details: Raw | None = None
    """Structured details as their provider wrote them, where none of the fields above hold them."""


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    """A model's own refusal."""

    text: str


class ToolCall(Struct, frozen=True, kw_only=True, tag="tool_call"):
    """A model asks for a tool."""

    id: str
    name: str
    arguments: str
    """The JSON text as the model wrote it; may be invalid JSON, and is never rewritten."""
    signature: Signature | None = None
    kind: str = "function"
    cache_mark: Raw | None = None


class ToolResult(Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool gave back."""

    call_id: str
    parts: tuple["Part", ...] = ()
    name: str | None = None
    is_error: bool = False
    cache_mark: Raw | None = None


class Foreign(Struct, frozen=True, kw_only=True, tag="foreign"):
    """A part that only one dialect can say (a server-side tool's step, a new kind), as it was written."""

    dialect: Dialect
    kind: str
    """The dialect's own name for it."""
    raw: Raw


Part = Text | Media | Reasoning | Refusal | ToolCall | ToolResult | Foreign


class Message(Struct, frozen=True, kw_only=True):
    """One turn."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str | None = None
    extras: dict[str, Raw] = {}
    """Fields that only the dialect it came in knows."""

    @property
    def text(self) -> str:
        """The plain text of the turn, parts joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))
