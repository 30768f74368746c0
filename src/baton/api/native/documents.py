"""`/api/projects/{id}/documents`: what a project's agents read."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from baton.access.identity.ownership import require_open, require_role
from baton.access.identity.project import ProjectRole
from baton.access.identity.projects import Projects
from baton.api.bodies import Shown, moment
from baton.api.callers import AccountCaller, ReadingCaller
from baton.core.caller import Caller
from baton.pipelines.documents.reader import Reader
from baton.pipelines.documents.shelf import Shelf, Shelved

PATH = "/api/projects/{project_id}/documents"
_ONE = PATH + "/{document_id}"
_TAG = "Documents"

_Name = Annotated[
    str, Query(min_length=1, max_length=255, description="What the file is called, e.g. `brief.pdf`.")
]


class DocumentLine(Shown):
    """A document in a list. `notes` and `leftOut`: what its reader should know, in sentences."""

    id: str
    name: str
    title: str
    kind: str
    pages: int
    characters: int
    bytes: int
    by: str
    at: datetime
    notes: list[str]
    left_out: list[str]


class DocumentPage(Shown):
    """What one page says."""

    number: int
    text: str
    headings: list[str]


class DocumentShown(DocumentLine):
    """All that was read of a document."""

    content: list[DocumentPage]


class DocumentList(Shown):
    """All of a project's, the oldest first."""

    documents: list[DocumentLine]


class DocumentRoutes:
    """For those in the project: who looks on reads, who works in it brings and takes away."""

    def __init__(self, reader: Reader, shelf: Shelf, projects: Projects) -> None:
        self._reader = reader
        self._shelf = shelf
        self._projects = projects

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        routes: list[tuple[str, Any, str, Any]] = [
            (PATH, self.list, "GET", DocumentList),
            (_ONE, self.one, "GET", DocumentShown),
        ]
        for path, route, method, model in routes:
            to.add_api_route(path, route, methods=[method], response_model=model, tags=[_TAG])
        to.add_api_route(
            PATH,
            self.put,
            methods=["POST"],
            response_model=DocumentLine,
            status_code=201,
            tags=[_TAG],
            openapi_extra={"requestBody": {"required": True, "content": _FILE}},
        )
        to.add_api_route(_ONE, self.remove, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def put(
        self, caller: AccountCaller, project_id: str, request: Request, name: _Name = "document"
    ) -> DocumentLine:
        """Bring a document: the body is the file itself, PDF, Markdown or text. Only its text is kept."""
        await self._require(caller, project_id, ProjectRole.MEMBER)
        data = await request.body()
        document = await self._reader.read(name, data)
        return _line(await self._shelf.put(project_id, document, len(data), caller.user_id))

    async def list(self, caller: ReadingCaller, project_id: str) -> DocumentList:
        """List a project's documents, the oldest first."""
        await self._require(caller, project_id, ProjectRole.VIEWER)
        return DocumentList(documents=[_line(each) for each in await self._shelf.of_project(project_id)])

    async def one(self, caller: ReadingCaller, project_id: str, document_id: str) -> DocumentShown:
        """What was read of a document, page by page."""
        await self._require(caller, project_id, ProjectRole.VIEWER)
        found = await self._shelf.one(project_id, document_id)
        pages = [
            DocumentPage(number=page.number, text=page.text, headings=[*page.headings])
            for page in found.document.pages
        ]
        return DocumentShown(**_head(found), content=pages)

    async def remove(self, caller: AccountCaller, project_id: str, document_id: str) -> None:
        """Take a document away; what was written from it stays."""
        await self._require(caller, project_id, ProjectRole.MEMBER)
        await self._shelf.remove(project_id, document_id)

    async def _require(self, caller: Caller, project_id: str, least: ProjectRole) -> None:
        project = await self._projects.one(project_id)
        require_role(caller, project, least)
        if least is ProjectRole.MEMBER:
            require_open(project)


_FILE: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in ("application/pdf", "text/markdown", "text/plain", "application/octet-stream")
}


def _line(found: Shelved) -> DocumentLine:
    return DocumentLine(**_head(found))


def _head(found: Shelved) -> dict[str, Any]:
    document = found.document
    return {
        "id": found.id,
        "name": document.name,
        "title": document.title,
        "kind": document.kind.value,
        "pages": document.page_count,
        "characters": document.characters,
        "bytes": found.bytes,
        "by": found.by,
        "at": moment(found.at_ms),
        "notes": [*document.notes],
        "left_out": [*document.left_out],
    }
