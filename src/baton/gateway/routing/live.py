"""The router over the catalog as it stands now."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from baton.access.identity.rights import require_project
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.errors import Unservable
from baton.core.request import Outline
from baton.gateway.routing.conditions import USUAL, Conditions
from baton.gateway.routing.decision import AUTO, Ask, Decision, ask_of
from baton.gateway.routing.prompts import Prompts
from baton.gateway.routing.ranking import Shut
from baton.gateway.routing.router import Router, WeighingOf, usual_weighing
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.standing import UNDECIDED, Standing
from baton.gateway.routing.terms import Way
from baton.upstream.directory import Directory


class LiveRouter:
    """Decides for one request after another; a new router is made only when the catalog changed."""

    def __init__(
        self,
        catalog: LiveCatalog,
        directory: Directory,
        stand_ins: frozenset[str],
        *,
        chain: Sequence[str] = (),
        conditions: Conditions = USUAL,
        standing: Standing = UNDECIDED,
        weighing: WeighingOf = usual_weighing,
        prompts: Prompts | None = None,
    ) -> None:
        """`chain`: providers to fall back to, the first first; `conditions`: what holds at the moment;
        `standing`: what holds for callers beforehand; `weighing`: how scores are weighed; `prompts`: reads
        them; None: nobody does."""
        self._catalog = catalog
        self._configured = directory.configured
        self._services = {provider.name: provider.spec.services for provider in directory}
        self._stand_ins = stand_ins
        self._chain = chain
        self._observed = conditions.observed
        self._shut = conditions.against(urgent=True)
        self._low = conditions.against(urgent=False)
        self._spent = conditions.spent
        self._standing = standing
        self._weighing = weighing
        self._prompts = prompts
        self._pressure = conditions.pressure
        self._data = conditions.data
        self._router = self._make()

    def decide(self, caller: Caller, request: Outline, rule: UseCaseRule | None = None) -> Decision:
        """Which model serves a request. `rule`: what its use case's would be, for somebody who tries one.

        Raises:
            Refused: the caller wants no AI or does not work in the project it is for, the model's name means
                nothing or may not be used, or nothing can serve the request.
        """
        self._standing.admit(caller)
        ask = ask_of(caller, request)
        if request.options.project is not None:
            ask = self._for_project(caller, request.options.project, ask)
        if request.model == AUTO:
            ask = self._looked_at(caller, request, ask)
        decision = self.decide_as(caller, request.model, ask, rule)
        listed = request.options.fallback
        if listed is None or decision.alone:
            return decision
        catalog = self.current().catalog
        return replace(decision, listed=tuple(catalog.resolve(name).offer for name in listed))

    def _for_project(self, caller: Caller, project: str, ask: Ask) -> Ask:
        """What is asked, with what its project requires.

        Raises:
            NotFound: the caller does not work in it.
        """
        require_project(caller, project)
        required = self._data.of_project(project)
        return replace(ask, data_needs=ask.data_needs | required) if required else ask

    def _looked_at(self, caller: Caller, request: Outline, ask: Ask) -> Ask:
        """What is asked, with what its prompt says and how near its budgets are to their end."""
        if self._prompts is not None:
            ask = self._prompts.read(ask, request)
        pressure = self._pressure(caller, request.options.project)
        return replace(ask, pressure=pressure) if pressure > 0 else ask

    def decide_as(self, caller: Caller, model: str, ask: Ask, rule: UseCaseRule | None = None) -> Decision:
        """The same, for a request that exists only in outline: nothing will be sent."""
        way = self._standing.way(caller, self.current)
        completed = self._standing.completed(caller, ask, rule, chooses=model == AUTO)
        decision = self.decide_for(model, completed, way)
        if decision.alone:
            return replace(decision, listed=())
        return decision if way is None or decision.named else replace(decision, listed=decision.fallbacks)

    def decide_for(self, model: str, ask: Ask, way: Way | None = None) -> Decision:
        """The same, whoever asks. `way`: how a model is chosen where not freely."""
        router = self.current()
        if model == AUTO:
            spent = self._spent(ask)
            closed = self._shut if ask.urgent else self._low
            shut = closed if spent is None else (spent, *closed)
            return router.decide(ask, self._observed(), shut=shut, way=way)
        return router.decide_named(router.catalog.resolve(model), ask, way)

    def decide_again(self, decision: Decision, passed: Collection[str]) -> Decision | None:
        """The same request without models that cannot be paid for; None: no other one is left, or the house
        has no other one asked. `passed`: such models, and providers of such."""
        way = decision.way
        if decision.named or decision.alone:
            return None

        def known(offer: Offer) -> str | None:
            own = offer.id in passed or offer.model.provider in passed
            return "its budget has too little left for this request" if own else None

        spent = self._spent(decision.ask)
        shut = (known if spent is None else _either(spent, known), *self._shut)
        try:
            again = self.current().decide(decision.ask, self._observed(), shut=shut, way=way)
        except Unservable:  # of those that the house has asked
            return None
        return None if known(again.chosen.offer) else replace(again, listed=decision.listed)

    def fitting(self, ask: Ask) -> Sequence[Offer]:
        """All that could serve a request, whoever names another; the best first."""
        return self.current().fitting(ask, self._observed())

    def passed_over(self, offer: Offer, ask: Ask) -> str | None:
        """Why a model cannot be paid for a request; None: it can."""
        spent = self._spent(ask)
        return None if spent is None else spent(offer)

    def fallbacks(self, decision: Decision, longer: bool = False) -> tuple[Offer, ...]:
        """The next best, whoever was chosen; `longer`: that hold more than the chosen one does."""
        return self.current().fallbacks(decision.chosen.offer, decision.ask, self._observed(), longer)

    def has_fallbacks(self, decision: Decision) -> bool:
        """Whether there may be any."""
        return self.current().has_others(decision.chosen.offer, decision.ask)

    def current(self) -> Router:
        """The router of this moment."""
        router = self._router
        if self._catalog.current() is not router.catalog or self._data.policies() is not router.policies:
            router = self._router = self._make()
        return router

    def _make(self) -> Router:
        return Router(
            self._catalog.current(),
            self._configured,
            self._stand_ins,
            weighing=self._weighing,
            services=self._services,
            chain=self._chain,
            policies=self._data.policies(),
        )


def _either(one: Shut, other: Shut) -> Shut:
    return lambda offer: one(offer) or other(offer)
