"""What a worker writes of a run that it carries out: each change is one transaction, and refused once the run
has been taken from it."""

from typing import Any, TypeVar

from msgspec import Raw, Struct
from sqlalchemy import Row, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.pipelines.engine.bell import Bell
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.holding import Begun, Holding, OverBudget, Superseded, Taken, Tally, Terms
from baton.pipelines.engine.run import EventKind, Failing, Owner, Progress, RunState, StepState, Verdict
from baton.pipelines.engine.tables import ANSWERS, EVENTS, NOTES, RUNS, STEPS
from baton.storage.database import Database, after_commit

_R, _S, _N, _A = RUNS.c, STEPS.c, NOTES.c, ANSWERS.c

T = TypeVar("T")


class _Head(Struct, frozen=True):
    events: int
    edition: int
    notes: int
    budget_nanos: int | None
    spent_nanos: int
    held_nanos: int


class RunStore:
    """Writes for executions. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, content: Content, clock: Clock, bell: Bell) -> None:
        self._database = database
        self._content = content
        self._clock = clock
        self._bell = bell

    async def take_up(self, run_id: str, worker: str) -> Taken | None:
        """Begin or go on with a run; None: there is nothing to be done for it. Whoever had it loses it."""
        now_ms = self.now_ms()
        async with self._database.append() as connection:
            row = (
                await connection.execute(
                    update(RUNS)
                    .where(_R.id == run_id, _R.state.in_([RunState.QUEUED, RunState.RUNNING]))
                    .values(
                        state=RunState.RUNNING,
                        turn=_R.turn + 1,
                        events=_R.events + 1,
                        worker=worker,
                        changed_ms=now_ms,
                    )
                    .returning(RUNS)
                )
            ).one_or_none()
            if row is None:
                return None
            if row.began_ms is None:
                await connection.execute(update(RUNS).where(_R.id == run_id).values(began_ms=now_ms))
            await self._tell(connection, run_id, row.events, EventKind.RUNNING)
            steps = await connection.execute(select(_S.name, _S.position).where(_S.run_id == run_id))
            places = {step.name: step.position for step in steps}
        given = self._content.open(row.input, run_id, "input", Raw)
        owner = Owner(user_id=row.user_id, key_id=row.key_id, project_id=row.project_id)
        return Taken(
            Holding(run_id, row.turn), row.recipe, row.version, owner, row.budget_nanos, given, places
        )

    async def begin(self, holding: Holding, terms: Terms) -> Begun:
        """Begin an attempt, or the interrupted one again; of a step that has ended, how.

        Raises:
            Superseded: the run is somebody else's.
            OverBudget: the step might cost more than is left.
        """
        async with self._database.append() as connection:
            step = await _step(connection, holding.run_id, terms.name)
            if step is not None and step.state in (StepState.COMPLETED, StepState.FAILED):
                return Begun(StepState(step.state), step.edition, step.attempt, (), None)
            held = 0 if step is None else step.held_nanos
            again = step is not None and step.state in (StepState.RUNNING, StepState.WAITING)
            silent = {"events": _R.events} if again and terms.gate else {}
            hold = {"held_nanos": _R.held_nanos - held + terms.most_nanos}
            run = await self._advance(connection, holding, **hold, **silent)
            left = None if run.budget_nanos is None else run.budget_nanos - run.spent_nanos - run.held_nanos
            if left is not None and (left < 0 or (left == 0 and not terms.most_nanos and not terms.gate)):
                raise OverBudget
            notes = step.notes if step is not None and again else run.notes
            values = {
                "state": StepState.WAITING if terms.gate else StepState.RUNNING,
                "notes": notes,
                "held_nanos": terms.most_nanos,
                "position": terms.position,
            }
            if terms.shows is not None:
                values["interim"] = self._content.close(terms.shows, holding.run_id, f"{terms.name}/interim")
            if step is None:
                values |= {
                    "run_id": holding.run_id,
                    "name": terms.name,
                    "gate": terms.gate,
                    "edition": run.edition,
                    "attempt": 1,
                    "began_event": run.events,
                    "began_ms": self.now_ms(),
                    "cost_nanos": 0,
                }
                await connection.execute(insert(STEPS).values(values))
            else:
                await connection.execute(update(STEPS).where(*_of(holding, terms.name)).values(values))
            if not silent:
                kind = EventKind.GATE_WAITING if terms.gate else EventKind.STEP_BEGAN
                await self._tell(connection, holding.run_id, run.events, kind, terms.name)
            texts = await self._texts(connection, holding.run_id, notes)
        return Begun(
            StepState.RUNNING,
            run.edition if step is None else step.edition,
            1 if step is None else step.attempt,
            texts,
            None if left is None else left + terms.most_nanos,
        )

    async def progress(self, holding: Holding, name: str, progress: Progress) -> None:
        """A step tells how far it is; raises `Superseded`."""
        async with self._database.append() as connection:
            run = await self._advance(connection, holding)
            values = {"done": progress.done, "total": progress.total}
            await connection.execute(update(STEPS).where(*_of(holding, name)).values(values))
            await self._tell(connection, holding.run_id, run.events, EventKind.STEP_PROGRESS, name, progress)

    async def interim(self, holding: Holding, name: str, value: object) -> None:
        """A step shows what it has so far; raises `Superseded`."""
        sealed = self._content.close(value, holding.run_id, f"{name}/interim")
        async with self._database.append() as connection:
            run = await self._advance(connection, holding)
            await connection.execute(update(STEPS).where(*_of(holding, name)).values(interim=sealed))
            await self._tell(connection, holding.run_id, run.events, EventKind.STEP_INTERIM, name)

    async def retry(self, holding: Holding, name: str, why: Failing, tally: Tally) -> None:
        """An attempt failed and there will be another; raises `Superseded`."""
        async with self._database.append() as connection:
            run = await self._advance(connection, holding, **_settled(tally))
            await connection.execute(
                update(STEPS)
                .where(*_of(holding, name))
                .values(
                    state=StepState.RETRYING,
                    attempt=_S.attempt + 1,
                    code=why.code,
                    failure=self._content.close(why, holding.run_id, f"{name}/failure"),
                    **_added(tally),
                )
            )
            await self._tell(connection, holding.run_id, run.events, EventKind.STEP_RETRYING, name, why)

    async def complete(self, holding: Holding, name: str, output: Raw, tally: Tally) -> None:
        """A step has made something; raises `Superseded`."""
        await self._end(
            holding,
            name,
            tally,
            EventKind.STEP_COMPLETED,
            None,
            state=StepState.COMPLETED,
            code=None,
            failure=None,
            output=self._content.close(output, holding.run_id, f"{name}/output"),
        )

    async def fail(self, holding: Holding, name: str, why: Failing, tally: Tally) -> None:
        """A step has come to nothing; raises `Superseded`."""
        await self._end(
            holding,
            name,
            tally,
            EventKind.STEP_FAILED,
            why,
            state=StepState.FAILED,
            code=why.code,
            failure=self._content.close(why, holding.run_id, f"{name}/failure"),
        )

    async def owe(self, holding: Holding, name: str, edition: int, nanos: int) -> None:
        """An attempt was interrupted and will not be done again, yet it has cost something.

        One that will be done again, by whomever, reports its cost then.
        """
        async with self._database.append() as connection:
            stopped = _R.state == RunState.CANCELLED
            kept = exists().where(*_of(holding, name), _S.edition == edition)
            row = await connection.execute(
                update(RUNS)
                .where(_R.id == holding.run_id, stopped | ~kept)
                .values(spent_nanos=_R.spent_nanos + nanos)
            )
            if row.rowcount:
                values = {"cost_nanos": _S.cost_nanos + nanos}
                await connection.execute(
                    update(STEPS).where(*_of(holding, name), _S.edition == edition).values(values)
                )

    async def verdict(self, holding: Holding, gate: str) -> Verdict | None:
        """What was said at a gate; None: nobody said anything yet."""
        async with self._database.read() as connection:
            step = await _step(connection, holding.run_id, gate)
        if step is None or step.state != StepState.COMPLETED:
            return None
        return self._content.open(step.output, holding.run_id, f"{gate}/output", Verdict)

    async def answer(self, holding: Holding, key: str, kind: type[T]) -> T | None:
        """What a call of an interrupted attempt came to; None: it had not ended."""
        query = select(_A.content).where(_A.run_id == holding.run_id, _A.key == key)
        async with self._database.read() as connection:
            sealed = (await connection.execute(query)).scalar_one_or_none()
        return None if sealed is None else self._content.open(sealed, holding.run_id, f"answers/{key}", kind)

    async def keep_answer(self, holding: Holding, key: str, value: object) -> None:
        """What a call came to; raises `Superseded`."""
        sealed = self._content.close(value, holding.run_id, f"answers/{key}")
        async with self._database.append() as connection:
            await self._advance(connection, holding, events=_R.events)
            values = {"run_id": holding.run_id, "key": key, "content": sealed}
            await connection.execute(insert(ANSWERS).values(values))

    async def output(self, holding: Holding, name: str) -> Raw | Failing:
        """What a step that has ended made, or what a person put in its place, or why it failed."""
        async with self._database.read() as connection:
            step = await _step(connection, holding.run_id, name)
        if step is None:
            raise Superseded
        if step.state == StepState.FAILED:
            return self._content.open(step.failure, holding.run_id, f"{name}/failure", Failing)
        if step.edited is not None:
            return self._content.open(step.edited, holding.run_id, f"{name}/edited", Raw)
        return self._content.open(step.output, holding.run_id, f"{name}/output", Raw)

    async def park(self, holding: Holding, gates: frozenset[str]) -> bool:
        """Let go of a run that only waits for people at these gates; False: one of them has just spoken.

        Raises:
            Superseded: the run is somebody else's.
        """
        waits = select(func.count()).where(
            _S.run_id == holding.run_id, _S.name.in_(gates), _S.state == StepState.WAITING
        )
        async with self._database.append() as connection:
            await self._advance(connection, holding, events=_R.events)
            if (await connection.execute(waits)).scalar_one() < len(gates):
                return False
            run = await self._advance(connection, holding, state=RunState.WAITING, worker=None)
            await self._tell(connection, holding.run_id, run.events, EventKind.WAITING)
        return True

    async def finish(
        self, holding: Holding, state: RunState, output: Raw | None = None, why: Failing | None = None
    ) -> None:
        """The run has ended; raises `Superseded`."""
        values: dict[str, Any] = {"state": state, "ended_ms": self.now_ms(), "worker": None, "held_nanos": 0}
        if output is not None:
            values["output"] = self._content.close(output, holding.run_id, "output")
        if why is not None:
            values |= {"code": why.code, "failure": self._content.close(why, holding.run_id, "failure")}
        async with self._database.append() as connection:
            run = await self._advance(connection, holding, **values)
            await connection.execute(
                update(STEPS)
                .where(_S.run_id == holding.run_id, _S.state.in_([StepState.RUNNING, StepState.RETRYING]))
                .values(state=StepState.PENDING, held_nanos=0)
            )
            if state is not RunState.OVER_BUDGET:  # then the same attempts go on once it has more
                await connection.execute(delete(ANSWERS).where(_A.run_id == holding.run_id))
            await self._tell(connection, holding.run_id, run.events, EventKind(state.value), None, why)

    async def current(self, run_ids: list[str]) -> dict[str, tuple[int, int]]:
        """The turn of each run that still goes on, and how many orders it was given."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(_R.id, _R.turn, _R.orders).where(_R.id.in_(run_ids), _R.state == RunState.RUNNING)
            )
            return {row.id: (row.turn, row.orders) for row in rows}

    async def unattended(self, before_ms: int, limit: int = 500) -> list[str]:
        """Runs that should go on and of which nothing was heard since."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(_R.id)
                .where(_R.state.in_([RunState.QUEUED, RunState.RUNNING]), _R.changed_ms < before_ms)
                .order_by(_R.changed_ms)
                .limit(limit)
            )
            return list(rows.scalars())

    def now_ms(self) -> int:
        """The time, as it is written."""
        return int(self._clock.wall() * 1000)

    async def _end(
        self,
        holding: Holding,
        name: str,
        tally: Tally,
        kind: EventKind,
        detail: Failing | None,
        **values: object,
    ) -> None:
        async with self._database.append() as connection:
            run = await self._advance(connection, holding, **_settled(tally))
            await connection.execute(
                update(STEPS)
                .where(*_of(holding, name))
                .values(
                    **_added(tally),
                    ended_event=run.events,
                    ended_ms=self.now_ms(),
                    **values,
                )
            )
            await self._tell(connection, holding.run_id, run.events, kind, name, detail)

    async def _advance(self, connection: AsyncConnection, holding: Holding, **values: object) -> _Head:
        """Take the run's row, so that nobody else writes of it until the transaction ends, and the number of
        its next event."""
        row = (
            await connection.execute(
                update(RUNS)
                .where(_R.id == holding.run_id, _R.turn == holding.turn, _R.state == RunState.RUNNING)
                .values(**({"events": _R.events + 1, "changed_ms": self.now_ms()} | values))
                .returning(_R.events, _R.edition, _R.notes, _R.budget_nanos, _R.spent_nanos, _R.held_nanos)
            )
        ).one_or_none()
        if row is None:
            raise Superseded
        return _Head(*row)

    async def _tell(
        self,
        connection: AsyncConnection,
        run_id: str,
        number: int,
        kind: EventKind,
        step: str | None = None,
        detail: object = None,
    ) -> None:
        sealed = None if detail is None else self._content.close(detail, run_id, f"events/{number}")
        values = {
            "run_id": run_id,
            "number": number,
            "at_ms": self.now_ms(),
            "kind": kind,
            "step": step,
            "detail": sealed,
        }
        await connection.execute(insert(EVENTS).values(values))
        after_commit(connection, lambda: self._bell.ring(run_id))

    async def _texts(self, connection: AsyncConnection, run_id: str, notes: int) -> tuple[str, ...]:
        if not notes:
            return ()
        rows = await connection.execute(
            select(_N.number, _N.text).where(_N.run_id == run_id, _N.number <= notes).order_by(_N.number)
        )
        return tuple(self._content.open(row.text, run_id, f"notes/{row.number}", str) for row in rows)


def _settled(tally: Tally) -> dict[str, object]:
    return {
        "spent_nanos": _R.spent_nanos + tally.cost_nanos,
        "held_nanos": _R.held_nanos - tally.most_nanos,
    }


def _added(tally: Tally) -> dict[str, object]:
    """What a step's row has more of, once an attempt has ended."""
    return {
        "cost_nanos": _S.cost_nanos + tally.cost_nanos,
        "calls": func.coalesce(_S.calls, "") + tally.lines,
        "held_nanos": 0,
    }


def _of(holding: Holding, name: str) -> tuple[Any, ...]:
    return _S.run_id == holding.run_id, _S.name == name


async def _step(connection: AsyncConnection, run_id: str, name: str) -> Row[Any] | None:
    found = await connection.execute(select(STEPS).where(_S.run_id == run_id, _S.name == name))
    return found.one_or_none()
