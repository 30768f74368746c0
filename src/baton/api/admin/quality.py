"""`/api/admin/ai/quality`: how much of the traffic is judged, what came of it, and what people say of it."""

from typing import Annotated

from fastapi import FastAPI, Query, Response

from baton.api.admin.editing import Editing
from baton.api.admin.quality_shapes import (
    AgreementShown,
    AssessedDetail,
    AssessedList,
    QualityRuleAsked,
    QualityRuleShown,
    QualityShown,
    ReviewAsked,
    agreement_shown,
    assessed_detail,
    assessed_shown,
    figure_shown,
    rule_shown,
    sampling_shown,
)
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, moment
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, Word
from baton.catalog.chains import id_of
from baton.catalog.live import LiveCatalog
from baton.core.clock import Clock
from baton.gateway.routing.decision import AUTO
from baton.quality.queue.figures import Dimension, Figures
from baton.quality.queue.item import Review, State
from baton.quality.queue.store import Queue, Wanted
from baton.quality.rules import QualityRule
from baton.quality.traffic.sampler import Sampler
from baton.quality.verdict import Verdict
from baton.records.store import Records

PATH = "/api/admin/ai/quality"
_RULE = PATH + "/rules/{use_case}"
_REVIEW = PATH + "/review"
_ITEM = _REVIEW + "/{item_id}"
_TAG = "Admin: quality"
_DAY_MS = 86_400_000

Days = Annotated[int, Query(ge=1, le=366, description="How far back is looked.")]


class Filtered(Asked):
    """Which assessments are asked for; a word that means nothing here is refused."""

    verdict: Verdict | None = None
    state: State | None = None
    use_case: Word = None
    model: Word = None
    limit: Limit = 50
    cursor: Cursor = None


class Compared(Asked):
    """Which reviews are compared."""

    use_case: Word = None
    days: Days = 90


class QualityRoutes:
    """The routes; admins only."""

    def __init__(
        self,
        rules: Records[QualityRule],
        queue: Queue,
        figures: Figures,
        sampler: Sampler,
        catalog: LiveCatalog,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._editing = Editing(rules)
        self._queue = queue
        self._figures = figures
        self._sampler = sampler
        self._catalog = catalog
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.show, methods=["GET"], response_model=QualityShown, tags=[_TAG])
        for path, route, method in (
            (_RULE, self.rule, "GET"),
            (_RULE, self.put, "PUT"),
            (_RULE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=QualityRuleShown, tags=[_TAG])
        to.add_api_route(_RULE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])
        to.add_api_route(_REVIEW, self.list, methods=["GET"], response_model=AssessedList, tags=[_TAG])
        # Before the one with an id in its place.
        to.add_api_route(
            _REVIEW + "/agreement",
            self.agreement,
            methods=["GET"],
            response_model=AgreementShown,
            tags=[_TAG],
        )
        to.add_api_route(_ITEM, self.one, methods=["GET"], response_model=AssessedDetail, tags=[_TAG])
        to.add_api_route(
            _ITEM + "/review", self.review, methods=["POST"], response_model=AssessedDetail, tags=[_TAG]
        )

    async def show(self, _: AdminCaller, days: Days = 30) -> QualityShown:
        """How much is judged, and what came of it: by use case, by model, by version of a prompt."""
        since_ms = self._now_ms() - days * _DAY_MS
        wanted = Wanted(since_ms=since_ms)
        by = {each: await self._figures.by(each, wanted) for each in Dimension}
        return QualityShown(
            rules=[rule_shown(each) for each in self._rules.list()],
            sampling=sampling_shown(self._sampler),
            since=moment(since_ms),
            total=figure_shown(await self._figures.total(wanted)),
            by_use_case=[figure_shown(each) for each in by[Dimension.USE_CASE]],
            by_model=[figure_shown(each) for each in by[Dimension.MODEL]],
            by_prompt=[figure_shown(each) for each in by[Dimension.PROMPT]],
        )

    async def rule(self, _: AdminCaller, use_case: str, response: Response) -> QualityRuleShown:
        """A use case's rule; its `ETag` is what a change wants as `If-Match`."""
        return rule_shown(self._editing.one(use_case, response))

    async def put(
        self,
        actor: AdminActor,
        use_case: str,
        asked: QualityRuleAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> QualityRuleShown:
        """Have a share of a use case's answers judged, from the next request on; `default` is the rule of
        all others. `If-Match` needed where there is one."""
        judge = asked.judge
        if judge != AUTO:
            judge = id_of(self._catalog.current(), "judge", judge)
        value = QualityRule(use_case=use_case, share=asked.share, judge=judge)
        return rule_shown(await self._editing.put(use_case, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a rule away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(use_case, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> QualityRuleShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return rule_shown(await self._editing.undo(use_case, actor, if_match, response))

    async def list(self, _: AdminCaller, asked: Annotated[Filtered, Query()]) -> AssessedList:
        """List what was assessed, last first; `state=waiting` is what somebody should look at."""
        wanted = Wanted(verdict=asked.verdict, state=asked.state, use_case=asked.use_case, model=asked.model)
        page = await self._queue.page(wanted, limit=asked.limit, cursor=asked.cursor)
        return AssessedList(items=[assessed_shown(each) for each in page.items], next_cursor=page.next)

    async def one(self, _: AdminCaller, item_id: str) -> AssessedDetail:
        """One assessment with what was said in words; the output itself is not kept."""
        return assessed_detail(await self._queue.one(item_id))

    async def review(self, actor: AdminActor, item_id: str, asked: ReviewAsked) -> AssessedDetail:
        """Say what you make of an output; saying it again changes it. Others' reviews stay beside it."""
        review = Review(
            reviewer=actor.id,
            at_ms=self._now_ms(),
            verdict=asked.verdict,
            score=asked.score,
            notes=asked.notes,
        )
        return assessed_detail(await self._queue.review(item_id, review, actor))

    async def agreement(self, _: AdminCaller, asked: Annotated[Compared, Query()]) -> AgreementShown:
        """How far scorers and reviewers agree; who reviews only what was held compares on that part only."""
        since_ms = self._now_ms() - asked.days * _DAY_MS
        wanted = Wanted(use_case=asked.use_case, since_ms=since_ms)
        return agreement_shown(await self._queue.agreement(wanted))

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)
