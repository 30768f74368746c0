"""`/api/admin/ai/penalties`: who is kept waiting for going on against a limit, and forgiving it."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import FastAPI, Path
from pydantic import ConfigDict

from baton.api.bodies import Shown, moment
from baton.api.callers import AdminActor, AdminCaller
from baton.core.clock import Clock
from baton.core.errors import NotFound
from baton.gateway.admission.penalties import Penalties, Penalty, Scope, Subject
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database

PATH = "/api/admin/ai/penalties"
_TAG = "Admin: users"
_KIND = "penalty"


class PenaltyShown(Shown):
    """One that lasts."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "scope": "key",
                "id": "0197a9d2-7c3e-7b64-9d5a-2f1d9c1f6a00",
                "step": 2,
                "refusals": 23,
                "until": "2030-01-31T06:00:00Z",
                "leftS": 281,
            }
        }
    )

    scope: Scope
    id: str
    """Of the key or the user."""
    step: int
    """Which one it is in a row, from 1."""
    refusals: int
    """For how many since the last quiet hour."""
    until: datetime
    left_s: int


class PenaltyList(Shown):
    """All of them, the longest first."""

    penalties: list[PenaltyShown]


class PenaltyRoutes:
    """The routes; admins only."""

    def __init__(self, penalties: Penalties, clock: Clock, database: Database, scribe: Scribe) -> None:
        """`scribe`: who keeps the audit."""
        self._penalties = penalties
        self._clock = clock
        self._database = database
        self._scribe = scribe

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=PenaltyList, tags=[_TAG])
        to.add_api_route(
            PATH + "/{scope}/{subject_id}", self.lift, methods=["DELETE"], status_code=204, tags=[_TAG]
        )

    async def list(self, _: AdminCaller) -> PenaltyList:
        """List who is kept waiting at the moment for going on against a limit again and again."""
        return PenaltyList(penalties=[self._shown(each) for each in self._running()])

    async def lift(
        self,
        actor: AdminActor,
        scope: Scope,
        subject_id: Annotated[str, Path(max_length=255, description="Of the key or the user.")],
    ) -> None:
        """Forgive a key or a user: the penalty ends, and the next one is a first one."""
        subject = Subject(scope, subject_id)
        found = next((each for each in self._running() if each.subject == subject), None)
        if found is None:
            raise NotFound(f"There is no penalty of the {scope.value} '{subject_id[:80]}'.")
        await self._write_down(actor, found)
        self._penalties.lift(subject, self._clock.monotonic())

    async def _write_down(self, actor: Actor, lifted: Penalty) -> None:
        subject = lifted.subject
        before = {"step": lifted.step, "refusals": lifted.refusals}
        change = Change(
            action="lift",
            kind=_KIND,
            key=f"{subject.scope.value}/{subject.id}",
            before=msgspec.json.encode(before).decode(),
            after=None,
        )
        async with self._database.write() as connection:
            await self._scribe.append(connection, actor, int(self._clock.wall() * 1000), [change])

    def _running(self) -> "list[Penalty]":
        return self._penalties.running(self._clock.monotonic())

    def _shown(self, penalty: Penalty) -> PenaltyShown:
        left_s = penalty.until_s - self._clock.monotonic()
        return PenaltyShown(
            scope=penalty.subject.scope,
            id=penalty.subject.id,
            step=penalty.step,
            refusals=penalty.refusals,
            until=moment(int((self._clock.wall() + left_s) * 1000)),
            left_s=max(1, round(left_s)),
        )
