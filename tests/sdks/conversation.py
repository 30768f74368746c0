"""What an SDK is made to ask, and what it understood of the answer, whichever SDK it is."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct
from pydantic import BaseModel, ConfigDict

PIXEL_TYPE = "image/png"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A picture of one pixel, base64."""


class Trip(BaseModel):
    """A journey to a city."""

    model_config = ConfigDict(extra="forbid")
    city: str
    days: int
    season: Literal["spring", "autumn"]


class Said(Struct, frozen=True, kw_only=True, tag=True):
    """The user speaks."""

    text: str
    picture: str | None = None
    """Base64, a PNG."""


class Brought(Struct, frozen=True, kw_only=True, tag=True):
    """What a tool brought back."""

    call: "Call"
    text: str
    failed: bool = False


class Question(Struct, frozen=True, kw_only=True):
    """One request."""

    model: str
    turns: tuple["Said | Answer | Brought", ...]
    """An `Answer` goes back as its SDK's documentation has the user give it back."""
    system: str | None = None
    tools: tuple[str, ...] = ()
    """Names; every tool takes a `Trip`."""
    named: str | None = None
    """The tool that must be called."""
    shaped: bool = False
    """Whether the answer shall be a `Trip`, by the SDK's own way to get one."""
    thinking: bool = False


class Call(Struct, frozen=True, kw_only=True):
    """A tool call."""

    id: str
    name: str
    arguments: dict[str, Any]


class Spent(Struct, frozen=True, kw_only=True):
    """Tokens, counted as OpenAI counts: the prompt with what was cached, the completion with reasoning."""

    prompt: int
    completion: int
    cached: int = 0


class Answer(Struct, frozen=True, kw_only=True, tag=True):
    """What the SDK understood."""

    text: str
    finish: str | None
    """In the SDK's own word."""
    spent: Spent | None
    thoughts: str = ""
    calls: tuple[Call, ...] = ()
    pieces: int = 0
    """In how many pieces a streamed text came."""
    parsed: dict[str, Any] | None = None
    """The fields of the `Trip` that the SDK made."""
    turn: Any = None
    """The answer as the SDK's user gives it back on the next turn."""


class SdkError(Exception):
    """The SDK raised an error of its own."""

    def __init__(self, name: str, status: int | None, message: str) -> None:
        """`name`: of the class; `status`: the HTTP status it tells, if any."""
        super().__init__(f"{name} {status}: {message}")
        self.name = name
        self.status = status
        self.message = message


class Words(Struct, frozen=True, kw_only=True):
    """How an SDK says things."""

    stopped: str
    """The finish of an answer that is complete."""
    called: str
    """The finish of one that calls tools."""
    errors: Mapping[int, str]
    """A provider's status → the class that the SDK's user sees (decision 6)."""


class Client(Protocol):
    """One official SDK, pointed at Baton."""

    @property
    def words(self) -> Words:
        """How it says things."""
        ...

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask; a stream is put together as the SDK does it.

        Raises:
            SdkError: the SDK raised.
        """
        ...


class Counting(Protocol):
    """An SDK that can count tokens beforehand."""

    async def count(self, question: Question) -> int:
        """The tokens of the prompt.

        Raises:
            SdkError: the SDK raised.
        """
        ...
