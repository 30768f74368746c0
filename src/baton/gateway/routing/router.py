"""The choice of a model: local, deterministic, explained. No provider is called and nothing is waited for."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from baton.catalog.allowance import Allowance, allowance
from baton.catalog.data_policy import NO_POLICIES, Policies
from baton.catalog.lookup import Catalog, Offer, Resolution
from baton.core.data_needs import DataNeeds
from baton.core.errors import Forbidden, Unservable
from baton.core.profile import Profile
from baton.core.provider import Service
from baton.gateway.routing.authority import Heard, hear
from baton.gateway.routing.decision import (
    Ask,
    Candidate,
    Decision,
    LeftOut,
    Scored,
    estimated_cost,
)
from baton.gateway.routing.finals import boosts_for, final_scores
from baton.gateway.routing.observed import NOTHING_OBSERVED, Observed
from baton.gateway.routing.pool import (
    NOT_ALLOWED,
    Landscape,
    Pool,
    pool_for,
    reason_against_any,
    reason_against_work,
    too_long,
)
from baton.gateway.routing.ranking import (
    Ranking,
    Shut,
    affordable,
    estimates,
    fitting_of,
    halved,
    opened,
    too_dear,
)
from baton.gateway.routing.reasoning import reasoning_of, said_of_data, said_of_trial
from baton.gateway.routing.score import candidate
from baton.gateway.routing.terms import Override, Source, Way
from baton.gateway.routing.weighing import USUAL, Weighing

SHOWN = 5
"""How many of the ranking a decision carries."""

FALLBACKS = 3
"""How many a decision tells."""

_BESIDE = 2
"""How many of the provider that failed are tried at last: it must not be asked for everybody it has."""

MOST_FALLBACKS = 12
"""How many are tried: one of each provider of a large house. The caller's deadline is nearer as a rule."""
_POOLS_KEPT = 256  # kinds of request in use at once: tiers × needs × use cases; callers choose some of it


class _Kind(NamedTuple):
    """What of an `Ask` says who can serve it, but for its length."""

    tier: str
    needs: frozenset[str]
    provider: str | None
    exclude: frozenset[str]
    data_needs: DataNeeds
    use_case: str | None
    models: frozenset[str] | None


def _kind(ask: Ask) -> _Kind:
    return _Kind(ask.tier, ask.needs, ask.provider, ask.exclude, ask.data_needs, ask.use_case, ask.models)


NOTHING_BESIDE: Mapping[str, frozenset[Service]] = {}

WeighingOf = Callable[[Profile | None], Weighing]
"""How scores are weighed for a profile."""


def usual_weighing(profile: Profile | None) -> Weighing:
    """Where nobody says it otherwise."""
    del profile
    return USUAL


