"""Holds the socket and has as many workers accept from it as there shall be.

It serves nothing, opens no database and reads no settings: a worker that is started reads them. So what a
reload brings, new settings or new code, is tried by a new worker while the old ones serve on, and what little
is here has no cause to fail.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from baton import __version__
from baton.cli.logs import configure
from baton.cli.stop import DONE, FAILED, INTERRUPTED
from baton.cli.workers.meeting import Meeting, meeting_place
from baton.cli.workers.process import PROGRAM, Worker, ending_of
from baton.cli.workers.words import RELOAD, Charge, Failed, Order, Outcome, Post, line

_log = structlog.stdlib.get_logger("baton.cli.workers.supervisor")  # not "__main__"


class Patience(Struct, frozen=True):
    """With workers that do not start, or do not stay."""

    start_s: float = 120.0
    """How long one may take until it is ready: the first may have many tables to change."""
    settled_s: float = 10.0
    """Who dies sooner has died of its start."""
    waits_s: tuple[float, ...] = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
    """Before the next try, after so many deaths in succession of each worker that there shall be."""


_USUAL = Patience()


class Supervisor:
    """`run` does all of it; the other methods are what signals mean."""

    def __init__(
        self,
        charge: Charge,
        listening: socket.socket,
        meeting: Meeting,
        patience: Patience = _USUAL,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """`program`: what the interpreter is told to run as a worker."""
        self._patience = patience
        self._program = program
        self._terminal = os.isatty(0)
        self._charge = charge
        self._listening = listening
        self._folder = meeting.folder
        self._bridge = meeting.bridge
        self._wanted = charge.workers
        self._last_number = 0
        self._living: dict[int, Worker] = {}
        """All that have been started and are not gone, those among them that leave."""
        self._serving: list[Worker] = []
        """Those that accept, the oldest first."""
        self._outgoing: list[Worker] = []
        """Those that asked to be replaced."""
        self._reloads: list[asyncio.Future[Outcome]] = []
        """Who waits to hear what became of it."""
        self._deaths = 0
        """In succession, each soon after its start."""
        self._next_try_s = 0.0
        self._news = asyncio.Event()
        self._ends = False
        self._code = DONE

    async def run(self) -> int:
        """Serve until told to stop; the exit code."""
        bridge = await asyncio.start_unix_server(self._asked, sock=self._bridge)
        async with bridge, asyncio.TaskGroup() as self._lives:
            _log.info("supervising", workers=self._wanted, version=__version__)
            first = await self._start(welcome=True)  # alone: tables and the first admin are made once
            if isinstance(first, Failed) and not self._ends:
                return first.code
            while not self._ends:
                await self._care()
            self._answer(Outcome(0, "Baton is about to end."))
        _log.info("ended", code=self._code)
        return self._code

    async def _care(self) -> None:
        """Do what is most urgent, or wait for news."""
        loop = asyncio.get_running_loop()
        missing = self._wanted - len(self._serving)
        waits_s = self._next_try_s - loop.time()
        if missing > 0 and waits_s <= 0:
            await asyncio.gather(*(self._start() for _ in range(missing)))
        elif missing < 0:
            self._dismiss(self._serving[0])
        elif self._reloads:
            self._answer(await self._replace(list(self._serving)))
        elif self._outgoing:
            await self._replace([self._outgoing.pop(0)])
        else:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(waits_s if missing > 0 else None):
                    await self._news.wait()

    async def _start(self, *, welcome: bool = False) -> Worker | Failed:
        """Start one more, and wait until it serves."""
        self._last_number += 1
        post = Post(
            number=self._last_number,
            listening=self._listening.fileno(),
            control=-1,
            folder=str(self._folder.path),
            welcome=welcome,
            called=self._charge.called,
            options=self._charge.options,
        )
        try:
            worker = await Worker.begun(post, self._program)
        except OSError as error:
            return self._not_started(post.number, Failed(f"the system gives no process: {error}", FAILED))
        self._living[worker.number] = worker
        if self._ends:  # while it was made
            worker.order(Order.END)
        self._lives.create_task(self._live(worker), name=f"worker {worker.number}")
        try:
            async with asyncio.timeout(self._patience.start_s):
                said = await asyncio.shield(worker.ready)
        except TimeoutError:
            worker.kill()
            said = Failed(f"it was not ready within {self._patience.start_s:g} s", FAILED)
        if isinstance(said, Failed):
            return self._not_started(worker.number, said)
        if not self._ends and worker.number in self._living:
            _log.info("worker_ready", worker=worker.number, pid=worker.pid)
            self._serving.append(worker)
            self._wanted = said.workers
        return worker

    def _not_started(self, number: int, failed: Failed) -> Failed:
        if not self._ends:
            _log.error("worker_not_ready", worker=number, why=failed.why)
            self._count_death()
        return failed

    async def _live(self, worker: Worker) -> None:
        """From its start to its end, and what that means."""
        code = await worker.life(self._wants_out)
        del self._living[worker.number]
        try:
            await asyncio.to_thread(self._folder.bury, worker.number)
        except OSError as error:
            _log.error("metrics_lost", worker=worker.number, error=str(error))
        if self._ends:
            if worker.ready_at_s is not None:  # who was not has had nothing to finish
                self._code = max(self._code, FAILED if code < 0 else code)
        elif worker in self._serving:
            self._serving.remove(worker)
            _log.error("worker_died", worker=worker.number, why=ending_of(code))
            now_s = asyncio.get_running_loop().time()
            if worker.ready_at_s is None or now_s - worker.ready_at_s > self._patience.settled_s:
                self._deaths = 0
            self._count_death()
        elif worker.ready_at_s is not None:
            _log.info("worker_left", worker=worker.number, code=code)
        self._news.set()

    def _count_death(self) -> None:
        """Wait longer before the next try, or give up where there is nobody left to serve."""
        waits_s = self._patience.waits_s
        rounds, self._deaths = self._deaths // self._wanted, self._deaths + 1
        if rounds < len(waits_s) or self._serving:
            wait_s = waits_s[min(rounds, len(waits_s) - 1)]
            self._next_try_s = asyncio.get_running_loop().time() + wait_s
        else:
            _log.critical("given_up", why="no worker stays alive; what was logged of them says why")
            self._code = FAILED
            self.end()

    async def _replace(self, workers: list[Worker]) -> Outcome:
        """One by one; each old one leaves when its successor serves."""
        replaced = 0
        for old in workers:
            if old not in self._serving:  # dead, and replaced already
                continue
            new = await self._start()
            if self._ends:
                return Outcome(replaced, "Baton is about to end.")
            if isinstance(new, Failed):
                _log.error("not_replaced", workers=len(self._serving), why=new.why)
                return Outcome(replaced, new.why)
            self._dismiss(old)
            replaced += 1
        _log.info("replaced", workers=replaced)
        return Outcome(replaced)

    def _dismiss(self, worker: Worker) -> None:
        """It leaves; the others go on."""
        if worker in self._serving:  # it may have died while its successor began
            self._serving.remove(worker)
            worker.order(Order.LEAVE)

    def _wants_out(self, worker: Worker) -> None:
        self._outgoing.append(worker)
        self._news.set()

    def hang_up(self) -> None:
        """SIGHUP means what the daemons of old made of it, unless its first meaning is true."""
        if self._terminal and not os.isatty(0):
            self.end()
        else:
            self.reload()

    def reload(self) -> asyncio.Future[Outcome]:
        """Have all replaced; what will have become of it."""
        _log.info("reloading")
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._reloads.append(outcome)
        self._next_try_s = 0.0
        self._news.set()
        return outcome

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody calls; `meeting` looks like this whether anybody is here, and says nothing."""
        with suppress(OSError):
            if await reader.readline() == RELOAD:
                writer.write(line(await self.reload()))
                await writer.drain()
        writer.close()

    def _answer(self, outcome: Outcome) -> None:
        """All that have asked so far: what they asked for is in it."""
        for each in self._reloads:
            if not each.done():
                each.set_result(outcome)
        self._reloads.clear()

    def end(self) -> None:
        """The first time, all finish; the second time, they do not."""
        if self._ends:
            self._code = INTERRUPTED
        for worker in self._living.values():
            if self._ends and not worker.ready.done():
                worker.kill()
            else:
                worker.order(Order.CUT if self._ends else Order.END)
        self._ends = True
        self._listening.close()  # the last worker to close its own closes the port
        self._news.set()


def main() -> None:
    """Be a supervisor, and exit."""
    charge = msgspec.json.decode(sys.argv[1], type=Charge)
    configure(charge.log_level)
    listening = socket.socket(fileno=charge.listening)
    listening.set_inheritable(False)
    try:
        with listening, meeting_place(Path(charge.data_dir)) as meeting:
            sys.exit(asyncio.run(_supervise(charge, listening, meeting)))
    except OSError as error:
        print(f"baton: {charge.data_dir} cannot be used: {error.strerror}.", file=sys.stderr)
        sys.exit(FAILED)


async def _supervise(charge: Charge, listening: socket.socket, meeting: Meeting) -> int:
    loop = asyncio.get_running_loop()
    supervisor = Supervisor(charge, listening, meeting)
    told = 0

    def end() -> None:
        nonlocal told
        told += 1
        supervisor.end()
        if told == 2:  # a third one kills
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, supervisor.hang_up)
    return await supervisor.run()


if __name__ == "__main__":
    main()
