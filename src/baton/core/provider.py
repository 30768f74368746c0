"""What can be said of a provider without knowing it: the declaration that each provider's file fills in."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.rates import Rates


class WaitForm(StrEnum):
    """How a header writes the time until a limit resets."""

    GO_DURATION = "go-duration"
    """`1m13.588s`, `6ms`."""
    SECONDS = "seconds"
    UNIX_MS = "unix-ms"
    UNIX_S = "unix-s"
    RFC3339 = "rfc3339"


class LimitHeaders(Struct, frozen=True, kw_only=True):
    """Names of the headers that tell what is left of a limit and when it resets; `{}`: its name."""

    remaining: str = "x-ratelimit-remaining-{}"
    reset: str = "x-ratelimit-reset-{}"
    reset_form: WaitForm = WaitForm.GO_DURATION
    names: tuple[str, ...] = ("requests", "tokens")
    """The limits that are told of."""
    spent: tuple[str, ...] = ("0",)
    """What `remaining` says where nothing is left."""

    @property
    def limit(self) -> str:
        """How much it is: all that tell of that have this other word in the same place."""
        return self.remaining.replace("remaining", "limit")


class Auth(Struct, frozen=True, kw_only=True):
    """Where the key goes. An empty `scheme` sends the bare key."""

    header: str = "authorization"
    scheme: str = "Bearer"
    required: bool = True
    """Local servers take calls without a key."""


@lru_cache(maxsize=4096)
def _begins(pattern: str, model: str) -> bool:
    """Whether a model's name begins as the regular expression says; asked anew for every request."""
    return re.match(pattern, model) is not None


class ThinkingHabit(Struct, frozen=True, kw_only=True):
    """How the models of one kind are told how much to think, where their API has two ways."""

    models: str
    """A regular expression that matches at the beginning of their names."""
    levels: tuple[str, ...] = ()
    """Words that they take, the least first; none: they take a budget."""
    least: int = 0
    most: int = 0
    """Budgets in tokens, both inclusive; `most` 0 with no levels: they do not think."""
    can_rest: bool = True
    """Whether a budget of 0 turns thinking off."""

    @property
    def thinks(self) -> bool:
        """Whether they think at all."""
        return bool(self.levels) or self.most > 0

    def budget(self, wanted: int) -> int:
        """The budget nearest to the wanted one that they take."""
        if wanted == 0 and self.can_rest:
            return 0
        return min(max(wanted, self.least), self.most)


class Family(Struct, frozen=True, kw_only=True):
    """What the models of one kind take and refuse, where a provider's models differ in it."""

    models: str
    """A regular expression that matches at the beginning of their names."""
    thinks_unasked: bool = False
    """Thinks where nobody says anything about it."""
    rest: str = "disabled"
    """The word that turns thinking off."""
    hides_thoughts: bool = False
    """Shows the text of its thoughts only where that is asked for."""
    fixed_sampling: bool = False
    """Refuses `temperature`, `top_p` and `top_k`."""
    one_of_temperature_and_top_p: bool = False
    takes_prefill: bool = True
    """Goes on with an assistant's message at the end of the conversation."""
    takes_forced_calls: bool = True
    """Can be made to call a tool."""
    takes_system_turns: bool = False
    """Takes system messages behind a user's."""

    @property
    def known(self) -> bool:
        """Whether anything is declared of them."""
        return bool(self.models)


class Quirks(Struct, frozen=True, kw_only=True):
    """How a provider differs from the one that its dialect is named after, or its models from one another."""

    no_stream_options: bool = False
    """Refuses `stream_options`; reports usage by itself, or not at all."""
    usage_in: str | None = None
    """A field beside `usage` that holds the usage of streams (`x_groq.usage`)."""
    sources_in: str | None = None
    """A field beside the choices that lists the URLs of what the answer has been found in (`citations`)."""
    reasoning_beside_completion: bool = False
    """`completion_tokens` leaves reasoning out; the total has it."""
    limit_name: str = "max_tokens"
    """Its word for the most tokens an answer may have."""
    takes_top_k: bool = False
    """Takes `top_k`, which its dialect does not know."""
    takes_thoughts: bool = False
    """Takes `reasoning_content` back in the assistant's messages; others refuse the field."""
    takes_signatures: bool = False
    """Takes `reasoning_details` and `extra_content` back."""
    takes_cache_marks: bool = False
    """Takes `cache_control` on parts and tools, which its dialect does not know."""
    no_developer_role: bool = False
    """Refuses messages of the role `developer`; `system` says the same."""
    short_call_ids: bool = False
    """Takes ids of tool calls of nine letters and digits only."""
    thinking: tuple[ThinkingHabit, ...] = ()
    """The first that matches counts."""
    families: tuple[Family, ...] = ()
    """The first that matches counts."""
    strict_signatures: str | None = None
    """Models, by a regular expression, that refuse a tool call of theirs without its signature."""
    media_results: str | None = None
    """Models, by a regular expression, that take images inside a tool's result."""
    least_sound_s: int = 0
    """Shorter recordings are billed as if they were so long, in seconds."""

    def thinking_of(self, model: str) -> ThinkingHabit | None:
        """How a model is told how much to think; None: nobody knows."""
        return next((habit for habit in self.thinking if _begins(habit.models, model)), None)

    def family_of(self, model: str) -> Family:
        """What a model takes and refuses; the usual where nothing is said of it."""
        return next((family for family in self.families if _begins(family.models, model)), Family(models=""))

    def checks_signatures(self, model: str) -> bool:
        """Whether a model refuses a tool call of its own without its signature."""
        return self.strict_signatures is not None and _begins(self.strict_signatures, model)

    def results_hold_media(self, model: str) -> bool:
        """Whether a model takes images inside a tool's result."""
        return self.media_results is not None and _begins(self.media_results, model)


