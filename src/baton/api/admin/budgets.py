"""`/api/admin/budgets`: how much may be spent, and what became of it."""

from collections.abc import Sequence

from fastapi import FastAPI, Response
from msgspec import structs

from baton.api.admin.budget_shapes import (
    AccountList,
    BudgetAsked,
    BudgetChanged,
    BudgetList,
    BudgetShown,
    account_shown,
    budget_shown,
)
from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, page
from baton.catalog.live import LiveCatalog
from baton.catalog.tiers import Tiers
from baton.core.errors import Invalid, NotFound
from baton.gateway.admission.budgets import Budget, Scope
from baton.gateway.admission.statements import Statement, Statements
from baton.records.audit.entry import Actor
from baton.records.kind import Record
from baton.records.store import Records
from baton.watch.alerts.milestones import NOT_YET, Milestones

PATH = "/api/admin/budgets"
_ONE = PATH + "/{budget}"
_TAG = "Admin: budgets"


class BudgetRoutes:
    """The routes; admins only."""

    def __init__(
        self,
        records: Records[Budget],
        statements: Statements,
        milestones: Milestones,
        tiers: Tiers,
        catalog: LiveCatalog,
    ) -> None:
        self._records = records
        self._editing = Editing(records)
        self._statements = statements
        self._milestones = milestones
        self._tiers = tiers
        self._catalog = catalog

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=BudgetList, tags=[_TAG])
        to.add_api_route(
            _ONE + "/accounts", self.accounts, methods=["GET"], response_model=AccountList, tags=[_TAG]
        )
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE, self.change, "PATCH"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=BudgetShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> BudgetList:
        """List every budget with what became of it in this period."""
        return BudgetList(budgets=[*await self._shown(self._records.list())])

    async def one(self, _: AdminCaller, budget: str, response: Response) -> BudgetShown:
        """One budget; its `ETag` is what a change wants as `If-Match`."""
        return await self._answer(self._records.get(budget), response)

    async def accounts(
        self, _: AdminCaller, budget: str, limit: Limit = 100, cursor: Cursor = None
    ) -> AccountList:
        """List who spent of a budget in this period, those that spent most first."""
        value = self._records.get(budget).value
        found = (await self._statements.by_name([value]))[value.name]
        shown, following = page(found, _place, limit, cursor)
        reached = await self._milestones.of([each.debit.account.key for each in shown])
        return AccountList(
            accounts=[account_shown(each, reached.get(each.debit.account.key, NOT_YET)) for each in shown],
            next_cursor=following,
        )

    async def put(
        self,
        actor: AdminActor,
        budget: str,
        asked: BudgetAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> BudgetShown:
        """Set a budget; `If-Match` needed where it exists. It holds from the next request on, for what was
        spent of its period before as well."""
        record = self._records.snapshot.get(budget)
        revision = None
        if record is not None or if_match is not None:
            revision = wanted_revision(if_match, None if record is None else record.revision)
        return await self._put(asked.value(budget), actor, revision, response)

    async def change(
        self,
        actor: AdminActor,
        budget: str,
        asked: BudgetChanged,
        response: Response,
        if_match: IfMatch = None,
    ) -> BudgetShown:
        """Change how much a budget has, when people are warned, or what happens at its limit."""
        record = self._records.get(budget)
        revision = wanted_revision(if_match, record.revision)
        return await self._put(asked.value(record.value), actor, revision, response)

    async def delete(
        self, actor: AdminActor, budget: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a budget away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(budget, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, budget: str, response: Response, if_match: IfMatch = None
    ) -> BudgetShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        current = (await self._records.history(budget))[0].revision
        with guarded():
            record = await self._records.undo(budget, actor, wanted_revision(if_match, current))
        return await self._answer(record, response)

    async def _put(
        self, value: Budget, actor: Actor, revision: int | None, response: Response
    ) -> BudgetShown:
        with guarded():
            record = await self._records.put(self._known(value), actor, revision)
        return await self._answer(record, response)

    def _known(self, budget: Budget) -> Budget:
        """The same with its subject by its own name, where that can be told by now.

        Raises:
            Invalid: there is no such tier, provider or model.
        """
        subject = budget.subject
        if subject is None:
            return budget
        if budget.scope is Scope.TIER:
            return structs.replace(budget, subject=self._tiers.resolve(subject, "subject"))
        catalog = self._catalog.current()
        if budget.scope is Scope.PROVIDER:
            spec = catalog.provider(subject)
            if spec is None:
                raise Invalid(f"There is no provider {subject[:80]!r}.", param="subject")
            return structs.replace(budget, subject=spec.name)
        if budget.scope is Scope.MODEL:
            try:
                return structs.replace(budget, subject=catalog.resolve(subject).offer.id)
            except (Invalid, NotFound) as error:
                raise Invalid(error.message, code=error.code, param="subject") from error
        return budget

    async def _answer(self, record: Record[Budget], response: Response) -> BudgetShown:
        response.headers["etag"] = record.etag
        (shown,) = await self._shown([record])
        return shown

    async def _shown(self, records: Sequence[Record[Budget]]) -> Sequence[BudgetShown]:
        """Those that exist, with the accounts of the moment."""
        of = await self._statements.by_name(record.value for record in records)
        fullest = {name: found[0] for name, found in of.items() if found}
        reached = await self._milestones.of([each.debit.account.key for each in fullest.values()])
        accounts = {
            name: account_shown(each, reached.get(each.debit.account.key, NOT_YET))
            for name, each in fullest.items()
        }
        return [
            budget_shown(
                record,
                self._statements.span(record.value),
                of[record.value.name],
                accounts.get(record.value.name),
            )
            for record in records
        ]


def _place(each: Statement) -> str:
    """Where it stands in the list; no sum comes near the number that it is taken from."""
    return f"{10**24 - each.settled_nanos - each.held_nanos:025d}/{each.debit.subject}"
