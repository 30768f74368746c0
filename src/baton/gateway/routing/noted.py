"""What the ledger keeps of a decision, in JSON: enough to tell it to a person, and to make its like again."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from baton.core.profile import Profile
from baton.core.task import TaskType
from baton.gateway.routing.decision import Ask, Decision, LeftOut
from baton.gateway.routing.pool import not_configured
from baton.gateway.routing.terms import NO_TERMS, Source, Terms
from baton.gateway.routing.weighing import Weights

_MOST_REASONS = 40
"""Of those left out: a house has few reasons, callers' figures in them make many."""


_OF_THE_MOMENT = re.compile(r"breaker is open|\) is spent|budget has too little left")
"""In reasons that hold for a while, whatever the rules say."""


class NotedAsk(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What was asked of the router, but for what the ledger's row has in columns of its own."""

    needs: tuple[str, ...] = ()
    input_tokens: int = 0
    """Roughly, at four characters a token."""
    max_tokens: int | None = None
    provider: str | None = None
    exclude: tuple[str, ...] = ()
    data_needs: tuple[str, ...] = ()
    any_model: bool = False
    models: tuple[str, ...] | None = None
    profile: Profile | None = None
    max_cost_nanos: int | None = None
    preferred_model: str | None = None
    pressure: float = 0.0
    task: TaskType | None = None
    complexity: float | None = None
    gain: float | None = None
    evidence: tuple[str, ...] = ()

    def again(self, tier: str, use_case: str | None, agent: str | None) -> Ask:
        """The same ask, without whose word counted; the arguments are in the row's columns."""
        terms = NO_TERMS
        if self.profile is not None or self.max_cost_nanos is not None:
            terms = Terms(profile=self.profile, max_cost_nanos=self.max_cost_nanos)
        return Ask(
            tier=tier,
            needs=frozenset(self.needs),
            input_tokens=self.input_tokens,
            max_tokens=self.max_tokens,
            provider=self.provider,
            exclude=frozenset(self.exclude),
            data_needs=frozenset(self.data_needs),
            use_case=use_case,
            agent=agent,
            any_model=self.any_model,
            models=None if self.models is None else frozenset(self.models),
            task=self.task,
            complexity=self.complexity,
            gain=self.gain,
            evidence=self.evidence,
            pressure=self.pressure,
            terms=terms,
        )


class NotedCandidate(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A model that was compared; scores are 0-1, the estimate is in nano-USD (None: unpriced)."""

    model: str
    final: float
    quality: float
    cost: float
    availability: float
    shift: float = 0.0
    estimate: int | None = None


class NotedDecision(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A decision that the router made; of a model that the request named there is none."""

    source: Source
    chosen: str = ""
    """The model that was sent it first."""
    ask: NotedAsk
    weights: Weights
    ranked: tuple[NotedCandidate, ...]
    """The best few, those that somebody named first."""
    candidates: int
    """How many could have served it."""
    fallbacks: tuple[str, ...] = ()
    not_configured: tuple[str, ...] = ()
    """Providers of models that could not be called."""
    left_out: Mapping[str, tuple[str, ...]] = {}
    """The others by the reason against them."""

    @property
    def first(self) -> str:
        """The model that the router chose, also where a budget then had another one asked."""
        return self.ranked[0].model if self.source is Source.BUDGET and self.ranked else self.chosen

    def kept_out(self) -> frozenset[str]:
        """Models that a breaker or a budget had nobody ask at that moment."""
        return frozenset(
            model
            for reason, models in self.left_out.items()
            if _OF_THE_MOMENT.search(reason) is not None
            for model in models
        )


class _Sorted(NamedTuple):
    not_configured: tuple[str, ...]
    by_reason: Mapping[str, tuple[str, ...]]


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(NotedDecision)


class Notes:
    """Writes them. Who is left out is mostly the same for one request after the other."""

    def __init__(self) -> None:
        self._left_out: tuple[LeftOut, ...] | None = None
        self._sorted = _Sorted((), {})

    def of(self, decision: Decision) -> str | None:
        """A decision as the ledger keeps it; None: the request named the model, as the row says already."""
        if decision.named or decision.weights is None:
            return None
        if decision.left_out is not self._left_out:
            self._left_out, self._sorted = decision.left_out, _sort(decision.left_out)
        noted = NotedDecision(
            source=decision.source,
            chosen=decision.chosen.offer.id,
            ask=_ask(decision.ask),
            weights=decision.weights,
            ranked=tuple(
                NotedCandidate(
                    model=each.offer.id,
                    final=each.scores.final,
                    quality=each.scores.quality,
                    cost=each.scores.cost,
                    availability=each.scores.availability,
                    shift=each.scores.shift,
                    estimate=each.estimate,
                )
                for each in decision.ranked
            ),
            candidates=decision.candidates,
            fallbacks=tuple(offer.id for offer in decision.fallbacks),
            not_configured=self._sorted.not_configured,
            left_out=self._sorted.by_reason,
        )
        return _encode(noted).decode()


def _sort(left_out: Iterable[LeftOut]) -> "_Sorted":
    providers: dict[str, None] = {}
    by_reason: dict[str, list[str]] = {}
    for each in left_out:
        provider = each.id.partition("/")[0]
        if each.reason == not_configured(provider):
            providers[provider] = None
        else:
            by_reason.setdefault(each.reason, []).append(each.id)
    kept = list(by_reason)[:_MOST_REASONS]
    return _Sorted(tuple(providers), {reason: tuple(by_reason[reason]) for reason in kept})


def read_note(text: str) -> NotedDecision:
    """A decision that was kept.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(text)


def _ask(ask: Ask) -> NotedAsk:
    terms = ask.terms
    preferred = next((each.table for each in terms.overrides if each.source is Source.PREFERENCE), ())
    return NotedAsk(
        needs=tuple(sorted(ask.needs)),
        input_tokens=ask.input_tokens,
        max_tokens=ask.max_tokens,
        provider=ask.provider,
        exclude=tuple(sorted(ask.exclude)),
        data_needs=tuple(sorted(ask.data_needs)),
        any_model=ask.any_model,
        models=None if ask.models is None else tuple(sorted(ask.models)),
        profile=terms.profile,
        max_cost_nanos=terms.max_cost_nanos,
        preferred_model=preferred[0] if preferred else None,
        pressure=round(ask.pressure, 3),
        task=ask.task,
        complexity=None if ask.complexity is None else round(ask.complexity, 3),
        gain=None if ask.gain is None else round(ask.gain, 3),
        evidence=ask.evidence,
    )
