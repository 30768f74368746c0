"""Keeps what was read of a project's documents."""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, delete, func, insert, select

from baton.core.clock import Clock
from baton.core.errors import Conflict, NotFound
from baton.pipelines.documents.document import Document
from baton.pipelines.documents.tables import DOCUMENTS
from baton.pipelines.engine.content import Content
from baton.storage.database import Database

PURPOSE = "documents v1"
"""What the key for their contents is derived for."""

MOST = 100
"""Documents of one project; a brand's papers are some dozen."""

_D = DOCUMENTS.c


class Shelved(Struct, frozen=True, kw_only=True):
    """A document that is kept."""

    id: str
    project_id: str
    by: str
    """The id of the user who brought it."""
    at_ms: int
    bytes: int
    """Of the file."""
    document: Document


class Shelf:
    """Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, content: Content, clock: Clock, new_id: Callable[[], str]) -> None:
        self._database = database
        self._content = content
        self._clock = clock
        self._new_id = new_id

    async def put(self, project_id: str, document: Document, size_bytes: int, by: str) -> Shelved:
        """Keep a document.

        Raises:
            Conflict: the project has `MOST` of them; code `too_many_documents`.
        """
        document_id, at_ms = self._new_id(), int(self._clock.wall() * 1000)
        values = {
            "id": document_id,
            "project_id": project_id,
            "kind": document.kind,
            "pages": document.page_count,
            "characters": document.characters,
            "bytes": size_bytes,
            "by": by,
            "at_ms": at_ms,
            "content": self._content.close(document, document_id, "document"),
        }
        count = select(func.count()).where(_D.project_id == project_id)
        async with self._database.write() as connection:
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise Conflict(
                    f"The project has {MOST} documents, which is as many as one may have.",
                    code="too_many_documents",
                )
            await connection.execute(insert(DOCUMENTS).values(values))
        return Shelved(
            id=document_id, project_id=project_id, by=by, at_ms=at_ms, bytes=size_bytes, document=document
        )

    async def of_project(self, project_id: str) -> list[Shelved]:
        """All of a project's, the oldest first."""
        query = select(DOCUMENTS).where(_D.project_id == project_id).order_by(_D.id)
        async with self._database.read() as connection:
            rows = list(await connection.execute(query))
        return await asyncio.to_thread(lambda: [self._shelved(row) for row in rows])  # they may be long

    async def one(self, project_id: str, document_id: str) -> Shelved:
        """One of a project's.

        Raises:
            NotFound: it has none of that id; code `document_unknown`.
        """
        query = select(DOCUMENTS).where(_D.id == document_id, _D.project_id == project_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _unknown(document_id)
        return await asyncio.to_thread(self._shelved, row)

    async def remove(self, project_id: str, document_id: str) -> None:
        """Keep it no longer; raises as `one`."""
        gone = delete(DOCUMENTS).where(_D.id == document_id, _D.project_id == project_id)
        async with self._database.write() as connection:
            if not (await connection.execute(gone)).rowcount:
                raise _unknown(document_id)

    def _shelved(self, row: Row[*tuple[Any, ...]]) -> Shelved:
        return Shelved(
            id=row.id,
            project_id=row.project_id,
            by=row.by,
            at_ms=row.at_ms,
            bytes=row.bytes,
            document=self._content.open(row.content, row.id, "document", Document),
        )


def _unknown(document_id: str) -> NotFound:
    return NotFound(f"The project has no document {document_id[:36]!r}.", code="document_unknown")
