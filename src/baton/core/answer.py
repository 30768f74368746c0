"""What a model answers: whole, or as a stream of events."""

from enum import StrEnum
from typing import Any, Protocol

from msgspec import Raw, Struct

from baton.core.dialect import Dialect
from baton.core.failures import Failure
from baton.core.messages import Citation, Media, Part, Signature
from baton.core.usage import Usage


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    PAUSE = "pause"
    """A server-side tool needs another turn."""
    OTHER = "other"


class Choice(Struct, frozen=True, kw_only=True):
    """One of the answers asked for."""

    index: int
    parts: tuple[Part, ...]
    finish: Finish | None
    native_finish: str | None = None
    """The provider's own word."""
    logprobs: Raw | None = None
    extras: dict[str, Raw] = {}
    message_extras: dict[str, Raw] = {}


class ChatResponse(Struct, frozen=True, kw_only=True):
    """One whole answer."""

    id: str
    model: str
    created: int
    """Unix seconds."""
    choices: tuple[Choice, ...]
    usage: Usage | None = None
    dialect: Dialect = Dialect.NATIVE
    """Whose words `usage_raw`, all extras, log probabilities and native finishes are; of use to no other."""
    usage_raw: Raw | None = None
    """The provider's own usage object."""
    extras: dict[str, Raw] = {}
    unread: tuple[str, ...] = ()
    """Paths of what else its dialect said, deeper inside, that the core has no word for."""


class Began(Struct, frozen=True, tag="began"):
    """The stream's first word: who answers."""

    id: str
    model: str
    created: int


class TakenOver(Struct, frozen=True, tag="taken_over"):
    """From here on another model speaks, in the same stream; a thought under way is over."""

    model: str


class TextDelta(Struct, frozen=True, tag="text"):
    """More text of a choice."""

    text: str
    choice: int = 0


class ReasoningDelta(Struct, frozen=True, tag="reasoning"):
    """More thought of a choice; `field`: its provider's own name for it, where there are several in use."""

    text: str
    choice: int = 0
    field: str = "reasoning_content"


class ReasoningSigned(Struct, frozen=True, tag="signed"):
    """The thought so far ends here, with what its provider put on it (`core.messages.Reasoning`).

    One of them without a text before it is a thought of its own. `details` as its provider wrote them.
    """

    choice: int = 0
    signature: Signature | None = None
    encrypted: Signature | None = None
    id: str | None = None
    details: Raw | None = None


class TextSigned(Struct, frozen=True, tag="text_signed"):
    """A signature on the text so far."""

    signature: Signature
    choice: int = 0


class Cited(Struct, frozen=True, tag="cited"):
    """Where the text so far has something from; `start` and `end` count from the choice's first text."""

    citation: Citation
    choice: int = 0


class MediaShown(Struct, frozen=True, tag="media"):
    """A whole image, sound or document in the answer."""

    media: Media
    choice: int = 0


class RefusalDelta(Struct, frozen=True, tag="refusal"):
    """More of a refusal."""

    text: str
    choice: int = 0


class ToolCallBegan(Struct, frozen=True, tag="tool_call"):
    """A tool call begins; its arguments follow as fragments. `index` counts the calls of a choice from 0."""

    index: int
    id: str
    name: str
    choice: int = 0
    kind: str = "function"
    signature: Signature | None = None


class ToolCallDelta(Struct, frozen=True, tag="tool_arguments"):
    """More of a tool call's arguments."""

    index: int
    arguments: str
    choice: int = 0


class ForeignDelta(Struct, frozen=True, tag="foreign"):
    """Something only the provider's dialect can say, as a JSON object of that dialect."""

    fields: dict[str, Raw]
    choice: int = 0
    dialect: Dialect = Dialect.NATIVE
    """Whose; NATIVE: nobody's that could say it again."""


class Finished(Struct, frozen=True, tag="finished"):
    """A choice ended."""

    finish: Finish
    choice: int = 0
    native: str | None = None


class Used(Struct, frozen=True, tag="used"):
    """What it took; the last report counts."""

    usage: Usage
    raw: Raw | None = None


class Unread(Struct, frozen=True, tag="unread"):
    """Paths of what its dialect said that the core has no word for; each once in a stream."""

    paths: tuple[str, ...]


class Broke(Struct, frozen=True, tag="broke"):
    """The provider gave up in mid-stream."""

    failure: Failure


class Ended(Struct, frozen=True, tag="ended"):
    """The provider's own end mark."""


StreamEvent = (
    Began
    | TakenOver
    | TextDelta
    | ReasoningDelta
    | ReasoningSigned
    | TextSigned
    | Cited
    | MediaShown
    | RefusalDelta
    | ToolCallBegan
    | ToolCallDelta
    | ForeignDelta
    | Finished
    | Used
    | Unread
    | Broke
    | Ended
)


class AnswerWriter(Protocol):
    """Puts one streamed answer into a caller's dialect."""

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer: usage where it was asked for, what Baton has to say, the end mark."""
        ...
