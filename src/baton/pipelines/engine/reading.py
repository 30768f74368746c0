"""Runs as they are shown, and what happened to them."""

from typing import Any

from msgspec import Raw, structs
from sqlalchemy import ColumnElement, Row, select

from baton.core.errors import NotFound
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.holding import calls_in
from baton.pipelines.engine.run import (
    Event,
    Failing,
    Owner,
    RunLine,
    RunShown,
    RunState,
    RunsWanted,
    StepShown,
    StepState,
)
from baton.pipelines.engine.tables import EVENTS, RUNS, STEPS
from baton.storage.database import Database

_R, _S, _E = RUNS.c, STEPS.c, EVENTS.c
_SEALED = frozenset({"input", "output", "failure"})
_LINE = tuple(column for column in RUNS.c if column.name not in _SEALED)


class Reading:
    """Reads runs. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, content: Content) -> None:
        self._database = database
        self._content = content

    async def run(self, run_id: str) -> RunShown:
        """A run with its steps, results as far as they exist.

        Raises:
            NotFound: there is none; code `run_unknown`.
        """
        async with self._database.read() as connection:
            row = (await connection.execute(select(RUNS).where(_R.id == run_id))).one_or_none()
            if row is None:
                raise NotFound("There is no such run.", code="run_unknown")
            steps = await connection.execute(
                select(STEPS).where(_S.run_id == run_id).order_by(_S.began_event)
            )
            shown = tuple(self._step(step) for step in steps)
        return RunShown(
            **structs.asdict(_line(row)),
            input=self._content.open(row.input, run_id, "input", Raw),
            output=self._content.open_if(row.output, run_id, "output"),
            failure=self._failure(row.failure, run_id, "failure"),
            steps=shown,
        )

    async def owner(self, run_id: str) -> Owner:
        """Whose a run is.

        Raises:
            NotFound: there is none; code `run_unknown`.
        """
        wanted = select(_R.user_id, _R.key_id, _R.project_id).where(_R.id == run_id)
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            raise NotFound("There is no such run.", code="run_unknown")
        return _owner(row)

    async def runs(self, wanted: RunsWanted) -> list[RunLine]:
        """Runs without what is in them."""
        which: list[ColumnElement[bool]] = []
        if wanted.user_id is not None:
            own = (_R.user_id == wanted.user_id) & _R.project_id.is_(None)
            which.append(own | _R.project_id.in_(wanted.projects))
        if wanted.before is not None:
            which.append(_R.id < wanted.before)
        for column, value in (
            (_R.project_id, wanted.project_id),
            (_R.recipe, wanted.recipe),
            (_R.state, wanted.state),
        ):
            if value is not None:
                which.append(column == value)
        query = select(*_LINE).where(*which).order_by(_R.id.desc()).limit(wanted.limit)
        async with self._database.read() as connection:
            return [_line(row) for row in await connection.execute(query)]

    async def events(self, run_id: str, after: int, limit: int) -> tuple[tuple[Event, ...], RunState]:
        """What happened after event number `after`, and where the run stood then.

        Raises:
            NotFound: there is no such run; code `run_unknown`.
        """
        async with self._database.read() as connection:
            state = (await connection.execute(select(_R.state).where(_R.id == run_id))).scalar_one_or_none()
            if state is None:
                raise NotFound("There is no such run.", code="run_unknown")
            rows = await connection.execute(
                select(EVENTS).where(_E.run_id == run_id, _E.number > after).order_by(_E.number).limit(limit)
            )
            events = tuple(self._event(row) for row in rows)
        return events, RunState(state)

    def _event(self, row: Row[Any]) -> Event:
        detail = self._content.open_if(row.detail, row.run_id, f"events/{row.number}")
        return Event(row.number, row.at_ms, row.kind, row.step, detail)

    def _step(self, row: Row[Any]) -> StepShown:
        def opened(piece: str) -> Raw | None:
            return self._content.open_if(getattr(row, piece), row.run_id, f"{row.name}/{piece}")

        return StepShown(
            name=row.name,
            gate=row.gate,
            state=StepState(row.state),
            attempt=row.attempt,
            began_ms=row.began_ms,
            ended_ms=row.ended_ms,
            cost_nanos=row.cost_nanos,
            calls=calls_in(row.calls),
            done=row.done,
            total=row.total,
            interim=opened("interim"),
            output=opened("output"),
            edited=opened("edited"),
            failure=self._failure(row.failure, row.run_id, f"{row.name}/failure"),
        )

    def _failure(self, sealed: bytes | None, run_id: str, place: str) -> Failing | None:
        return None if sealed is None else self._content.open(sealed, run_id, place, Failing)


def _owner(row: Row[*tuple[Any, ...]]) -> Owner:
    return Owner(user_id=row.user_id, key_id=row.key_id, project_id=row.project_id)


def _line(row: Row[Any]) -> RunLine:
    return RunLine(
        id=row.id,
        owner=_owner(row),
        recipe=row.recipe,
        version=row.version,
        state=RunState(row.state),
        budget_nanos=row.budget_nanos,
        spent_nanos=row.spent_nanos,
        created_ms=row.created_ms,
        began_ms=row.began_ms,
        ended_ms=row.ended_ms,
        last_event=row.events,
        code=row.code,
    )
