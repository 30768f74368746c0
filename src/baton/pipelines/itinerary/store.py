"""Trips as they are kept: whose they are, their versions, and how many a month has."""

from datetime import UTC, datetime
from hashlib import blake2b

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.core.errors import Conflict, NotFound
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.run import Owner, RunState
from baton.pipelines.engine.tables import RUNS
from baton.pipelines.itinerary.outcome import Outcome
from baton.pipelines.itinerary.plan import Plan
from baton.pipelines.itinerary.tables import ITINERARIES, VERSIONS
from baton.storage.database import Database

PURPOSE = "itinerary content v1"
"""What the key for what is in them is derived for."""

RECIPE = "itinerary"
"""Whose runs make trips."""

_DIGEST_BYTES = 16
_I, _V, _R = ITINERARIES.c, VERSIONS.c, RUNS.c
_UNDER_WAY = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class Summary(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a list tells of a trip."""

    city: str
    days: int
    quality_score: float | None
    notice: str | None


class Line(Struct, frozen=True, kw_only=True):
    """A trip in a list."""

    id: str
    owner_id: str
    project_id: str | None
    version: int
    created_ms: int
    changed_ms: int
    summary: Summary


class Version(Struct, frozen=True, kw_only=True):
    """One version of a trip."""

    number: int
    made_ms: int
    content: "VersionContent"


class VersionContent(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is in a version."""

    outcome: Outcome
    instruction: str | None = None
    """What made it of the one before; None: it is the first, or made anew."""


class Kept(Struct, frozen=True, kw_only=True):
    """A trip with one of its versions, and the numbers of all."""

    line: Line
    version: Version
    numbers: tuple[int, ...]


class Itineraries:
    """Keeps trips. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, content: Content, clock: Clock) -> None:
        self._database = database
        self._content = content
        self._clock = clock

    async def keep(self, itinerary_id: str, owner: Owner, key: str, outcome: Outcome) -> int:
        """Keep a trip that was made; the number of its version. `key`: the same is kept once."""
        content = VersionContent(outcome=outcome)
        async with self._database.append() as connection:
            row = await self._row(connection, itinerary_id)
            if row is not None:
                return await self._add(connection, itinerary_id, row.version, key, content)
            now_ms = self._now_ms()
            await connection.execute(
                insert(ITINERARIES).values(
                    id=itinerary_id,
                    user_id=owner.user_id,
                    project_id=owner.project_id,
                    version=0,
                    created_ms=now_ms,
                    changed_ms=now_ms,
                    summary=b"",
                )
            )
            return await self._add(connection, itinerary_id, 0, key, content)

    async def revise(
        self, itinerary_id: str, key: str, outcome: Outcome, *, instruction: str, made_on: int
    ) -> int:
        """Add a version made of version `made_on` by an instruction; its number.

        Raises:
            NotFound: there is no such trip.
            Conflict: another version was added meanwhile; code `version_conflict`.
        """
        content = VersionContent(outcome=outcome, instruction=instruction)
        async with self._database.append() as connection:
            row = await self._row(connection, itinerary_id)
            if row is None:
                raise NotFound("There is no such itinerary.")
            number = await self._made_by(connection, itinerary_id, key)
            if number is None and row.version != made_on:
                raise changed_meanwhile(row.version, made_on)
            return await self._add(connection, itinerary_id, row.version, key, content)

    async def find(
        self, user_id: str, projects: frozenset[str] = frozenset(), *, before: str | None, limit: int
    ) -> list[Line]:
        """Those of a user and of their projects, the newest first, older than the id `before`."""
        which: list[ColumnElement[bool]] = [(_I.user_id == user_id) | _I.project_id.in_(projects)]
        if before is not None:
            which.append(_I.id < before)
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(ITINERARIES).where(*which).order_by(_I.id.desc()).limit(limit)
            )
            return [self._line(row) for row in rows]

    async def get(self, itinerary_id: str, number: int | None = None) -> Kept:
        """A trip with one version; None: its newest.

        Raises:
            NotFound: there is none.
        """
        async with self._database.read() as connection:
            row = await self._row(connection, itinerary_id)
            if row is None:
                raise NotFound("There is no such itinerary.")
            wanted = row.version if number is None else number
            versions = (
                await connection.execute(
                    select(_V.number, _V.made_ms).where(_V.itinerary_id == itinerary_id).order_by(_V.number)
                )
            ).all()
            sealed = (
                await connection.execute(
                    select(_V.content).where(_V.itinerary_id == itinerary_id, _V.number == wanted)
                )
            ).scalar_one_or_none()
        if sealed is None:
            raise NotFound(f"There is no version {wanted} of this itinerary.")
        content = self._content.open(sealed, itinerary_id, f"versions/{wanted}", VersionContent)
        made_ms = next(each.made_ms for each in versions if each.number == wanted)
        return Kept(
            line=self._line(row),
            version=Version(number=wanted, made_ms=made_ms, content=content),
            numbers=tuple(each.number for each in versions),
        )

    async def of(self, owner: Owner, itinerary_id: str, number: int | None = None) -> Kept:
        """The same for whoever made it, or is asked to change it for the same project.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        kept = await self.get(itinerary_id, number)
        line = kept.line
        if line.owner_id != owner.user_id and (
            line.project_id is None or line.project_id != owner.project_id
        ):
            raise NotFound("There is no such itinerary.")
        return kept

    async def made_in_month(self, user_id: str) -> int:
        """How many trips a user has had made in this month, UTC; only those that came to be."""
        async with self._database.read() as connection:
            made = await connection.execute(
                select(func.count())
                .select_from(ITINERARIES)
                .where(_I.user_id == user_id, _I.created_ms >= month_of(self._clock.wall())[0])
            )
            return made.scalar_one()

    async def under_way(self, user_id: str, before: str | None) -> int:
        """How many of a user's are being made, by runs older than the one `before`; None: all."""
        which: list[ColumnElement[bool]] = [
            _R.user_id == user_id,
            _R.recipe == RECIPE,
            _R.state.in_(_UNDER_WAY),
            _R.id.not_in(select(_I.id).where(_I.user_id == user_id)),
        ]
        if before is not None:
            which.append(_R.id < before)
        async with self._database.read() as connection:
            found = await connection.execute(select(func.count()).select_from(RUNS).where(*which))
            return found.scalar_one()

    async def _add(
        self, connection: AsyncConnection, itinerary_id: str, newest: int, key: str, content: VersionContent
    ) -> int:
        number = await self._made_by(connection, itinerary_id, key)
        if number is not None:
            return number
        number = newest + 1
        now_ms = self._now_ms()
        outcome = content.outcome
        summary = Summary(
            city=outcome.wish.city,
            days=outcome.wish.days,
            quality_score=outcome.quality_score,
            notice=outcome.notice,
        )
        await connection.execute(
            insert(VERSIONS).values(
                itinerary_id=itinerary_id,
                number=number,
                made_ms=now_ms,
                key=key,
                content=self._content.close(content, itinerary_id, f"versions/{number}"),
            )
        )
        await connection.execute(
            update(ITINERARIES)
            .where(_I.id == itinerary_id)
            .values(
                version=number,
                changed_ms=now_ms,
                summary=self._content.close(summary, itinerary_id, "summary"),
            )
        )
        return number

    async def _made_by(self, connection: AsyncConnection, itinerary_id: str, key: str) -> int | None:
        found = await connection.execute(
            select(_V.number).where(_V.itinerary_id == itinerary_id, _V.key == key)
        )
        return found.scalar_one_or_none()

    async def _row(self, connection: AsyncConnection, itinerary_id: str) -> Row[tuple[object, ...]] | None:
        found = await connection.execute(select(ITINERARIES).where(_I.id == itinerary_id))
        return found.one_or_none()

    def _line(self, row: Row[tuple[object, ...]]) -> Line:
        return Line(
            id=row.id,
            owner_id=row.user_id,
            project_id=row.project_id,
            version=row.version,
            created_ms=row.created_ms,
            changed_ms=row.changed_ms,
            summary=self._content.open(row.summary, row.id, "summary", Summary),
        )

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


def changed_meanwhile(newest: int, wanted: int) -> Conflict:
    """What is said to who changes a version that is not the newest."""
    return Conflict(f"Version {wanted} is to be changed; the newest is {newest}.", code="version_conflict")


def key_of(run_id: str, plan: Plan) -> str:
    """The key of a version that a run makes: the same plan of the same run is kept once."""
    return f"{run_id}:{blake2b(msgspec.json.encode(plan), digest_size=_DIGEST_BYTES).hexdigest()}"


def month_of(now_s: float) -> tuple[int, int]:
    """The calendar month, UTC, in which a time lies: its begin and the next one's, Unix milliseconds."""
    now = datetime.fromtimestamp(now_s, UTC)
    begins = datetime(now.year, now.month, 1, tzinfo=UTC)
    year, month = divmod(now.year * 12 + now.month, 12)
    ends = datetime(year, month + 1, 1, tzinfo=UTC)
    return int(begins.timestamp() * 1000), int(ends.timestamp() * 1000)
