"""The records of one kind: read from memory, changed in the database, one way for all of them."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.clock import Clock
from baton.core.errors import Conflict, Invalid, NotFound
from baton.records import rows
from baton.records.audit.entry import SYSTEM, Actor, Change
from baton.records.audit.scribe import Scribe
from baton.records.difference import Diff, compare, keyed, readable
from baton.records.kind import Origin, Record, RecordKind
from baton.records.rows import RecordRow, State, Step, moved
from baton.records.snapshot import Listener, Snapshot, record_of
from baton.storage.database import Database
from baton.storage.notices import Notices, bump

T = TypeVar("T", bound=Struct)


class Records(Generic[T]):
    """Every record of a kind.

    Reading waits for nothing. Each change is one transaction with its audit row; it is in force here when
    the call returns, and in every other process within a second.

    Every change raises `Unavailable` while the database is away; then nothing was changed.
    """

    def __init__(
        self, kind: RecordKind[T], database: Database, notices: Notices, clock: Clock, scribe: Scribe
    ) -> None:
        self._kind = kind
        self._database = database
        self._notices = notices
        self._clock = clock
        self._scribe = scribe
        self._topic = f"records.{kind.name}"
        self._snapshot = Snapshot(kind, database)
        self._unsubscribe: Callable[[], None] | None = None

    async def open(self) -> None:
        """Load the records and follow their changes."""
        self._unsubscribe = self._notices.subscribe(self._topic, self._snapshot.reload)
        await self._snapshot.reload()

    async def close(self) -> None:
        """Follow no more changes; what was loaded stays readable."""
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def snapshot(self) -> Mapping[str, Record[T]]:
        """The records by key, ordered by key, immutable; a later change makes another one.

        Raises:
            Unavailable: not loaded yet.
        """
        return self._snapshot.live

    def get(self, key: str) -> Record[T]:
        """One record.

        Raises:
            NotFound: there is none of that key.
            Unavailable: not loaded yet.
        """
        record = self._snapshot.live.get(key)
        if record is None:
            raise self._missing(key)
        return record

    def list(self) -> tuple[Record[T], ...]:
        """All records, ordered by key."""
        return tuple(self._snapshot.live.values())

    def export(self) -> tuple[T, ...]:
        """All values, ordered by key, as `import_all` takes them; secrets included."""
        return tuple(record.value for record in self._snapshot.live.values())

    def subscribe(self, listener: Listener[T]) -> Callable[[], None]:
        """Have `listener` called with each new snapshot, after it is in force; gives the way to stop that."""
        return self._snapshot.listen(listener)

    async def put(self, value: T, actor: Actor, expected: int | None) -> Record[T]:
        """Create a record (`expected` None) or replace the revision that was read.

        The same value again makes no new revision.

        Raises:
            Invalid: the value may not be stored.
            Conflict: it exists already (code `duplicate`), or another revision is current (code
                `revision_conflict`).
            NotFound: there is nothing to replace.
        """
        key = self._kind.checked_key(value)
        async with self._database.write() as connection:
            before = await rows.current(connection, self._kind.name, key)
            if expected is not None:
                before = self._at(before, key, expected)
            elif before is not None and not before.deleted:
                raise Conflict(f"'{key}' exists already.", code="duplicate")
            body = self._kind.encode(value)
            if before is not None and not before.deleted and before.body == body:
                return record_of(self._kind, before)
            after = self._next(key, before, actor, State(body=body))
            record = record_of(self._kind, after)
            step = Step(action="create" if expected is None else "update", before=before, after=after)
            await self._store(connection, actor, [step])
        await self._notices.poll()
        return record

    async def delete(self, key: str, actor: Actor, expected: int) -> int:
        """Take a record away; `undo` brings it back, given the revision that this returns.

        Raises:
            Conflict: another revision is current.
            NotFound: there is none.
        """
        async with self._database.write() as connection:
            before = self._at(await rows.current(connection, self._kind.name, key), key, expected)
            after = self._next(key, before, actor, State(body=before.body, deleted=True))
            await self._store(connection, actor, [Step(action="delete", before=before, after=after)])
        await self._notices.poll()
        return after.revision

    async def undo(self, key: str, actor: Actor, expected: int) -> Record[T]:
        """Go back to how it was before the revision `expected`, as a new revision.

        Undoing a deletion brings back, undoing an undo does again. Where an admin's own change is undone,
        the record follows the seed again if it did before.

        Raises:
            Conflict: another revision is current (code `revision_conflict`), or nobody has changed the record
                since it came, only seeds have (code `nothing_to_undo`).
            NotFound: there never was one.
            Invalid: what it was may no longer be stored.
        """
        async with self._database.write() as connection:
            before = await rows.current(connection, self._kind.name, key)
            if before is None:
                raise self._missing(key)
            if before.revision != expected:
                raise moved(key, expected, before)
            target = await rows.revision(connection, self._kind.name, key, expected - 1)
            if target is None or not await rows.touched(connection, self._kind.name, key):
                raise Conflict(
                    f"Nobody has changed '{key}' since it came, so there is nothing to undo.",
                    code="nothing_to_undo",
                )
            if not target.deleted:
                self._kind.checked_key(self._kind.decode(target.body))
            origin = target.origin if before.origin is Origin.ADMIN else Origin.ADMIN
            state = State(body=target.body, deleted=target.deleted, origin=origin)
            after = self._next(key, before, actor, state)
            record = record_of(self._kind, after)
            await self._store(connection, actor, [Step(action="undo", before=before, after=after)])
        await self._notices.poll()
        return record

    async def history(self, key: str) -> tuple[Record[T], ...]:
        """Every revision of a record, newest first, the current one included.

        Revisions that cannot be read as today's type are left out.

        Raises:
            NotFound: there never was one.
        """
        async with self._database.read() as connection:
            found = await rows.history(connection, self._kind.name, key)
        if not found:
            raise self._missing(key)
        return self._snapshot.readable(found)

    async def import_all(self, values: Sequence[T], actor: Actor, *, dry_run: bool = False) -> Diff[T]:
        """Put many values, all or nothing, over whatever is there; a dry run only tells what would happen.

        Raises:
            Invalid: one is wrong or two have one key; `param` begins with its index, `[3].price`.
        """
        return await self._put_all(keyed(self._kind, values), actor, Origin.ADMIN, dry_run=dry_run)

    async def change_all(
        self, change: Callable[[T], T], actor: Actor, *, dry_run: bool = False
    ) -> tuple[str, ...]:
        """Change every record that `change` makes another of, all or nothing; gives their keys.

        What somebody changes meanwhile is not lost: `change` sees the values of the same transaction. Records
        that cannot be read as today's type stay as they are.

        Raises:
            Invalid: a changed value may not be stored, or has another key.
        """
        transaction = self._database.read if dry_run else self._database.write
        async with transaction() as connection:
            steps: list[Step] = []
            for key, before in (await rows.all_current(connection, self._kind.name)).items():
                value = None if before.deleted else readable(self._kind, before)
                if value is None or (wanted := change(value)) == value:
                    continue
                if self._kind.checked_key(wanted) != key:
                    raise Invalid(f"'{key}' cannot get another key.", code="invalid_record", param="key")
                state = State(body=self._kind.encode(wanted))
                steps.append(
                    Step(action="update", before=before, after=self._next(key, before, actor, state))
                )
            if steps and not dry_run:
                await self._store(connection, actor, steps)
        if steps and not dry_run:
            await self._notices.poll()
        return tuple(step.after.key for step in steps)

    async def seed(self, values: Sequence[T], actor: Actor = SYSTEM, *, dry_run: bool = False) -> Diff[T]:
        """Put what Baton brings along: what is missing comes, what only seeds have touched is refreshed.

        What an admin changed or deleted stays as the admin wants it. Writes nothing where nothing differs;
        a dry run only tells what would happen. `actor`: who has it done, where it is not the start.

        Raises:
            Invalid: as `import_all`.
        """
        wanted = keyed(self._kind, values)
        plan = await self._put_all(wanted, actor, Origin.SEED, dry_run=True)
        if dry_run or not plan.effective:
            return plan
        return await self._put_all(wanted, actor, Origin.SEED, dry_run=False)

    async def _put_all(self, values: dict[str, T], actor: Actor, origin: Origin, *, dry_run: bool) -> Diff[T]:
        transaction = self._database.read if dry_run else self._database.write
        async with transaction() as connection:
            stored = await rows.all_current(connection, self._kind.name)
            diff = compare(self._kind, stored, values, origin)
            if dry_run or not diff.effective:
                return diff
            steps = [
                Step(
                    action="seed" if origin is Origin.SEED else "import",
                    before=(before := stored.get(each.key)),
                    after=self._next(
                        each.key, before, actor, State(body=self._kind.encode(each.after), origin=origin)
                    ),
                )
                for each in diff.effective
            ]
            await self._store(connection, actor, steps)
        await self._notices.poll()
        return diff

    async def _store(self, connection: AsyncConnection, actor: Actor, steps: Sequence[Step]) -> None:
        """The rows, their history, the audit and the notice: together or not at all."""
        await rows.store(connection, steps)
        changes = [
            Change(
                action=step.action,
                kind=self._kind.name,
                key=step.after.key,
                before=self._shown(step.before),
                after=self._shown(step.after),
            )
            for step in steps
        ]
        await self._scribe.append(connection, actor, steps[0].after.changed_at_ms, changes)
        await bump(connection, self._topic)

    def _next(self, key: str, before: RecordRow | None, actor: Actor, state: State) -> RecordRow:
        return RecordRow(
            kind=self._kind.name,
            key=key,
            revision=1 if before is None else before.revision + 1,
            body=state.body,
            deleted=state.deleted,
            changed_at_ms=int(self._clock.wall() * 1000),
            changed_by=actor.id,
            origin=state.origin,
        )

    def _at(self, row: RecordRow | None, key: str, expected: int) -> RecordRow:
        """The live row, if it is the revision that was read."""
        if row is None or (row.deleted and row.revision == expected):
            raise self._missing(key)
        if row.deleted or row.revision != expected:
            raise moved(key, expected, row)
        return row

    def _shown(self, row: RecordRow | None) -> str | None:
        return None if row is None or row.deleted else self._kind.masked(row.body)

    def _missing(self, key: str) -> NotFound:
        return NotFound(f"There is no {self._kind.name} '{key}'.")