class Router:
    """Decides over one catalog. Make a new one when the catalog or the configured providers change."""

    def __init__(
        self,
        catalog: Catalog,
        configured: frozenset[str],
        stand_ins: frozenset[str] = frozenset(),
        weighing: WeighingOf = usual_weighing,
        services: Mapping[str, frozenset[Service]] = NOTHING_BESIDE,
        chain: Sequence[str] = (),
        policies: Policies = NO_POLICIES,
    ) -> None:
        """`configured`: names of providers that can be called.

        `stand_ins`: those of them that serve only when named, or when no other provider is configured.
        `weighing`: how scores are weighed under a profile.
        `services`: what they serve beside chat. `chain`: providers that others fall back to, the first first;
        those that are not in it come behind them. `policies`: what becomes of what they are sent.
        """
        self.catalog = catalog
        self.policies = policies
        self._landscape = Landscape(catalog.offers, configured, stand_ins, services, policies)
        self._weighing = weighing
        self._chain = {name: place for place, name in enumerate(chain)}
        self._pools: dict[_Kind, Pool] = {}
        self._company: dict[tuple[str, _Kind], bool] = {}
        self._allowances: dict[frozenset[str], Allowance] = {}

    def decide(
        self,
        ask: Ask,
        observed: Observed = NOTHING_OBSERVED,
        shown: int = SHOWN,
        shut: Sequence[Shut] = (),
        way: Way | None = None,
    ) -> Decision:
        """The best model for a request that leaves the choice to us; `shown` of the ranking are told.

        `shut`: models that are passed over while others are left, those of the first most. `way`: how the
        house has it chosen where not freely. A model that its caller prefers serves wherever it fits, the
        others behind it.

        Raises:
            Unservable: no model can serve it; the reason for each.
        """
        ranking = self._ranking(ask if way is None else _unprofiled(ask), observed)
        if not ranking.order:
            left_out = ranking.left_out
            raise Unservable(self._why_nobody(left_out), {each.id: each.reason for each in left_out})
        for each in shut:
            ranking = opened(ranking, each)
        if way is not None:
            ranking = self._by_table(ranking, way)
        free = way is None and not self._landscape.stands_in
        heard = hear(self.catalog, ranking, ask, self._words(ask, free=free), rows=free)
        pool, order = ranking.pool, heard.order
        override = heard.override
        trial = ask.terms.trial
        if trial is not None and not trial.of_prompts and (not free or _decided_before(override)):
            trial = None
        alone = (way is not None and way.alone) or (override is not None and override.alone)
        if alone:
            order = order[:1]  # or a spent budget would find another among the ranked
        ranked = self._candidates((pool.offers[index] for index in order[:shown]), ask, observed)
        chosen = pool.offers[order[0]]
        following = () if alone else tuple(pool.offers[index] for index in order[1 : heard.named])
        others = self._following(ranking, order, chosen, way)
        return Decision(
            ask=ask,
            chosen=ranked[0],
            cost=estimated_cost(chosen, ask),
            ranked=ranked,
            fallbacks=() if alone else _each_once(*following, *others)[:FALLBACKS],
            following=following,
            candidates=len(order),
            left_out=ranking.left_out,
            input_tokens=ask.tokens_for(chosen),
            output_tokens=ask.output_tokens,
            source=_source(heard, way),
            weights=self._weighing(ask.terms.profile).at(ask.wanted, ask.pressure),
            alone=alone,
            reasoning=reasoning_of(heard, way, ranked, ranking, ask)
            + said_of_data(ask)
            + said_of_trial(trial, heard),
            trial=trial,
            way=way,
        )

    def decide_named(self, resolution: Resolution, ask: Ask, way: Way | None = None) -> Decision:
        """The model that the caller named, if it can be called and the caller may. `way`: as in `decide`.

        What it can do, and whether it is retired, is not held against it: the provider knows best.

        Raises:
            Forbidden: not among the key's models, not in the caller's tier, or not in the catalog and the
                caller may not name such.
            Unservable: switched off, excluded, dearer than it may be, or its provider is not configured.
        """
        offer = resolution.offer
        allowed = self._allowed(ask)
        if not resolution.known and not ask.any_model and not (allowed and allowed.names(offer)):
            raise Forbidden(
                f"{offer.id} is not in the catalog, and this key may only use models that are.",
                code="model_not_in_catalog",
                param="model",
            )
        if allowed is not None and not allowed.holds(offer, known=resolution.known):
            raise Forbidden(f"{offer.id} is {NOT_ALLOWED}.", code="model_not_allowed", param="model")
        if resolution.known and ask.tier not in offer.model.tier_access:
            raise Forbidden(
                f"{offer.id} is not in the tier {ask.tier}.", code="model_not_in_tier", param="model"
            )
        reason = reason_against_any(self._landscape, offer, self._canonical(ask))
        tokens = ask.tokens_for(offer)
        cost = estimated_cost(offer, ask, tokens)
        reason = reason or too_dear(cost.total, ask.terms)
        if reason is not None:
            raise Unservable(f"{offer.id} cannot serve this request: {reason}.", {offer.id: reason})
        note = f" {resolution.note}" if resolution.note else ""
        return Decision(
            ask=ask,
            chosen=Candidate(offer=offer, estimate=cost.total),
            cost=cost,
            ranked=(),
            fallbacks=(),
            candidates=1,
            left_out=(),
            input_tokens=tokens,
            output_tokens=ask.output_tokens,
            source=Source.NAMED,
            following=self._behind(offer, ask),
            alone=way is not None and way.alone,
            reasoning=f"{offer.id} was named in the request.{note}{said_of_data(ask)}",
            trial=ask.terms.trial,
            way=way,
        )

    def fallbacks(
        self, chosen: Offer, ask: Ask, observed: Observed = NOTHING_OBSERVED, longer: bool = False
    ) -> tuple[Offer, ...]:
        """The next best for a request, from other providers than `chosen`'s first.

        Named models get theirs here, when they are needed. A stand-in has none: whoever named it did not
        ask for a real provider. `longer`: those only that hold more than `chosen`, which was too short.
        """
        if chosen.model.provider in self._landscape.stand_ins:
            return ()
        pool, order, dropped, _ = self._ranking(_free(ask), observed)
        offers = (pool.offers[index] for index in (*order, *dropped))
        if longer:
            holds = chosen.model.context_window or 0
            offers = (offer for offer in offers if (offer.model.context_window or 0) > holds)
        return self._others(chosen, offers)

    def fitting(self, ask: Ask, observed: Observed = NOTHING_OBSERVED) -> Sequence[Offer]:
        """All that fit a request, the best first: those that its profile drops behind the others."""
        pool, order, dropped, _ = self._ranking(ask, observed)
        return [pool.offers[index] for index in (*order, *dropped)]

    def has_others(self, chosen: Offer, ask: Ask) -> bool:
        """Whether `fallbacks` may find any, but for the request's length; a look-up."""
        free = _free(ask)
        kind = (chosen.id, _kind(free))
        known = self._company.get(kind)
        if known is None:
            if len(self._company) >= _POOLS_KEPT:
                self._company.clear()
            pool = self._pool(free)
            stands_in = chosen.model.provider in self._landscape.stand_ins
            known = not stands_in and any(offer.id != chosen.id for offer in pool.offers)
            self._company[kind] = known
        return known

    def reason_against(self, offer: Offer, ask: Ask, instead_of: Offer) -> str | None:
        """Why a model cannot stand in for another one, although somebody lists it; None: it can."""
        stand_ins = self._landscape.stand_ins
        if offer.model.provider in stand_ins and instead_of.model.provider not in stand_ins:
            return "stands in for no real provider"
        if reason := reason_against_any(self._landscape, offer, self._canonical(ask)):
            return reason
        allowed, known = self._allowed(ask), self.catalog.row(offer.id) is not None
        if allowed is not None and not allowed.holds(offer, known=known):
            return NOT_ALLOWED
        free = ask.any_model or (not known and allowed is not None)
        if ask.tier not in offer.model.tier_access and not free:
            return f"not in the tier {ask.tier}"
        if reason := reason_against_work(offer.model, ask):
            return reason
        if ask.terms.max_cost_nanos is not None and (
            reason := too_dear(estimated_cost(offer, ask).total, ask.terms)
        ):
            return reason
        return too_long(offer, ask)

    @property
    def kinds_kept(self) -> int:
        """How many kinds of request have their candidates worked out."""
        return len(self._pools)

    def default_models(self) -> tuple[str, ...]:
        """The default model of each configured provider, in the order in which others fall back to them."""
        places, last = self._chain, len(self._chain)
        names = sorted(self._landscape.configured, key=lambda name: (places.get(name, last), name))
        specs = [spec for name in names if (spec := self.catalog.provider(name)) is not None]
        return tuple(f"{spec.name}/{spec.classes.default}" for spec in specs if spec.classes is not None)

    def _by_table(self, ranking: Ranking, way: Way) -> Ranking:
        """The ranking in the order of a table, without those that are not in it.

        Raises:
            Unservable: none of a strict one fits.
        """
        if self._landscape.stands_in:
            return ranking
        offers = [offer for name in way.table if (offer := self.catalog.served(name)) is not None]
        places = [place for offer in offers if (place := ranking.place(offer.id)) is not None]
        if not places and way.strict:
            reasons = {offer.id: ranking.against(offer.id) for offer in offers}
            told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
            raise Unservable(f"No model can serve this request, as {way.because}. {told}.", reasons)
        return ranking._replace(order=list(dict.fromkeys(places)) or ranking.order)

    @staticmethod
    def _words(ask: Ask, *, free: bool) -> Sequence[Override]:
        """Whose word counts: where the house has its own way, or nobody but the stand-ins can be called, only
        a person's, and the prompt's that the request is for."""
        overrides = ask.terms.overrides
        if free:
            return overrides
        return [each for each in overrides if each.source in (Source.PREFERENCE, Source.PROMPT)]

    def _behind(self, chosen: Offer, ask: Ask) -> tuple[Offer, ...]:
        """Whom the rule of its use case has asked when the model that a request names has failed."""
        rule = next((each for each in ask.terms.overrides if each.source is Source.RULE), None)
        if rule is None:
            return ()
        offers = (self.catalog.served(name) for name in rule.table)
        return tuple(
            offer
            for offer in offers
            if offer is not None and offer.id != chosen.id and self.reason_against(offer, ask, chosen) is None
        )

    def _following(
        self, ranking: Ranking, order: Sequence[int], chosen: Offer, way: Way | None
    ) -> tuple[Offer, ...]:
        """Who would be asked after the chosen one."""
        offers = ranking.pool.offers
        if way is None:
            return self._others(chosen, (offers[each] for each in (*order[1:], *ranking.dropped)))
        return tuple(offers[each] for each in order[1:])

    def _ranking(self, ask: Ask, observed: Observed) -> Ranking:
        """The indices of the fitting offers from best to worst, and everybody else."""
        pool = self._pool(ask)
        spent = estimates(pool, ask)
        finals = final_scores(pool, spent, ask, observed, self._weighing(ask.terms.profile))
        fitting, left_out = fitting_of(pool, ask)
        if ask.terms.max_cost_nanos is not None:
            fitting, dear = affordable(pool, fitting, spent, ask.terms)
            left_out = (*left_out, *dear)
        # Sorting keeps what is equal in its order: by name, then by price, at last by score.
        cheapest_first = sorted(fitting, key=spent.__getitem__)
        best_first = sorted(cheapest_first, key=finals.__getitem__, reverse=True)
        order, dropped = halved(pool, best_first, spent, ask.terms.profile)
        return Ranking(pool, order, dropped, left_out)

    def _pool(self, ask: Ask) -> Pool:
        kind = _kind(ask)
        pool = self._pools.get(kind)
        if pool is None:
            if len(self._pools) >= _POOLS_KEPT:
                self._pools.clear()
            pool = self._pools[kind] = pool_for(self._landscape, self._canonical(ask), self._allowed(ask))
        return pool

    def _allowed(self, ask: Ask) -> Allowance | None:
        """What the key's list means in this catalog; None: it has none."""
        if ask.models is None:
            return None
        known = self._allowances.get(ask.models)
        if known is None:
            if len(self._allowances) >= _POOLS_KEPT:
                self._allowances.clear()
            known = self._allowances[ask.models] = allowance(self.catalog, ask.models)
        return known

    def _canonical(self, ask: Ask) -> Ask:
        """The same with providers under their own names."""
        if ask.provider is None and not ask.exclude:
            return ask
        return replace(
            ask,
            provider=None if ask.provider is None else self._provider_name(ask.provider),
            exclude=frozenset(map(self._provider_name, ask.exclude)),
        )

    def _provider_name(self, word: str) -> str:
        spec = self.catalog.provider(word)
        return word.lower() if spec is None else spec.name

    def _why_nobody(self, left_out: tuple[LeftOut, ...]) -> str:
        """Of the providers that can be called first; of others only where they could be configured."""
        callable_ = self._landscape.configured - self._landscape.stand_ins
        listed = {offer.model.provider for offer in self.catalog.offers}
        said = [
            f"{name} is configured but has no models in the catalog; name one, e.g. {name}/NAME"
            for name in sorted(callable_ - listed)
        ]
        theirs = [each for each in left_out if each.id.partition("/")[0] in callable_]
        others = [each for each in left_out if self.catalog.provider(each.id.partition("/")[0]) is not None]
        counted = Counter(each.reason for each in theirs or ([] if said else others or left_out))
        said += [f"{count} × {reason}" for reason, count in counted.most_common(3)]
        return (
            f"No model can serve this request: {'; '.join(said)}." if said else "The catalog has no models."
        )

    def _others(self, chosen: Offer, ranked: Iterable[Offer]) -> tuple[Offer, ...]:
        """The best of each other provider, by the chain, then their others, at last the same provider's.

        An outage takes all models of a provider, so no two of one come first.
        """
        best: dict[str, Offer] = {}
        others: list[Offer] = []
        beside: list[Offer] = []
        for offer in ranked:
            provider = offer.model.provider
            if provider == chosen.model.provider:
                if offer.id != chosen.id:
                    beside.append(offer)
            elif provider in best:
                others.append(offer)
            else:
                best[provider] = offer
        places, last = self._chain, len(self._chain)
        first = sorted(best.values(), key=lambda offer: places.get(offer.model.provider, last))
        return (*first, *others, *beside[:_BESIDE])[:MOST_FALLBACKS]

    def _candidates(self, offers: Iterable[Offer], ask: Ask, observed: Observed) -> tuple[Scored, ...]:
        weighing = self._weighing(ask.terms.profile)
        weights, boosts = weighing.at(ask.wanted, ask.pressure), boosts_for(ask, weighing)
        return tuple(candidate(offer, ask, observed, weights, weighing.priority, boosts) for offer in offers)


def _free(ask: Ask) -> Ask:
    """The same without the preference that a failure has overtaken."""
    return ask if ask.provider is None else replace(ask, provider=None)


def _unprofiled(ask: Ask) -> Ask:
    """The same where a table decides, of which no half is taken."""
    return replace(ask, terms=replace(ask.terms, profile=None)) if ask.terms.profile is not None else ask


def _each_once(*offers: Offer) -> tuple[Offer, ...]:
    return tuple({offer.id: offer for offer in offers}.values())


def _source(heard: Heard, way: Way | None) -> Source:
    if heard.override is not None:
        return heard.override.source
    return Source.SCORE if way is None else Source.TABLE


def _decided_before(override: Override | None) -> bool:
    """Whether somebody has chosen whose word is weightier than an experiment's."""
    return override is not None and override.source in (Source.PREFERENCE, Source.AGENT, Source.PROMPT)
