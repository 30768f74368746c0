"""What a caller asks for."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Raw, Struct

from baton.core.answer import AnswerWriter, ChatResponse
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Message
from baton.core.profile import Profile
from baton.core.usage import Usage

MAX_MODEL_CHARS = 256
"""Longer than any model's name; it is put into headers, addresses and rows."""


class Tool(Struct, frozen=True, kw_only=True):
    """A function that the model may call. `schema` is the JSON Schema of its arguments."""

    name: str
    description: str | None = None
    schema: Raw | None = None
    strict: bool | None = None
    cache_mark: Raw | None = None


class ForeignTool(Struct, frozen=True, kw_only=True):
    """A tool that only one dialect knows (web search, code execution, a custom grammar)."""

    dialect: Dialect
    type: str
    raw: Raw


class ToolMode(StrEnum):
    """How free the model is to call tools."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"
    NAMED = "named"


class ToolChoice(Struct, frozen=True, kw_only=True):
    """Which tools the model shall call. `names` restricts REQUIRED and NAMED."""

    mode: ToolMode
    names: tuple[str, ...] = ()


class FormatKind(StrEnum):
    """What the answer's text shall be."""

    TEXT = "text"
    JSON_OBJECT = "json_object"
    JSON_SCHEMA = "json_schema"


class ResponseFormat(Struct, frozen=True, kw_only=True):
    """What the answer's text shall be; `schema` with JSON_SCHEMA only."""

    kind: FormatKind
    name: str | None = None
    description: str | None = None
    schema: Raw | None = None
    strict: bool | None = None


_NOTHING_SAID: Mapping[str, object] = {
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
}
"""What says no more than silence does."""


class Sampling(Struct, frozen=True, kw_only=True):
    """How the answer is drawn. None means: not said."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: Raw | None = None

    def wants(self, name: str) -> bool:
        """Whether a field asks for anything: a penalty of 0 is what everybody has, one answer what everybody
        gives."""
        value: object = getattr(self, name)
        return value is not None and value != _NOTHING_SAID.get(name)


class Showing(StrEnum):
    """Whether thoughts come with the answer; what their provider needs to know them again comes anyway."""

    NONE = "none"
    AUTO = "auto"
    CONCISE = "concise"
    DETAILED = "detailed"


class ReasoningWish(Struct, frozen=True, kw_only=True):
    """How much the model shall think: by effort (`minimal` … `high`) or by a budget in tokens.

    With neither, as much as it does by itself.
    """

    effort: str | None = None
    budget_tokens: int | None = None
    show: Showing = Showing.AUTO
    """A reader says what a caller of its dialect expects who said just this."""

    @property
    def rests(self) -> bool:
        """Whether the model shall not think: then there is nothing to show."""
        return self.effort == "none" or (self.effort is None and self.budget_tokens == 0)


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One chat request, dialect-independent."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool | ForeignTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    reasoning: ReasoningWish | None = None
    stream: bool = False
    include_usage: bool = False
    user: str | None = None
    dialect: Dialect = Dialect.NATIVE
    extras: dict[str, Raw] = {}
    """Fields that only `dialect` knows; passed on to a provider of the same dialect."""
    unread: tuple[str, ...] = ()
    """Paths of fields inside parts, tools and the like that only `dialect` knows, e.g. `messages[0].foo`."""


class BrokenStream(StrEnum):
    """What becomes of a stream whose provider breaks off."""

    RESCUE = "rescue"
    """Another model goes on where it stopped."""
    WHOLE = "whole"
    """Nothing is sent before the answer is whole, or a while has passed; then as `rescue`."""
    OFF = "off"
    """It ends with the dialect's error event."""


class CacheWish(StrEnum):
    """Whether a request may be answered with what another one was."""

    OFF = "off"
    EXACT = "exact"
    SEMANTIC = "semantic"
    """Also with what one was answered that means the same."""
    REFRESH = "refresh"
    """It is asked anew, and its answer is kept."""


class Priority(StrEnum):
    """How urgent a request is."""

    CRITICAL = "critical"
    NORMAL = "normal"
    LOW = "low"
    """It rather waits for room in its caller's limits than be refused."""


