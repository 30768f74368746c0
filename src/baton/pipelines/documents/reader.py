"""Reads documents, a few at a time, each in a process of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from baton.pipelines.documents import kinds, refusals
from baton.pipelines.documents.characters import line, name_of
from baton.pipelines.documents.child import PROGRAM, Child, Died, Told, Unstartable
from baton.pipelines.documents.document import Document, Kind
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.words import Failed, Task


class Reader:
    """Belongs to the loop on which it was entered. Who is cancelled while it reads has its child killed."""

    def __init__(self, limits: Limits | None = None, program: tuple[str, ...] = PROGRAM) -> None:
        """`program`: what the child's interpreter runs, where not the worker."""
        self._limits = limits or Limits()
        self._program = program
        self._turns = asyncio.Semaphore(self._limits.children)
        self._waiting = 0
        self._children: set[Child] = set()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        for child in self._children:
            child.kill()
        if self._under_way:
            await self._idle.wait()

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the children there are now."""
        return tuple(child.pid for child in self._children)

    async def read(self, name: str, data: bytes) -> Document:
        """The text of a file; `name`: as its sender calls it.

        Raises:
            Invalid: it cannot be read; the code says why: `document_empty`, `document_kind_unknown`,
                `document_unreadable`, `document_encrypted`, `document_too_slow`.
            TooLarge: `document_too_large`, by its bytes or by the memory that it takes.
            Unavailable: `documents_busy`: too many wait, or for too long.
        """
        name = name_of(name)
        limits = self._limits
        if len(data) > limits.file_bytes:
            raise refusals.too_large(name, len(data), limits)
        if not data:
            raise refusals.empty(name)
        if kinds.is_pdf(data):
            kind = Kind.PDF
        elif (format_ := kinds.foreign(data)) is not None:
            raise refusals.unknown(name, format_)
        else:
            kind = kinds.of_text(name)
        async with self._turn():
            told = await self._told(Task(kind, name), data)
        if isinstance(told.last, Failed):
            raise refusals.refused(told.last.reason, name, limits)
        return Document(
            name=name,
            title=line(told.last.title) or name.rpartition(".")[0] or name,
            kind=kind,
            pages=told.pages,
            page_count=told.last.page_count,
            notes=told.last.notes,
            left_out=told.last.left_out,
        )

    async def _told(self, task: Task, data: bytes) -> Told:
        try:
            async with self._child() as child:
                if not self._open:
                    raise Died
                return await child.read(task, data)
        except TimeoutError as error:
            raise refusals.too_slow(task.name, self._limits) from error
        except Unstartable as error:
            raise refusals.unstartable() from error
        except Died as error:
            raise (refusals.died(task.name) if self._open else refusals.closing()) from error

    @asynccontextmanager
    async def _child(self) -> AsyncGenerator[Child]:
        if not self._open:
            raise refusals.closing()
        self._under_way += 1
        self._idle.clear()
        try:
            async with Child.begun(self._limits, self._program) as child:
                self._children.add(child)
                try:
                    yield child
                finally:
                    self._children.discard(child)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        if self._turns.locked() and self._waiting >= self._limits.waiting:
            raise refusals.busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise refusals.busy() from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()
