"""The one child process that tokenizes, kept alive from the first count on."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from types import TracebackType
from typing import Self

import msgspec

from baton.catalog.tokens.frames import Question
from baton.core.frames import HEAD_BYTES, framed, length_in

MOST_WAITING = 64
MOST_CHARS = 4_000_000
"""Of one question: a quarter of a second's work."""
MOST_S = 10.0
"""For an answer, the child's start and the loading of a vocabulary included."""

_Job = tuple[Question, asyncio.Future[list[int] | None]]


class Tokenizer:
    """Asks the child, one question after another. None for an answer: it cannot be had, estimate instead.

    Who is cancelled while it waits leaves its place; an answer under way is read to its end and thrown away.
    """

    def __init__(self, command: tuple[str, ...] | None = None, most_s: float = MOST_S) -> None:
        """`command`: what to start, where not the worker; `most_s`: how long an answer may take."""
        # -P: the folder that Baton was started in is no place to import from.
        self._command = command or (sys.executable, "-P", "-m", "baton.catalog.tokens.worker")
        self._most_s = most_s
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(MOST_WAITING)
        self._process: Process | None = None
        self._asking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        while not self._jobs.empty():
            _, answer = self._jobs.get_nowait()
            _give(answer, None)
        await self._end()

    @property
    def pid(self) -> int | None:
        """The child's, where there is one."""
        return None if self._process is None else self._process.pid

    async def count(self, question: Question) -> list[int] | None:
        """Tokens of each group of texts."""
        if sum(len(text) for group in question.groups for text in group) > MOST_CHARS or self._jobs.full():
            return None
        answer: asyncio.Future[list[int] | None] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((question, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        while True:
            question, answer = await self._jobs.get()
            if answer.done():
                continue
            try:
                counts = await self._ask(question)
            except BaseException:
                _give(answer, None)
                raise
            _give(answer, counts)

    async def _ask(self, question: Question) -> list[int] | None:
        """A child that died since the last question is replaced, once for each question."""
        try:
            body = framed(msgspec.msgpack.encode(question))
        except UnicodeEncodeError:  # half a character
            return None
        for _ in range(2):
            try:
                async with asyncio.timeout(self._most_s):
                    return await self._exchange(body)
            except (TimeoutError, msgspec.MsgspecError):
                await self._end()
                return None
            except (OSError, asyncio.IncompleteReadError):
                await self._end()
        return None

    async def _exchange(self, body: bytes) -> list[int]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(body)
        await stdin.drain()
        length = length_in(await stdout.readexactly(HEAD_BYTES))
        return msgspec.msgpack.decode(await stdout.readexactly(length), type=list[int])

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _give(answer: asyncio.Future[list[int] | None], counts: list[int] | None) -> None:
    if not answer.done():
        answer.set_result(counts)
