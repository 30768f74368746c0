"""What people say to a run: begin, cancel, decide, add, change, do again, spend more."""

from typing import Any

from msgspec import Raw, Struct
from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.core.errors import Conflict, NotFound
from baton.pipelines.engine.bell import Bell
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.run import ENDED, EventKind, Owner, RunState, RunWish, StepState, Verdict
from baton.pipelines.engine.tables import ANSWERS, EVENTS, NOTES, RUNS, STEPS
from baton.storage.database import Database, after_commit

_R, _S = RUNS.c, STEPS.c
MOST_NOTES = 50
"""Instructions to one run; all of them are told to every step that begins later, and paid for."""

_LIVE = tuple(state for state in RunState if state not in ENDED)


class _Head(Struct, frozen=True):
    state: str
    events: int
    notes: int


class Orders:
    """Writes what people say, one transaction for each order; who carries the run out has to be told.

    Everything here raises `NotFound` for a run that is not there (code `run_unknown`), `Conflict` where its
    state does not allow it (code `run_state`), and `Unavailable` while the database is away.
    """

    def __init__(self, database: Database, content: Content, clock: Clock, bell: Bell) -> None:
        self._database = database
        self._content = content
        self._clock = clock
        self._bell = bell

    async def begin(self, run_id: str, wish: RunWish, version: int) -> None:
        """Put a new run there, to be carried out."""
        now_ms = self._now_ms()
        values = {
            "id": run_id,
            "user_id": wish.owner.user_id,
            "key_id": wish.owner.key_id,
            "project_id": wish.owner.project_id,
            "recipe": wish.recipe,
            "version": version,
            "state": RunState.QUEUED,
            "turn": 0,
            "edition": 1,
            "orders": 0,
            "events": 1,
            "notes": 0,
            "budget_nanos": wish.budget_nanos,
            "spent_nanos": 0,
            "held_nanos": 0,
            "created_ms": now_ms,
            "changed_ms": now_ms,
            "input": self._content.close(wish.input, run_id, "input"),
        }
        async with self._database.append() as connection:
            await connection.execute(insert(RUNS).values(values))
            await self._tell(connection, run_id, 1, EventKind.QUEUED)

    async def cancel(self, run_id: str) -> None:
        """End it, wherever it stands; steps under way are interrupted."""
        async with self._database.append() as connection:
            run = await self._take(
                connection,
                run_id,
                _LIVE,
                state=RunState.CANCELLED,
                turn=_R.turn + 1,
                ended_ms=self._now_ms(),
                held_nanos=0,
                worker=None,
            )
            under_way = _S.state.in_([StepState.RUNNING, StepState.RETRYING, StepState.WAITING])
            await connection.execute(
                update(STEPS)
                .where(_S.run_id == run_id, under_way)
                .values(state=StepState.PENDING, held_nanos=0)
            )
            await connection.execute(delete(ANSWERS).where(ANSWERS.c.run_id == run_id))
            await self._tell(connection, run_id, run.events, EventKind.CANCELLED)

    async def instruct(self, run_id: str, text: str, by: str) -> None:
        """Add an instruction; attempts that begin from now on are given it."""
        async with self._database.append() as connection:
            run = await self._take(connection, run_id, tuple(RunState), notes=_R.notes + 1)
            if run.notes > MOST_NOTES:
                raise Conflict(f"A run has {MOST_NOTES} instructions at most.", code="too_many_instructions")
            values = {
                "run_id": run_id,
                "number": run.notes,
                "at_ms": self._now_ms(),
                "by": by,
                "text": self._content.close(text, run_id, f"notes/{run.notes}"),
            }
            await connection.execute(insert(NOTES).values(values))
            await self._tell(connection, run_id, run.events, EventKind.INSTRUCTED)

    async def decide(self, run_id: str, gate: str, verdict: Verdict) -> bool:
        """Let a run through a gate, or not; whether it had been let go of and must be carried out again.

        Raises:
            Conflict: nobody waits there; code `gate_closed`.
        """
        async with self._database.append() as connection:
            run = await self._take(connection, run_id, _LIVE, orders=_R.orders + 1)
            decided = await connection.execute(
                update(STEPS)
                .where(_S.run_id == run_id, _S.name == gate, _S.gate, _S.state == StepState.WAITING)
                .values(
                    state=StepState.COMPLETED,
                    output=self._content.close(verdict, run_id, f"{gate}/output"),
                    ended_event=run.events,
                    ended_ms=self._now_ms(),
                )
            )
            if not decided.rowcount:
                raise Conflict(f"Nobody waits at {gate}.", code="gate_closed")
            await self._tell(connection, run_id, run.events, EventKind.GATE_DECIDED, gate)
            parked = run.state == RunState.WAITING
            if parked:
                await self._requeue(connection, run_id)
        return parked

    async def account(self, run_id: str, owner: Owner) -> None:
        """Have a run go on with another key of its owner's, who has the old one no more."""
        mine = _R.id == run_id, _R.user_id == owner.user_id
        async with self._database.append() as connection:
            await connection.execute(update(RUNS).where(*mine).values(key_id=owner.key_id))

    async def edit(self, run_id: str, step: str, value: Raw, after: int | None) -> None:
        """Put something in the place of what a step made, which is kept; what began after it is done again.

        Raises:
            Conflict: the step has made nothing (code `step_state`), or it was edited or done again after the
                event that its editor knew of last (code `step_changed`).
        """
        async with self._database.append() as connection:
            run = await self._take(connection, run_id, tuple(RunState))
            row = await _step(connection, run_id, step)
            if row.state != StepState.COMPLETED or row.gate:
                raise Conflict(f"Step {step} has made nothing that could be edited.", code="step_state")
            if after is not None and await _changed(connection, run_id, step, after):
                raise Conflict(f"Step {step} was changed meanwhile; look at it again.", code="step_changed")
            sealed = self._content.close(value, run_id, f"{step}/edited")
            mine = _S.run_id == run_id, _S.name == step
            await connection.execute(update(STEPS).where(*mine).values(edited=sealed))
            await self._tell(connection, run_id, run.events, EventKind.EDITED, step)
            await self._drop(connection, run_id, _S.began_event > row.ended_event)

    async def redo(self, run_id: str, step: str) -> None:
        """Do a step again, and all that began after it had ended; what went on beside it is kept."""
        async with self._database.append() as connection:
            run = await self._take(connection, run_id, tuple(RunState))
            row = await _step(connection, run_id, step)
            await self._tell(connection, run_id, run.events, EventKind.REDONE, step)
            dropped = _S.name == step
            if row.ended_event is not None:
                dropped |= _S.began_event > row.ended_event
            await self._drop(connection, run_id, dropped)

    async def resume(self, run_id: str) -> None:
        """Go on with a run that has ended before its recipe did: what is finished is kept, what failed or was
        interrupted is done again."""
        stopped = (RunState.FAILED, RunState.CANCELLED, RunState.OVER_BUDGET)
        async with self._database.append() as connection:
            run = await self._take(connection, run_id, stopped)
            await self._tell(connection, run_id, run.events, EventKind.RESUMED)
            await self._drop(connection, run_id, _S.state == StepState.FAILED)

    async def allow(self, run_id: str, budget_nanos: int | None) -> bool:
        """Give it another budget; whether it had stopped for want of it and must be carried out again."""
        async with self._database.append() as connection:
            run = await self._take(
                connection,
                run_id,
                (*_LIVE, RunState.OVER_BUDGET),
                events=_R.events,
                budget_nanos=budget_nanos,
            )
            stopped = run.state == RunState.OVER_BUDGET
            if stopped:
                await self._requeue(connection, run_id)
        return stopped

    async def _take(
        self, connection: AsyncConnection, run_id: str, states: tuple[RunState, ...], **values: object
    ) -> _Head:
        """Take the run's row until the transaction ends, and the number of its next event."""
        changed = {"events": _R.events + 1, "changed_ms": self._now_ms()} | values
        returned = (_R.state, _R.events, _R.notes)
        row = (
            await connection.execute(
                update(RUNS)
                .where(_R.id == run_id, _R.state.in_(states))
                .values(**changed)
                .returning(*returned)
            )
        ).one_or_none()
        if row is None:
            state = (await connection.execute(select(_R.state).where(_R.id == run_id))).scalar_one_or_none()
            if state is None:
                raise NotFound("There is no such run.", code="run_unknown")
            raise Conflict(f"The run is {state}.", code="run_state")
        return _Head(*row)

    async def _drop(self, connection: AsyncConnection, run_id: str, which: ColumnElement[bool]) -> None:
        """Forget steps, and those that a cancelled run left undone, so that they are done anew under new
        keys; whoever carries the run out loses it."""
        undone = _S.state == StepState.PENDING
        dropped = delete(STEPS).where(_S.run_id == run_id, which | undone).returning(_S.held_nanos)
        held = sum((await connection.execute(dropped)).scalars())
        await self._requeue(connection, run_id, held_nanos=_R.held_nanos - held, edition=_R.edition + 1)

    async def _requeue(self, connection: AsyncConnection, run_id: str, **values: object) -> None:
        cleared = {"state": RunState.QUEUED, "turn": _R.turn + 1, "worker": None}
        cleared |= {"ended_ms": None, "output": None, "failure": None, "code": None}
        await connection.execute(update(RUNS).where(_R.id == run_id).values(**(cleared | values)))

    async def _tell(
        self, connection: AsyncConnection, run_id: str, number: int, kind: EventKind, step: str | None = None
    ) -> None:
        values = {"run_id": run_id, "number": number, "at_ms": self._now_ms(), "kind": kind, "step": step}
        await connection.execute(insert(EVENTS).values(values))
        after_commit(connection, lambda: self._bell.ring(run_id))

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


async def _step(connection: AsyncConnection, run_id: str, name: str) -> Row[Any]:
    found = await connection.execute(select(STEPS).where(_S.run_id == run_id, _S.name == name))
    row = found.one_or_none()
    if row is None:
        raise NotFound(f"The run has begun no step {name}.", code="step_unknown")
    return row


async def _changed(connection: AsyncConnection, run_id: str, step: str, after: int) -> bool:
    """Whether somebody has edited a step, or had it done again, since an event."""
    changes = EVENTS.c.kind.in_([EventKind.EDITED, EventKind.REDONE, EventKind.STEP_COMPLETED])
    since = select(EVENTS.c.number).where(
        EVENTS.c.run_id == run_id, EVENTS.c.step == step, EVENTS.c.number > after, changes
    )
    return (await connection.execute(since.limit(1))).one_or_none() is not None
