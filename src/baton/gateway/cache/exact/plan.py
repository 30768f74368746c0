"""Whether a request may be answered with what another one was answered, and under which key."""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, cast

import msgspec
from msgspec import Struct

from baton.core.caller import Caller
from baton.core.dialect import Dialect
from baton.core.request import CacheWish, Envelope, Options
from baton.core.task import TaskType
from baton.gateway.cache.exact.freshness import ages_soon, usual_ttl_s
from baton.gateway.cache.rules import CacheRule, Reach, Semantic
from baton.gateway.cache.semantic.turn import last_turn
from baton.gateway.routing.decision import AUTO, Decision

_KEY_BYTES = 32
_LONG_BYTES = 64 * 1024
"""Beyond that a body's spelling counts: to take it apart twice holds the loop too long."""

_TENANT = "default"
_UNREPEATABLE = frozenset({"tools", "vision", "audio"})
"""What such a request brings about, or looks at, is repeated only where somebody asks for it."""

_SAID_OTHERWISE = frozenset({"model", "baton", "stream"})
"""Fields that the key has in other words."""

_NO_MATTER: dict[Dialect, frozenset[str]] = {
    Dialect.OPENAI: frozenset(
        {"user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}
    ),
    Dialect.ANTHROPIC: frozenset({"metadata"}),
    Dialect.GOOGLE: frozenset({"labels"}),
    Dialect.NATIVE: frozenset(
        {"contextMetadata", "enableCache", "cacheTtl", "userId", "useCase", "agent", "projectId"}
    ),
}
"""Fields that neither change an answer nor come back in it (Responses repeats them); one that is not known
matters."""

_USAGE = "include_usage"
_LIVE = frozenset({"mcp_servers", "plugins", "prompt", "search_parameters", "web_search_options", "store"})
"""Fields by which a request looks at, or changes, what is elsewhere: it is repeated only where asked."""

_FILES = re.compile(
    rb'"type"\s*:\s*"(?:file|input_file|document)"|"file_?(?:data|id|url|uri)"\s*:', re.IGNORECASE
)
"""A document in a body, in any dialect."""

_look = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read = msgspec.json.Decoder().decode
_write = msgspec.json.Encoder(order="sorted").encode
_NULL = msgspec.Raw(b"null")

RuleOf = Callable[[str], CacheRule | None]


class Meaning(Struct, frozen=True, kw_only=True):
    """What of a request is compared by its meaning, and with which others."""

    text: str
    """The user's last turn."""
    frame: bytes
    """A digest over its reach and all else that it says: only those of one frame are compared."""
    semantic: Semantic
    threshold: float | None
    """None: the one that is shipped."""


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done about one request."""

    key: str
    """Hexadecimal digits; says nothing of the request to whoever has not the secret."""
    reach: Reach
    owner: str
    """Of the reach: a user's or project's id, or a name for everybody."""
    ttl_s: float
    reads: bool
    """Whether an answer that is kept will do."""
    writes: bool
    meaning: Meaning | None = None
    """None: only equal ones are looked for."""


class Planner:
    """Makes plans: pure, but for the rules in force."""

    def __init__(
        self,
        secret: bytes,
        rule_of: RuleOf,
        *,
        usual_ttl_s: float,
        most_temperature: float,
        on: bool,
        embeds: bool = False,
    ) -> None:
        """`secret`: at most 64 bytes; `most_temperature`: up to which answers are repeated unasked;
        `embeds`: whether meanings can be compared."""
        self._keyed = blake2b(key=secret, digest_size=_KEY_BYTES)
        self._rule_of = rule_of
        self._usual_ttl_s = usual_ttl_s
        self._most_temperature = most_temperature
        self.on = on
        self._embeds = embeds

    def wanted(self, envelope: Envelope) -> bool:
        """Whether there is to be a plan for a request: a look at a few fields."""
        options = envelope.options
        wish = options.cache
        if not self.on or wish is CacheWish.OFF or (envelope.stream and envelope.dialect is Dialect.NATIVE):
            return False
        if wish is not None:
            return True
        rule = None if options.use_case is None else self._rule_of(options.use_case)
        if rule is not None:
            return rule.exact or (self._embeds and rule.semantic is not Semantic.OFF)
        temperature = envelope.warmth if envelope.temperature is None else envelope.temperature
        if temperature is None or temperature > self._most_temperature:
            return False
        return not (envelope.needs & _UNREPEATABLE or envelope.searches)

    def plan(self, caller: Caller, envelope: Envelope, decision: Decision) -> Plan | None:
        """The plan for one that is wanted; None: it turns out to look at what is elsewhere, and nobody asked
        for that to be repeated."""
        options = envelope.options
        rule = None if options.use_case is None else self._rule_of(options.use_case)
        reach, owner = _whose(caller, envelope, rule)
        fields = _fields(envelope.body)
        if rule is None and options.cache is None and _looks_elsewhere(envelope.body, fields):
            return None
        frame = self._keyed.copy()
        around = (
            *(reach.value, owner, envelope.dialect.value, envelope.prefaced, _manner(envelope)),
            _model(decision, options),
        )
        frame.update(_write(around))
        fresh = frame.copy()
        fresh.update(_content(envelope, fields))
        ttl_s = self._ttl_s(envelope, rule, reach, decision.ask.task)
        wished = options.cache is not None
        return Plan(
            key=fresh.hexdigest(),
            meaning=self._meaning(envelope, rule, fields, frame),
            reach=reach,
            owner=owner,
            ttl_s=ttl_s,
            reads=options.cache is not CacheWish.REFRESH and (rule is None or rule.exact or wished),
            writes=ttl_s > 0,
        )

    def _meaning(
        self, envelope: Envelope, rule: CacheRule | None, fields: dict[str, Any] | None, frame: blake2b
    ) -> Meaning | None:
        """What is compared by its meaning; None: nothing is, or it is no plain text."""
        options = envelope.options
        if not self._embeds or options.cache is CacheWish.EXACT or options.cache_key is not None:
            return None
        semantic = Semantic.OFF if rule is None else rule.semantic
        if semantic is Semantic.OFF and options.cache is CacheWish.SEMANTIC:
            semantic = Semantic.ON
        if semantic is Semantic.OFF or fields is None or options.cache is CacheWish.REFRESH:
            return None
        turn = last_turn(fields)
        # What means the same now may not have meant so an hour ago.
        if turn is None or len(envelope.body) > _LONG_BYTES or ages_soon(turn.text):
            return None
        frame.update(b"meaning:" + _content(envelope, turn.rest))
        return Meaning(
            text=turn.text,
            frame=frame.digest(),
            semantic=semantic,
            threshold=None if rule is None else rule.threshold,
        )

    def _ttl_s(
        self, envelope: Envelope, rule: CacheRule | None, reach: Reach, task: TaskType | None
    ) -> float:
        """How long its answer may be given again; to others no longer than the house says."""
        if rule is not None and rule.ttl_s is not None:
            usual_s = rule.ttl_s
        else:
            usual_s = usual_ttl_s(envelope.body.decode(errors="replace"), task, self._usual_ttl_s)
        said_s = envelope.options.cache_ttl_s
        if said_s is None:
            return usual_s
        return said_s if reach is Reach.USER else min(said_s, usual_s)


def _whose(caller: Caller, envelope: Envelope, rule: CacheRule | None) -> tuple[Reach, str]:
    """Whose answers it may be given. A key of the caller's own choice leads nowhere but to their own; a
    project that is a label only is nobody's."""
    options = envelope.options
    reach = Reach.USER if rule is None or options.cache_key is not None else rule.reach
    if reach is Reach.PROJECT and options.project in caller.projects:
        return reach, options.project or ""
    if reach is Reach.TENANT:
        return reach, _TENANT
    if reach is Reach.SHARED:
        return reach, "*"
    return Reach.USER, caller.user_id


def _manner(envelope: Envelope) -> tuple[object, ...]:
    """How it wants to be answered (a stream is no whole answer, nor is one without its usage one with it),
    and what its provider is told besides its body."""
    told = (envelope.query, sorted(envelope.headers.items()))
    if not envelope.stream:
        return ("whole", *told)
    options = envelope.options
    asked = (envelope.include_usage, options.said, envelope.stream_type)
    # Whoever leads a stream cuts it by its own deadline.
    return ("stream", *asked, options.broken_stream.value, options.timeout_s, *told)


def _model(decision: Decision, options: Options) -> tuple[object, ...]:
    """The model that was named, or all that the choice depends on but for the moment; and who else may serve
    it."""
    ask, way = decision.ask, decision.way
    others = (
        *(options.fallback, options.fallback_on_filter, sorted(ask.exclude), sorted(ask.needs)),
        sorted(ask.data_needs),
        *(None if ask.models is None else sorted(ask.models), None if way is None else way.table),
    )
    if decision.named:
        return (decision.chosen.offer.id, *others)
    terms = ask.terms
    words = [
        (each.source.value, each.table, each.choice.value, each.provider, each.aim.value)
        for each in terms.overrides
    ]
    profile = None if terms.profile is None else terms.profile.value
    wanted = (ask.tier, profile, terms.max_cost_nanos, ask.use_case, ask.agent, ask.provider)
    return (AUTO, *wanted, words, *others)


def _fields(body: bytes) -> dict[str, Any] | None:
    """A body's fields, those of a long one unread; None: it is no JSON object."""
    try:
        fields: Any = _read(body) if len(body) <= _LONG_BYTES else _look(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else None


def _looks_elsewhere(body: bytes, fields: dict[str, Any] | None) -> bool:
    if fields is None or _FILES.search(body) is not None:
        return True
    return any(name in fields and fields[name] not in (None, False, _NULL) for name in _LIVE)


def _content(envelope: Envelope, fields: dict[str, Any] | None) -> bytes:
    """What is asked, in one spelling; or what the caller says stands for it."""
    if envelope.options.cache_key is not None:
        return b"key:" + envelope.options.cache_key.encode()
    if fields is None:
        return envelope.body
    left_out = _SAID_OTHERWISE | _NO_MATTER.get(envelope.dialect, frozenset())
    content = {name: value for name, value in fields.items() if name not in left_out}
    streaming: Any = content.get("stream_options")
    if isinstance(streaming, dict):
        rest = {name: value for name, value in cast("dict[str, Any]", streaming).items() if name != _USAGE}
        content["stream_options"] = rest or None
    return _write({name: value for name, value in content.items() if value is not None})
