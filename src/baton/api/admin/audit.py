"""`/api/admin/audit`: who changed what, when, from where, and how it looked before and after."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from fastapi.responses import StreamingResponse
from pydantic import ConfigDict

from baton.api.admin.audit_lines import Form
from baton.api.admin.audit_shown import EntryShown, entry_shown
from baton.api.bodies import Shown, milliseconds, moment_or_none
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit
from baton.records.audit.entry import AuditEntry, AuditFilter
from baton.records.audit.exports import Exports
from baton.records.audit.trail import Trail
from baton.records.audit.verdict import Verdict, anchor_of
from baton.records.audit.verification import Verification
from baton.watch.alerts.alerts import Alerts

PATH = "/api/admin/audit"
_TAG = "Admin: audit"


class EntryList(Shown):
    """A page, newest first."""

    entries: list[EntryShown]
    next_cursor: str | None


class BreakShown(Shown):
    """One thing that does not hold; `row`: an entry's id, `person`: a surrogate id."""

    flaw: str
    row: int | None
    person: str | None


class VerdictShown(Shown):
    """What an examination found. `anchor`, kept elsewhere, tells later whether an older state was put back.

    `begunAt`: when the chain began; `olderRows`: how many rows were there already and are as they were then.
    `breaks`: the first that were found, `more`: how many further ones there are.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "holds": True,
                "rows": 1204,
                "begunAt": "2026-01-31T12:00:00Z",
                "olderRows": 0,
                "anchor": "1204:6f1c5d0e8a3b47c2916e0d5f3a8b7c4e2d1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b",
                "breaks": [],
                "more": 0,
            }
        }
    )

    holds: bool
    rows: int
    begun_at: datetime | None
    older_rows: int
    anchor: str | None
    breaks: list[BreakShown]
    more: int


def _word(description: str) -> Any:
    """A word of a query; PostgreSQL has no place for NUL in one."""
    return Query(min_length=1, max_length=255, pattern=r"^[^\x00]*$", description=description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which changes are asked for."""

    kind: Annotated[str | None, _word("E.g. `model`, `api_key`, `user`.")] = None
    key: Annotated[str | None, _word("The changed thing's key, e.g. `acme/small-1`.")] = None
    actor: Annotated[str | None, _word("A user's id.")] = None
    action: Annotated[str | None, _word("E.g. `create`, `update`, `delete`.")] = None
    source: Annotated[str | None, _word("An address, or `cli`, `start`.")] = None
    since: Annotated[datetime | None, Query(alias="from", description="From then on, inclusive.")] = None
    until: Annotated[datetime | None, Query(alias="to", description="Until then, exclusive.")] = None
    text: Annotated[str | None, _word("A part of the key, in any case.")] = None

    @property
    def filter(self) -> AuditFilter:
        """As the audit is asked."""
        return AuditFilter(
            kind=self.kind,
            key=self.key,
            actor_id=self.actor,
            action=self.action,
            source=self.source,
            from_ms=None if self.since is None else milliseconds(self.since),
            to_ms=None if self.until is None else milliseconds(self.until),
            text=self.text,
        )


AuditWanted = Annotated[Wanted, Depends()]


class AuditRoutes:
    """The routes; admins only."""

    def __init__(self, trail: Trail, exports: Exports, verification: Verification, alerts: Alerts) -> None:
        self._trail = trail
        self._exports = exports
        self._verification = verification
        self._alerts = alerts
        self._turn = asyncio.Lock()

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=EntryList, tags=[_TAG])
        verify = f"{PATH}/verify"
        to.add_api_route(verify, self.verify, methods=["GET"], response_model=VerdictShown, tags=[_TAG])
        to.add_api_route(
            f"{PATH}/export",
            self.export,
            methods=["GET"],
            response_class=StreamingResponse,
            responses={200: {"content": {form.media_type: {} for form in Form}}},
            tags=[_TAG],
        )

    async def list(
        self, _: AdminCaller, wanted: AuditWanted, limit: Limit = 50, cursor: Cursor = None
    ) -> EntryList:
        """List changes, newest first.

        Looking for an address opens row after row: a page may then have fewer entries and still a next one.
        """
        found = await self._trail.page(wanted.filter, cursor, limit)
        return EntryList(entries=[entry_shown(entry) for entry in found.entries], next_cursor=found.next)

    async def verify(
        self,
        _: AdminCaller,
        anchor: Annotated[
            str | None, Query(max_length=100, description="An `anchor` of an earlier examination.")
        ] = None,
    ) -> VerdictShown:
        """Examine the whole audit: whether it is what was written, all of it and nothing else.

        What does not hold raises the alert `audit_broken`. One at a time: about two seconds for 100 000 rows.
        """
        meant = None if anchor is None else anchor_of(anchor)
        async with self._turn:
            verdict = await self._verification.run(meant)
        self._alerts.examined(verdict, meant)
        return _shown(verdict)

    async def export(
        self,
        actor: AdminActor,
        wanted: AuditWanted,
        form: Annotated[Form, Query(alias="format", description="How they are written down.")] = Form.JSONL,
    ) -> StreamingResponse:
        """Give out all changes, oldest first, as CSV or JSON Lines; this itself stands in the audit."""
        pages = await self._exports.begin(wanted.filter, actor)
        name = f'attachment; filename="audit.{form}"'
        return StreamingResponse(
            _written(form, pages), media_type=form.media_type, headers={"content-disposition": name}
        )


async def _written(form: Form, pages: AsyncGenerator[tuple[AuditEntry, ...]]) -> AsyncGenerator[str]:
    yield form.head
    async with aclosing(pages):
        async for entries in pages:
            yield form.lines(entries)


def _shown(verdict: Verdict) -> VerdictShown:
    return VerdictShown(
        holds=verdict.holds,
        rows=verdict.rows,
        begun_at=moment_or_none(verdict.begun_ms),
        older_rows=verdict.older_rows,
        anchor=None if verdict.anchor is None else str(verdict.anchor),
        breaks=[BreakShown(flaw=each.flaw, row=each.row, person=each.person) for each in verdict.breaks],
        more=verdict.more,
    )