class Options(Struct, frozen=True, kw_only=True):
    """Baton's own wishes, from the `baton` object or the `x-baton-*` headers."""

    use_case: str | None = None
    agent: str | None = None
    session: str | None = None
    project: str | None = None
    timeout_s: float | None = None
    max_retries: int | None = None
    priority: Priority = Priority.NORMAL
    provider: str | None = None
    """Preferred, soft: narrows `auto` unless nothing is left."""
    profile: Profile | None = None
    """What counts most where the model is left to Baton; None: as its user prefers."""
    max_cost_nanos: int | None = None
    """What it may be estimated at, at most, nano-USD; None: as its user prefers."""
    exclude: tuple[str, ...] = ()
    """Providers that must not serve it."""
    require: tuple[str, ...] = ()
    """Capabilities a model must have besides those that the request itself needs."""
    data_needs: DataNeeds = NO_DATA_NEEDS
    """What the data policy of whoever serves it must say."""
    fallback: tuple[str, ...] | None = None
    """Names of the models to ask where the first fails, in order; empty: none; None: not said."""
    fallback_on_filter: bool = False
    """Whether another model is asked where the first one's filter refuses."""
    broken_stream: BrokenStream = BrokenStream.RESCUE
    cache: CacheWish | None = None
    """None: as its use case, or its temperature, has it."""
    cache_ttl_s: float | None = None
    """How long its answer may be given again; 0: never."""
    prompt: str | None = None
    """The prompt that it is served with: `name`, `name@3`, `name@staging`, or `off`; None: its use case's."""
    variables: dict[str, str] = {}
    """What is put in the place of the prompt's variables."""
    prompt_model: str | None = None
    """The model that the prompt names for requests that name none."""
    prompt_tried: str | None = None
    """The prompt whose version it leaves to Baton, once that is chosen."""
    persona: str | None = None
    """In whose voice it is to be answered, or `off`; None: in that of its use case."""
    cache_key: str | None = None
    """What stands for what is asked, where its caller knows better what is the same."""
    tags: dict[str, str] = {}
    context: Raw | None = None
    said: bool = False
    """Whether the caller said anything to Baton at all."""
    dropped: tuple[str, ...] = ()
    """Options that this version does not act on."""


class Outline(Struct, frozen=True, kw_only=True):
    """What routing, admission, prices and the ledger need to know of a request, whatever it asks for."""

    dialect: Dialect
    model: str
    """As the caller wrote it."""
    stream: bool
    max_tokens: int | None
    needs: frozenset[str]
    """Capabilities found in the request itself: `vision`, `audio`, `tools`, `json`, `streaming` …"""
    input_chars: int
    """Characters of all text, weighed as `core.estimate.weight_of` does: for a first estimate of tokens."""
    options: Options
    answers: int = 1
    """How many answers are asked for at once."""
    temperature: float | None = None
    """As it says it; None: it does not."""
    processing: str = ""
    """How it wishes to be processed, in the provider's word, where that may have another price than usual."""
    searches: int = 0
    """How many searches it may have its provider make; where it sets no bound, what is usual at most."""
    most: Usage = Usage()
    """Of what is no chat: what it may use at most, as far as its body says. So much is held for it, and is
    counted where nobody says how much it was."""


class Envelope(Outline, frozen=True, kw_only=True):
    """The outside of a chat request, with the letter still closed.

    A provider of the same dialect is sent `body` as it came; only who must translate opens the letter.
    """

    body: bytes
    include_usage: bool
    """Whether the caller wants usage at the end of a stream."""
    headers: Mapping[str, str]
    """The caller's headers that a provider of the same dialect may see."""
    query: str = ""
    """What of the caller's query string a provider of the same dialect is sent, e.g. `beta=true`."""
    read: Callable[[bytes], ChatRequest]
    write: Callable[[ChatResponse, Losses], bytes] | None
    """Writes a whole answer that comes in another dialect; None: the route composes its own."""
    writer: Callable[[Losses], AnswerWriter]
    """Makes the writer of a streamed answer, where it comes in another dialect."""
    stream_type: str = "text/event-stream; charset=utf-8"
    """The media type of a streamed answer."""
    opening: bytes = b""
    """What a stream begins with, before anything is said."""
    keep_alive: bytes = b": keep-alive\n\n"
    """What is sent on a stream while there is nothing to say."""
    warmth: float | None = None
    """The temperature by Baton's word, where its caller says nothing of sampling and the model takes one."""
    prefaced: str = ""
    """Digest of what Baton put before the caller's own words; empty: nothing."""
    bound: int | None = None
    """Tokens that an answer may have at most, by Baton's word, whatever its caller asked for."""

    def open(self) -> ChatRequest:
        """Read the whole letter.

        Raises:
            Invalid: it cannot be read.
        """
        return self.read(self.body)
