"""`/api/admin/ai/experiments`: what is tried on whom, what came of it, and what becomes of it."""

from fastapi import FastAPI, Response

from baton.api.admin.editing import Editing
from baton.api.admin.experiment_shapes import (
    ArmAsked,
    ExperimentAsked,
    ExperimentList,
    ExperimentShown,
    PromotedShown,
    PromotionAsked,
    ResultsShown,
    RolloutAsked,
    experiment_shown,
    promoted_shown,
    results_shown,
)
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.chains import ids_of
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Catalog
from baton.catalog.tiers import Tiers
from baton.core.errors import Conflict, Invalid
from baton.gateway.experiments.conduct import drawn_up, rolled_out, started, stopped
from baton.gateway.experiments.experiment import Arm, ArmRule, Experiment, Guard, Scope
from baton.gateway.experiments.guard import Guarding
from baton.gateway.experiments.promotion import Promotion
from baton.prompts.prompt import PromptVersion
from baton.records.store import Records

PATH = "/api/admin/ai/experiments"
_ONE = PATH + "/{name}"
_TAG = "Admin: experiments"


class ExperimentRoutes:
    """The routes; admins only."""

    def __init__(
        self,
        experiments: Records[Experiment],
        catalog: LiveCatalog,
        tiers: Tiers,
        guarding: Guarding,
        promotion: Promotion,
        versions: Records[PromptVersion],
    ) -> None:
        self._experiments = experiments
        self._versions = versions
        self._editing = Editing(experiments)
        self._catalog = catalog
        self._tiers = tiers
        self._guarding = guarding
        self._promotion = promotion

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=ExperimentList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
            (_ONE + "/start", self.start, "POST"),
            (_ONE + "/stop", self.stop, "POST"),
            (_ONE + "/rollout", self.roll_out, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=ExperimentShown, tags=[_TAG])
        to.add_api_route(
            _ONE + "/promote", self.promote, methods=["POST"], response_model=PromotedShown, tags=[_TAG]
        )
        to.add_api_route(
            _ONE + "/results", self.results, methods=["GET"], response_model=ResultsShown, tags=[_TAG]
        )
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> ExperimentList:
        """List all experiments."""
        return ExperimentList(experiments=[experiment_shown(each) for each in self._experiments.list()])

    async def one(self, _: AdminCaller, name: str, response: Response) -> ExperimentShown:
        """One experiment; its `ETag` is what a change wants as `If-Match`."""
        return experiment_shown(self._editing.one(name, response))

    async def put(
        self,
        actor: AdminActor,
        name: str,
        asked: ExperimentAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> ExperimentShown:
        """Set an experiment; `If-Match` needed where it is there. A new one is a draft, another one keeps its
        status; other arms, shares or scope begin a new phase, with results of its own."""
        record = self._experiments.snapshot.get(name)
        value = drawn_up(self._value(name, asked), None if record is None else record.value)
        return experiment_shown(await self._editing.put(name, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take an experiment away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(name, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> ExperimentShown:
        """Go back to how it was before its current revision; what the guard has stopped goes on then."""
        return experiment_shown(await self._editing.undo(name, actor, if_match, response))

    async def start(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> ExperimentShown:
        """Start it, with all its arms, from the next request on."""
        value = started(self._experiments.get(name).value)
        return experiment_shown(await self._editing.put(name, value, actor, if_match, response))

    async def stop(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> ExperimentShown:
        """Stop it: everybody goes the usual way from the next request on."""
        value = stopped(self._experiments.get(name).value)
        return experiment_shown(await self._editing.put(name, value, actor, if_match, response))

    async def roll_out(
        self,
        actor: AdminActor,
        name: str,
        asked: RolloutAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> ExperimentShown:
        """Give an arm another share; nobody leaves it where that is larger. A new phase begins."""
        value = rolled_out(self._experiments.get(name).value, asked.percent, asked.arm)
        return experiment_shown(await self._editing.put(name, value, actor, if_match, response))

    async def promote(
        self,
        actor: AdminActor,
        name: str,
        asked: PromotionAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> PromotedShown:
        """Make an arm the rule of its use cases, and stop the experiment."""
        record = self._experiments.get(name)
        expected = wanted_revision(if_match, record.revision)
        arm = asked.arm
        if arm is None:
            arm = (await self._guarding.results(record.value)).winner
            if arm is None:
                raise Conflict("No arm has won so far; name the one that is meant.", code="no_winner")
        with guarded():
            promoted = await self._promotion.promote(name, arm, asked.use_cases, actor, expected)
        response.headers["etag"] = promoted.experiment.etag
        return promoted_shown(promoted)

    async def results(self, _: AdminCaller, name: str) -> ResultsShown:
        """What came of its current phase so far, by arm; looking changes nothing, however often."""
        experiment = self._experiments.get(name).value
        return results_shown(experiment, await self._guarding.results(experiment))

    def _value(self, name: str, asked: ExperimentAsked) -> Experiment:
        catalog = self._catalog.current()
        scope, guard = asked.scope, asked.guard
        return Experiment(
            name=name,
            description=asked.description,
            arms=tuple(self._arm(catalog, f"arms[{place}]", each) for place, each in enumerate(asked.arms)),
            scope=Scope(
                use_cases=scope.use_cases,
                tiers=tuple(self._tiers.resolve(each, "scope.tiers") for each in scope.tiers),
                agents=scope.agents,
                prompts=scope.prompts,
            ),
            salt=asked.salt,
            guard=Guard(
                is_enabled=guard.is_enabled,
                max_failure_increase=guard.max_failure_increase,
                max_cost_increase=guard.max_cost_increase,
                max_latency_increase=guard.max_latency_increase,
            ),
            goal=asked.goal,
            promotes=asked.promotes,
        )

    def _arm(self, catalog: Catalog, field: str, asked: ArmAsked) -> Arm:
        if asked.prompt is not None and asked.prompt not in self._versions.snapshot:
            raise Invalid(f"There is no version {asked.prompt[:80]!r} of a prompt.", param=f"{field}.prompt")
        return arm_asked(catalog, field, asked)


def arm_asked(catalog: Catalog, field: str, asked: ArmAsked) -> Arm:
    """The arm that a body in `field` means.

    Raises:
        Invalid: a name means no model that has a row.
    """
    rule = None
    if asked.rule is not None:
        rule = ArmRule(
            preferred=ids_of(catalog, f"{field}.rule.preferred", asked.rule.preferred),
            fallbacks=ids_of(catalog, f"{field}.rule.fallbacks", asked.rule.fallbacks),
            aim=asked.rule.aim,
        )
    models = ids_of(catalog, f"{field}.models", asked.models)
    return Arm(name=asked.name, share=asked.share, models=models, rule=rule, prompt=asked.prompt)
