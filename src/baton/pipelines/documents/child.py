"""One child process, as its parent sees it: made for one document, and killed at its end."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Self

import msgspec

from baton.core.frames import HEAD_BYTES, framed, length_in
from baton.pipelines.documents.document import Page
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.words import WORD, Failed, Leaf, Reason, Task, Whole

PROGRAM = ("-P", "-m", "baton.pipelines.documents.worker")
"""What the interpreter is told to run; not from the folder that it happens to be started in."""

_PIECE_BYTES = 2**18
"""Written at once, so that no second copy of the file is made."""
_BYTES_A_CHARACTER = 8
"""Four, and as many again where it stands among the headings, too."""
_BYTES_A_PAGE = 256
_BYTES_BESIDE = 2**16
"""For title and notes."""
_TOO_LATE = (-signal.SIGXCPU, -signal.SIGALRM)
_OUT_OF_MEMORY = -signal.SIGABRT
"""PDFium aborts where it is given no more memory (`FX_OutOfMemoryTerminate`), and by nothing else that was
seen; where memory is found to be damaged the C library aborts, too."""


class Unstartable(Exception):
    """There is no process to be had."""


class Died(Exception):
    """It ended without a last word that makes sense."""


class Told(msgspec.Struct, frozen=True):
    """All that it said."""

    pages: tuple[Page, ...]
    last: Whole | Failed


class Child:
    """The house's other child, the tokenizer's, is kept alive and trusted; this one lives for one document
    and is not trusted: all that they share is how frames look."""

    def __init__(self, process: Process, limits: Limits) -> None:
        self._process = process
        self._limits = limits

    @classmethod
    @asynccontextmanager
    async def begun(cls, limits: Limits, program: tuple[str, ...] = PROGRAM) -> AsyncGenerator[Self]:
        """Start it; it is dead and gone at the end. It gets its input and output and, of our environment,
        only where modules are found.

        Raises:
            Unstartable: the system gives no process.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *program, msgspec.json.encode(limits).decode()),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                start_new_session=True,  # so that whatever it starts dies with it
            )
        except OSError as error:
            raise Unstartable from error
        child = cls(process, limits)
        try:
            yield child
        finally:
            child.kill()
            await process.communicate()
            assert process.stdin is not None
            with suppress(ConnectionError):  # of a file that it did not read to the end
                await process.stdin.wait_closed()

    @property
    def pid(self) -> int:
        """Of its process, and of its group."""
        return self._process.pid

    async def read(self, task: Task, data: bytes) -> Told:
        """Give it the file, and hear it to its last word.

        Raises:
            TimeoutError: it took more time than it had.
            Died: it broke down, or told more than it could have read.
        """
        async with asyncio.timeout(self._limits.seconds):
            try:
                await self._feed(task, data)
                return await self._heard()
            except asyncio.IncompleteReadError as error:
                ending = await self._process.wait()
                if ending in _TOO_LATE:
                    raise TimeoutError from error
                if ending == _OUT_OF_MEMORY:
                    return Told((), Failed(Reason.MEMORY))
                raise Died from error
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise Died from error

    def kill(self) -> None:
        """It, and all that it may have started; does not wait for the end."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _feed(self, task: Task, data: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        # One that is dead already may have said why.
        with suppress(ConnectionError):
            stdin.write(framed(msgspec.msgpack.encode(task)))
            for start in range(0, len(data), _PIECE_BYTES):
                stdin.write(data[start : start + _PIECE_BYTES])
                await stdin.drain()
            stdin.close()

    async def _heard(self) -> Told:
        stdout = self._process.stdout
        assert stdout is not None
        limits = self._limits
        left = limits.characters * _BYTES_A_CHARACTER + limits.pages * _BYTES_A_PAGE + _BYTES_BESIDE
        pages: list[Page] = []
        while True:
            length = length_in(await stdout.readexactly(HEAD_BYTES))
            left -= length
            if left < 0:
                raise Died
            word = WORD.decode(await stdout.readexactly(length))
            if any("\0" in text for text in _texts(word)):
                raise Died
            if not isinstance(word, Leaf):
                return Told(tuple(pages), word)
            pages.append(word.page)


def _texts(word: Leaf | Failed | Whole) -> tuple[str, ...]:
    match word:
        case Leaf():
            return (word.page.text, *word.page.headings)
        case Whole():
            return (word.title, *word.notes, *word.left_out)
        case Failed():
            return ()
