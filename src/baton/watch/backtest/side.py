"""One way of deciding: as Baton is configured now, or with a proposal over it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, time

from msgspec import Struct

from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, Preferences
from baton.catalog.data_policy import Policies
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices, in_force
from baton.core.caller import Caller
from baton.core.profile import Profile
from baton.gateway.routing.conditions import Conditions, DataRules
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.noted import NotedDecision
from baton.gateway.routing.observed import Observed
from baton.gateway.routing.router import Router, WeighingOf
from baton.gateway.routing.rules.agents import AgentRouting
from baton.gateway.routing.rules.rules import Rules
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.standing import Standing
from baton.gateway.routing.terms import Way
from baton.gateway.routing.weighing import Weighing
from baton.ledger.past import PastRow
from baton.upstream.directory import Directory
from baton.watch.backtest.proposal import Proposal

_DAY_S = 86_400
_THEN = "a breaker or a budget kept it out then"


class Deciding(Struct, frozen=True, kw_only=True):
    """What of a running Baton decides. It is read, and never changed."""

    catalog: LiveCatalog
    directory: Directory
    stand_ins: frozenset[str]
    chain: Sequence[str]
    """Providers to fall back to, the first first."""
    way: Callable[[Caller, Callable[[], Router]], Way | None]
    """How a model is chosen for a caller; None: freely."""
    rules: Callable[[], Sequence[UseCaseRule]]
    agents: Callable[[], Sequence[AgentRouting]]
    agent_providers: Mapping[str, str]
    """Whose models serve an agent whatever its routing says."""
    weighing: WeighingOf
    policies: Callable[[], Policies]
    """What becomes of what providers are sent."""
    observed: Callable[[], Observed]
    choices: Callable[[str], Choices]
    """A user's."""


class Stopped:
    """A `Clock` that stands still, so that all of a period is decided and priced at one moment."""

    def __init__(self, wall_s: float) -> None:
        self._wall_s = wall_s

    def wall(self) -> float:
        """Always the same."""
        return self._wall_s

    def monotonic(self) -> float:
        """The same too."""
        return self._wall_s


class Side:
    """Makes decisions of the past again, by the router that serves, over a catalog of its own."""

    def __init__(self, deciding: Deciding, proposal: Proposal, observed: Observed, now_s: float) -> None:
        """`now_s`: the moment whose catalog holds, Unix seconds."""
        catalog = deciding.catalog.under(Stopped(now_s))
        models = {offer.id: offer.model for offer in catalog.current().offers}
        catalog.replace((models | {model.id: model for model in proposal.models}).values())
        self._live = LiveRouter(
            catalog,
            deciding.directory,
            deciding.stand_ins,
            chain=deciding.chain,
            conditions=Conditions(data=DataRules(policies=deciding.policies)),
            weighing=_weighing(deciding.weighing, proposal.weights),
        )
        self.router = self._live.current()
        self._observed = observed
        rules = {each.use_case: each for each in (*deciding.rules(), *proposal.rules)}
        agents = {each.agent: each for each in (*deciding.agents(), *proposal.agents)}
        self._rules = Rules(rules.get, agents.get, deciding.agent_providers)
        self._way = deciding.way
        self._choices = deciding.choices
        self._midnight_s = datetime.combine(
            datetime.fromtimestamp(now_s, UTC).date(), time(), UTC
        ).timestamp()
        self.repriced = frozenset(model.id for model in proposal.models)
        """Models whose price is proposed."""

    def decide(self, row: PastRow, note: NotedDecision, out: Collection[str] = ()) -> Decision:
        """What would be chosen for what a row noted. `out`: models that something kept out then.

        Raises:
            Unservable: nobody could serve it.
        """
        choices = self._chosen(row.user_id, note)
        standing = Standing(lambda _: choices, rules=self._rules)
        caller = Caller(user_id=row.user_id, key_id=row.key_id, tier=row.tier, roles=frozenset())
        ask = standing.completed(caller, note.ask.again(row.tier, row.use_case, row.agent))
        way = self._way(caller, self._live.current)

        def then(offer: Offer) -> str | None:
            return _THEN if offer.id in out else None

        return self.router.decide(ask, self._observed, shown=1, shut=(then,) if out else (), way=way)

    def offer(self, model_id: str) -> Offer | None:
        """The model of that id as this side's catalog has it."""
        return self.router.catalog.row(model_id)

    def prices(self, offer: Offer, at_ms: int) -> Prices | None:
        """Today's, at the hour of the day that a moment (Unix milliseconds) had; None: unpriced."""
        listed = offer.model.prices
        if all(entry.hours is None for entry in listed):
            return offer.prices
        return in_force(listed, self._midnight_s + at_ms / 1000 % _DAY_S)

    def quality(self, offer: Offer) -> float:
        """The catalog's, 0-1, as moved by what was thought of its answers."""
        judged = self._observed.judged.get(offer.id)
        return offer.model.quality if judged is None else judged.moves(offer.model.quality)

    def _chosen(self, user_id: str, note: NotedDecision) -> Choices:
        """What the row's user had chosen; whether agents are listened to is not noted, so it is today's."""
        listens = self._choices(user_id).preferences.agent_recommendations
        if listens and note.ask.preferred_model is None:
            return NOTHING_CHOSEN
        return Choices(preferences=Preferences(model=note.ask.preferred_model, agent_recommendations=listens))


def _weighing(in_force: WeighingOf, proposed: Sequence[Weighing]) -> WeighingOf:
    """A profile's own weights, proposed or in force, before the default ones."""
    if not proposed:
        return in_force
    named = {each.name: each for each in proposed}

    def weighing(profile: Profile | None) -> Weighing:
        own = named.get((profile or Profile.BALANCED).value)
        if own is not None:
            return own
        found = in_force(profile)
        return named.get(found.name, found)

    return weighing
