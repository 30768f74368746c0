"""A gateway put together from its parts: the one that serves, and those on which outages are rehearsed."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from math import isinf

from msgspec import Struct

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.gateway.admission.admission import Admission
from baton.gateway.answered import Answered
from baton.gateway.cache.cache import Cache
from baton.gateway.draining import Drains
from baton.gateway.gateway import Gateway
from baton.gateway.health.health import Health
from baton.gateway.opening import Arrival, Openings
from baton.gateway.recall.embedder import Embedder, Run
from baton.gateway.recall.meanings import Meanings
from baton.gateway.recall.recalling import Recalling
from baton.gateway.resilience.attempts import Attempts
from baton.gateway.resilience.breakers import Breakers
from baton.gateway.resilience.courses import Courses, RetryOf
from baton.gateway.resilience.deadline import Limits
from baton.gateway.resilience.gates import Gates
from baton.gateway.resilience.headrooms import Headrooms
from baton.gateway.resilience.observation import Observer
from baton.gateway.routing.alternatives import Alternatives, Chains
from baton.gateway.routing.conditions import NO_DATA_RULES, Conditions, DataRules
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.observed import NOTHING_OBSERVED, Judged, Observed
from baton.gateway.routing.outlook import Outlooks
from baton.gateway.routing.prompts import Prompts
from baton.gateway.routing.router import WeighingOf, usual_weighing
from baton.gateway.routing.standing import UNDECIDED, Standing
from baton.gateway.samples import Samples
from baton.gateway.shaping.preface import PrefaceOf, no_preface
from baton.upstream.calls import Upstream
from baton.upstream.directory import Directory
from baton.upstream.errands.errand import Errand

JudgedOf = Callable[[], Mapping[str, Judged]]
"""By `provider/name`; a look-up."""


def nobody_judged() -> Mapping[str, Judged]:
    """Where nobody says what answers are worth."""
    return NOTHING_OBSERVED.judged


class Policy(Struct, frozen=True, kw_only=True):
    """What was decided about failures."""

    chain: Sequence[str] = ()
    """Providers to fall back to, the first first."""
    chains: Chains
    """What admins list behind a model."""
    fallback: bool
    """Whether others are asked for requests that say nothing of it."""
    retry: RetryOf
    limits: Limits
    stand_ins: frozenset[str]
    """Providers that serve only where they are named, or nobody else is configured."""


class Parts(Struct, frozen=True, kw_only=True):
    """What a gateway is made of."""

    policy: Policy
    catalog: LiveCatalog
    directory: Directory
    upstream: Upstream
    breakers: Breakers
    health: Health
    observers: Sequence[Observer] = ()
    """Who learns of attempts besides `health`."""
    admission: Admission
    openings: Openings
    drains: Drains
    standing: Standing = UNDECIDED
    """What holds for callers beforehand."""
    weighing: WeighingOf = usual_weighing
    """How scores are weighed."""
    data: DataRules = NO_DATA_RULES
    """Who may be sent what."""
    preface_of: PrefaceOf = no_preface
    """What requests are served with, by prompt and persona."""
    prompts: Prompts | None = None
    """Reads what is asked, where a model is to be chosen; None: nobody does."""
    judged: JudgedOf = nobody_judged
    """What was thought of models' answers."""
    cache: Cache | None = None
    """Answers that are given again; None: none is."""
    samples: Samples | None = None
    """Who looks at some of what was answered; None: nobody."""
    clock: Clock
    rng: random.Random
    """For jitter."""


class Assembly(Struct, frozen=True):
    """What was put together."""

    gateway: Gateway
    router: LiveRouter
    recalling: Recalling | None
    outlooks: Outlooks


def assemble(parts: Parts) -> Assembly:
    """Put a gateway together."""
    policy, health = parts.policy, parts.health
    shut = partial(_shut, parts.breakers)
    headrooms = Headrooms(parts.clock, parts.directory.keys_of)
    router = LiveRouter(
        parts.catalog,
        parts.directory,
        policy.stand_ins,
        chain=policy.chain,
        conditions=Conditions(
            observed=partial(_observed, health, parts.judged),
            shut=shut,
            low=headrooms.against,
            spent=parts.admission.spent.against,
            pressure=parts.admission.pressure,
            data=parts.data,
        ),
        standing=parts.standing,
        weighing=parts.weighing,
        prompts=parts.prompts,
    )
    alternatives = Alternatives(router, policy.chains, by_default=policy.fallback)
    gates = Gates(parts.breakers, parts.clock, (health, headrooms, *parts.observers))
    recalling = None
    if parts.cache is not None:

        def run(caller: Caller, errand: Errand, arrival: Arrival) -> Awaitable[Answered]:
            return gateway.run(caller, errand, arrival, beside=True)

        meanings = _meanings(parts.cache, run, parts)
        recalling = Recalling(parts.cache, router, parts.admission, parts.openings, parts.clock, meanings)
    gateway = Gateway(
        router,
        parts.admission,
        Courses(parts.directory, alternatives, policy.retry, policy.limits, health.first_token_p99_s),
        Attempts(gates, parts.clock, parts.rng, troubled=health.troubled, policies=parts.data.policies),
        parts.upstream,
        parts.openings,
        parts.drains,
        parts.clock,
        recalling,
        parts.preface_of,
        parts.samples,
    )
    return Assembly(gateway, router, recalling, Outlooks(router, alternatives, policy.chains, shut))


def _meanings(cache: Cache, run: Run, parts: Parts) -> Meanings | None:
    """Finds what means the same; None: nobody says what texts mean."""
    semantic = cache.semantic
    if semantic is None:
        return None
    embedder = Embedder(semantic.embedder, run, semantic.new_id, parts.clock)
    return Meanings(semantic, embedder, cache.store, parts.rng)


def _observed(health: Health, judged: JudgedOf) -> Observed:
    return Observed(health.seen(), judged())


def _shut(breakers: Breakers, offer: Offer) -> str | None:
    """Why a model is no candidate at the moment."""
    wait_s = breakers.wait_s(offer.model.provider, offer.model.name)
    return f"its breaker is open{'' if isinf(wait_s) else f' for {wait_s:.0f} s'}" if wait_s else None
