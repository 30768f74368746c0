"""What all routes do that change one record: guarded by its revision, which goes back as `ETag`."""

from typing import Generic, TypeVar

from fastapi import Response
from msgspec import Struct

from baton.api.admin.revisions import guarded, wanted_revision
from baton.records.audit.entry import Actor
from baton.records.kind import Record
from baton.records.store import Records

T = TypeVar("T", bound=Struct)


class Editing(Generic[T]):
    """Changes records of one kind; `if_match` and `response` are those of the request."""

    def __init__(self, records: Records[T]) -> None:
        self._records = records

    def one(self, key: str, response: Response) -> Record[T]:
        """One that there is.

        Raises:
            NotFound: there is none.
        """
        return _tagged(self._records.get(key), response)

    async def put(
        self, key: str, value: T, actor: Actor, if_match: str | None, response: Response
    ) -> Record[T]:
        """Set one; its revision must be named where there is one.

        Raises:
            Unguarded, Outdated: no revision was named, or not the current one.
        """
        record = self._records.snapshot.get(key)
        revision = None
        if record is not None or if_match is not None:
            revision = wanted_revision(if_match, None if record is None else record.revision)
        with guarded():
            return _tagged(await self._records.put(value, actor, revision), response)

    async def delete(self, key: str, actor: Actor, if_match: str | None, response: Response) -> None:
        """Take one away; the `ETag` is what an undo wants."""
        record = self._records.get(key)
        with guarded():
            revision = await self._records.delete(key, actor, wanted_revision(if_match, record.revision))
        response.headers["etag"] = f'"{revision}"'

    async def undo(self, key: str, actor: Actor, if_match: str | None, response: Response) -> Record[T]:
        """Go back to how it was before its current revision; undoing twice does it again."""
        current = (await self._records.history(key))[0].revision
        with guarded():
            record = await self._records.undo(key, actor, wanted_revision(if_match, current))
        return _tagged(record, response)


def _tagged(record: Record[T], response: Response) -> Record[T]:
    response.headers["etag"] = record.etag
    return record