class KnownMessage(Struct, frozen=True):
    """A failure known by its words only, because the provider gives no code for it."""

    kind: Kind
    pattern: str
    """A regular expression, searched without regard to case."""
    source: str
    """Where it was seen: a recording's id, an issue (`owner/repository#number` on GitHub), or a page."""

    def matches(self, text: str) -> bool:
        """Whether the provider's message is this one."""
        return re.search(self.pattern, text, re.IGNORECASE) is not None


class SchemaForm(StrEnum):
    """How a model is brought to answer true to a JSON Schema."""

    NATIVE = "native"
    """The provider's own structured output."""
    TOOL = "tool"
    """A tool with that schema, which the model is made to call."""
    JSON_OBJECT = "json_object"
    """The provider's JSON mode, and an instruction."""
    INSTRUCTION = "instruction"


class SchemaRule(Struct, frozen=True, kw_only=True):
    """Models without structured output of their own."""

    models: str
    """A regular expression that matches at the beginning of their names."""
    form: SchemaForm
    source: str
    """Where it is known from."""


class Service(StrEnum):
    """What providers serve beside chat. In the catalog it is a capability of the same name."""

    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"
    MODERATIONS = "moderations"


SERVICES = frozenset(service.value for service in Service)
"""As capabilities."""


class ModelClasses(Struct, frozen=True, kw_only=True):
    """The provider's own models for each class of work."""

    default: str
    cheap: str
    premium: str


class ProviderSpec(Struct, frozen=True, kw_only=True):
    """One provider, declared. What isn't said is as with the dialect that most others have copied."""

    name: str
    title: str
    base_url: str
    """What stands before `/chat/completions`; may hold `{model}` and a query string. Empty: must be set."""
    dialect: Dialect = Dialect.OPENAI
    """In which it is asked where the caller's is none of those it speaks."""
    also: frozenset[Dialect] = frozenset()
    """Further dialects in which its callers' requests can be passed on as they are, at the same base URL."""
    aliases: tuple[str, ...] = ()
    key_names: tuple[str, ...] = ()
    """Environment variables that hold keys, besides `<NAME>_API_KEY`."""
    auth: Auth = Auth()
    headers: Mapping[str, str] = {}
    quirks: Quirks = Quirks()
    limits: tuple[LimitHeaders, ...] = ()
    """Asked where an error for too many requests states no wait."""
    errors: Mapping[tuple[int, str], Kind] = {}
    """(status, code or type) → kind, where the status alone does not tell."""
    messages: tuple[KnownMessage, ...] = ()
    waits: Mapping[str, str] = {}
    """Waits that its messages ask for: regular expression, searched without regard to case, whose group is a
    Go duration or seconds → where it was seen, as with `messages`."""
    capabilities: frozenset[str] = frozenset({"streaming", "tools", "json", "vision"})
    """What its models can do where the catalog does not know them."""
    services: frozenset[Service] = frozenset()
    """What it serves beside chat, below the same base URL."""
    schemas: tuple[SchemaRule, ...] = ()
    """The first that matches counts; all other models have structured output of their own."""
    only_objects: bool = False
    """Their own structured output takes schemas of objects only, at the root."""
    classes: ModelClasses | None = None
    free_rates: Rates = Rates()
    """What each of its keys may be asked for on its free tier."""
    local: bool = False
    """Runs on the user's own machine: needs no key to count as configured once named, and costs nothing."""

    def schema_form(self, model: str) -> SchemaForm:
        """How a model is brought to answer true to a schema."""
        for rule in self.schemas:
            if _begins(rule.models, model):
                return rule.form
        return SchemaForm.NATIVE

    def speaks(self, dialect: Dialect) -> bool:
        """Whether requests in that dialect are passed on to it as they are."""
        return dialect is self.dialect or dialect in self.also
