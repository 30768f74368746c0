"""Whether a request may be answered with what another one was answered, and under which key."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from baton.core.caller import Caller
from baton.core.dialect import Dialect
from baton.core.request import CacheWish, Envelope
from baton.gateway.cache.exact.freshness import SHORT_S, ages_soon
from baton.gateway.cache.rules import CacheRule, Reach
from baton.gateway.routing.decision import Decision

_KEY_BYTES = 32
_LONG_BYTES = 64 * 1024
"""Beyond that a body's spelling counts: to take it apart twice holds the loop too long."""

_TENANT = "default"
_UNREPEATABLE = frozenset({"tools", "vision", "audio"})
"""What such a request brings about, or looks at, is repeated only where somebody asks for it."""

_NO_MATTER = frozenset(
    {
        *("model", "baton", "stream", "stream_options", "user", "metadata", "store", "service_tier"),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_retention", "labels"),
    }
)
"""Fields that do not change the answer, or are looked at otherwise; a field that is not known changes it."""

_look = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read = msgspec.json.Decoder().decode
_write = msgspec.json.Encoder(order="sorted").encode

RuleOf = Callable[[str], CacheRule | None]


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


class Planner:
    """Makes plans: pure, but for the rules in force."""

    def __init__(
        self, secret: bytes, rule_of: RuleOf, *, usual_ttl_s: float, most_temperature: float, on: bool
    ) -> None:
        """`secret`: at most 64 bytes; `most_temperature`: up to which answers are repeated unasked."""
        self._keyed = blake2b(key=secret, digest_size=_KEY_BYTES)
        self._rule_of = rule_of
        self._usual_ttl_s = usual_ttl_s
        self._most_temperature = most_temperature
        self.on = on

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
            return rule.exact
        temperature = envelope.temperature
        if temperature is None or temperature > self._most_temperature:
            return False
        return not (envelope.needs & _UNREPEATABLE)

    def plan(self, caller: Caller, envelope: Envelope, decision: Decision) -> Plan:
        """The plan for one that is wanted."""
        options = envelope.options
        rule = None if options.use_case is None else self._rule_of(options.use_case)
        reach, owner = _whose(caller, envelope, rule)
        content = _content(envelope)
        ttl_s = options.cache_ttl_s
        if ttl_s is None and rule is not None:
            ttl_s = rule.ttl_s
        if ttl_s is None:
            soon = ages_soon(content.decode(errors="replace"))
            ttl_s = min(SHORT_S, self._usual_ttl_s) if soon else self._usual_ttl_s
        fresh = self._keyed.copy()
        for part in (reach.value, owner, envelope.dialect.value, *_manner(envelope), *_model(decision)):
            fresh.update(b"%d:" % len(part))
            fresh.update(part.encode())
        fresh.update(content)
        return Plan(
            key=fresh.hexdigest(),
            reach=reach,
            owner=owner,
            ttl_s=ttl_s,
            reads=options.cache is not CacheWish.REFRESH,
            writes=ttl_s > 0,
        )


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


def _manner(envelope: Envelope) -> tuple[str, ...]:
    """How it wants to be answered: a stream is no whole answer, nor is one without its usage one with it."""
    if not envelope.stream:
        return ("whole",)
    return ("stream", str(envelope.include_usage), str(envelope.options.said), envelope.stream_type)


def _model(decision: Decision) -> tuple[str, ...]:
    """The model that was named, or all that the choice depends on but for the moment."""
    if decision.named:
        return (decision.chosen.offer.id,)
    ask = decision.ask
    terms = ask.terms
    models = "*" if ask.models is None else ",".join(sorted(ask.models))
    preferred = "/".join(name for each in terms.overrides for name in each.table)
    profile = "" if terms.profile is None else terms.profile.value
    return (
        *("auto", ask.tier, profile, str(terms.max_cost_nanos), preferred, models),
        *(ask.use_case or "", ask.agent or "", ask.provider or "", ",".join(sorted(ask.exclude))),
        ",".join(sorted(ask.needs)),
    )


def _content(envelope: Envelope) -> bytes:
    """What is asked, in one spelling; or what the caller says stands for it."""
    if envelope.options.cache_key is not None:
        return b"key:" + envelope.options.cache_key.encode()
    body = envelope.body
    try:
        fields: dict[str, Any] = _read(body) if len(body) <= _LONG_BYTES else _look(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    return _write({name: value for name, value in fields.items() if name not in _NO_MATTER})
