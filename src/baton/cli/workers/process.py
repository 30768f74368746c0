"""One worker, as its supervisor sees it."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Self

from msgspec.structs import replace

from baton.cli.stop import FAILED
from baton.cli.workers.words import REPORTS, Failed, Order, Post, Ready, heard, line

PROGRAM = ("-P", "-m", "baton.cli.workers.worker")
"""What the interpreter is told to run; not from the folder that it happens to be started in."""


class Worker:
    """A process that was started; `life` has to be awaited."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, line_to: socket.socket) -> None:
        self.number = number
        self.ready: asyncio.Future[Ready | Failed] = asyncio.get_running_loop().create_future()
        """Whether it accepts connections; said once."""
        self.ready_at_s: float | None = None
        """On the loop's clock."""
        self._process = process
        self._line = line_to
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    async def begun(cls, post: Post, program: Sequence[str] = PROGRAM) -> Self:
        """Start it; its end of the line is made here.

        Raises:
            OSError: the system gives no process.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            post = replace(post, control=theirs.fileno())
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, *program, line(post).decode()),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(post.listening, post.control),
                    process_group=0,  # Ctrl-C is for the supervisor, which tells them
                )
            except OSError:
                ours.close()
                raise
        return cls(post.number, process, ours)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    async def life(self, wants_out: Callable[[Self], None]) -> int:
        """Listen to it until it is gone; its exit code, negative where a signal killed it."""
        self._line.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=self._line)
        self._writer = writer
        try:
            while said := await heard(reader):
                report = REPORTS.decode(said)
                if isinstance(report, Ready | Failed):
                    self._settle(report)
                else:
                    wants_out(self)
            code = await self._process.wait()
        finally:
            writer.close()
        self._settle(Failed(ending_of(code), FAILED))
        return code

    def order(self, order: Order) -> None:
        """Tell it what to do; one that is gone does not hear it."""
        if self._writer is None:
            self._line.send(line(order))
        elif not self._writer.is_closing():
            self._writer.write(line(order))

    def kill(self) -> None:
        """One that does not serve yet has nothing to finish."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    def _settle(self, said: Ready | Failed) -> None:
        if not self.ready.done():
            if isinstance(said, Ready):
                self.ready_at_s = asyncio.get_running_loop().time()
            self.ready.set_result(said)


def ending_of(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"it was killed by signal {-code} ({signal.strsignal(-code)})"
    return f"it ended with exit code {code}"
