"""Keeps outputs: versions are added and never changed."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.core.errors import Conflict, Invalid, NotFound
from baton.pipelines.engine.content import Content
from baton.pipelines.outputs.output import (
    LONGEST_CHARS,
    Draft,
    Edit,
    Origin,
    Output,
    OutputVersion,
    Saved,
)
from baton.pipelines.outputs.tables import OUTPUT_VERSIONS, OUTPUTS
from baton.storage.database import Database

PURPOSE = "outputs v1"
"""What the key for their contents is derived for."""

_O, _V = OUTPUTS.c, OUTPUT_VERSIONS.c
_LISTED = tuple(column for column in OUTPUT_VERSIONS.c if column.name != "content")


class OutputStore:
    """Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, content: Content, clock: Clock, new_id: Callable[[], str]) -> None:
        self._database = database
        self._content = content
        self._clock = clock
        self._new_id = new_id

    async def save(self, draft: Draft) -> Saved:
        """Keep what a model wrote: as the next version of its run's output of that kind, or as a new output.
        What was kept under the same source before is not kept again."""
        async with self._database.write() as connection:
            kept = select(_V.output_id, _V.number).where(_V.source == draft.source)
            before = (await connection.execute(kept)).one_or_none()
            if before is not None:
                return Saved(output_id=before.output_id, version=before.number)
            output_id, number = await self._place(connection, draft)
            call = draft.call
            values = {
                "origin": Origin.EDITED if draft.edited else Origin.GENERATED,
                "based_on": number - 1 if draft.edited and number > 1 else None,
                "by": draft.by,
                "source": draft.source,
                "score": draft.score,
                "verdict": draft.verdict,
                "interaction": call.interaction,
                "provider": call.provider,
                "model": call.model,
                "prompt": call.prompt,
                "tokens": call.tokens,
                "cost_nanos": call.cost_nanos,
                "cached": call.cached,
            }
            await self._add(connection, output_id, number, draft.content, values)
        return Saved(output_id=output_id, version=number)

    async def edit(self, output_id: str, edit: Edit) -> Output:
        """Keep what a person made of the newest version.

        Raises:
            NotFound: there is no such output; code `output_unknown`.
            Conflict: there is a newer version than the one they changed; code `output_changed`.
            Invalid: it is longer than `LONGEST_CHARS`.
        """
        _require_size(edit.content)
        async with self._database.write() as connection:
            row = await _head(connection, output_id)
            if row.versions != edit.based_on:
                raise Conflict(
                    f"The output has version {row.versions} by now; the edit was made on {edit.based_on}.",
                    code="output_changed",
                )
            number = edit.based_on + 1
            await connection.execute(
                update(OUTPUTS).where(_O.id == output_id).values(versions=number, changed_ms=self._now_ms())
            )
            values = {
                "origin": Origin.EDITED,
                "by": edit.by,
                "based_on": edit.based_on,
                "tokens": 0,
                "cost_nanos": 0,
                "cached": False,
            }
            await self._add(connection, output_id, number, edit.content, values)
        return await self.one(output_id)

    async def one(self, output_id: str, number: int | None = None) -> Output:
        """An output in one of its versions; None: the newest.

        Raises:
            NotFound: there is no such output (code `output_unknown`), or no such version.
        """
        async with self._database.read() as connection:
            head = await _head(connection, output_id)
            wanted = head.versions if number is None else number
            mine = _V.output_id == output_id, _V.number == wanted
            row = (await connection.execute(select(OUTPUT_VERSIONS).where(*mine))).one_or_none()
        if row is None:
            raise NotFound(f"The output has no version {wanted}.", code="output_version_unknown")
        content = self._content.open(row.content, output_id, f"versions/{row.number}", str)
        return _output(head, _version(row, content))

    async def of_project(
        self, project_id: str, kind: str | None = None, before: str | None = None, limit: int = 50
    ) -> list[Output]:
        """A project's outputs in their newest versions, without what is in them, the newest output first.
        `before`: the id behind which the list begins."""
        which: list[ColumnElement[bool]] = [_O.project_id == project_id]
        if kind is not None:
            which.append(_O.kind == kind)
        if before is not None:
            which.append(_O.id < before)
        heads = select(OUTPUTS).where(*which).order_by(_O.id.desc()).limit(limit)
        async with self._database.read() as connection:
            found = list(await connection.execute(heads))
            newest = select(*_LISTED).join(OUTPUTS, (_O.id == _V.output_id) & (_O.versions == _V.number))
            rows = await connection.execute(newest.where(_O.id.in_([head.id for head in found])))
            versions = {row.output_id: row for row in rows}
        return [_output(head, _version(versions[head.id])) for head in found]

    async def history(self, output_id: str) -> list[OutputVersion]:
        """All versions of an output, without what is in them, the newest first.

        Raises:
            NotFound: there is no such output; code `output_unknown`.
        """
        query = select(*_LISTED).where(_V.output_id == output_id).order_by(_V.number.desc())
        async with self._database.read() as connection:
            await _head(connection, output_id)
            return [_version(row) for row in await connection.execute(query)]

    async def _place(self, connection: AsyncConnection, draft: Draft) -> tuple[str, int]:
        """Which version of which output it becomes; the output's row says so."""
        now_ms = self._now_ms()
        if draft.run_id is not None:
            mine = _O.run_id == draft.run_id, _O.kind == draft.kind
            counted = update(OUTPUTS).where(*mine).values(versions=_O.versions + 1, changed_ms=now_ms)
            row = (await connection.execute(counted.returning(_O.id, _O.versions))).one_or_none()
            if row is not None:
                return row.id, row.versions
        output_id = self._new_id()
        values = {
            "id": output_id,
            "project_id": draft.project_id,
            "kind": draft.kind,
            "run_id": draft.run_id,
            "versions": 1,
            "created_ms": now_ms,
            "changed_ms": now_ms,
        }
        await connection.execute(insert(OUTPUTS).values(values))
        return output_id, 1

    async def _add(
        self,
        connection: AsyncConnection,
        output_id: str,
        number: int,
        content: str,
        values: dict[str, Any],
    ) -> None:
        sealed = self._content.close(content, output_id, f"versions/{number}")
        row = {"output_id": output_id, "number": number, "at_ms": self._now_ms(), "content": sealed}
        await connection.execute(insert(OUTPUT_VERSIONS).values(row | values))

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


def _require_size(content: str) -> None:
    if len(content) > LONGEST_CHARS:
        raise Invalid(f"An output has at most {LONGEST_CHARS} characters.", param="content")


async def _head(connection: AsyncConnection, output_id: str) -> Row[*tuple[Any, ...]]:
    row = (await connection.execute(select(OUTPUTS).where(_O.id == output_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such output.", code="output_unknown")
    return row


def _output(head: Row[*tuple[Any, ...]], version: OutputVersion) -> Output:
    return Output(
        id=head.id,
        project_id=head.project_id,
        kind=head.kind,
        run_id=head.run_id,
        versions=head.versions,
        created_ms=head.created_ms,
        changed_ms=head.changed_ms,
        version=version,
    )


def _version(row: Row[*tuple[Any, ...]], content: str | None = None) -> OutputVersion:
    return OutputVersion(
        number=row.number,
        origin=Origin(row.origin),
        based_on=row.based_on,
        by=row.by,
        at_ms=row.at_ms,
        content=content,
        score=row.score,
        verdict=row.verdict,
        interaction=row.interaction,
        provider=row.provider,
        model=row.model,
        prompt=row.prompt,
        tokens=row.tokens,
        cost_nanos=row.cost_nanos,
        cached=row.cached,
    )
