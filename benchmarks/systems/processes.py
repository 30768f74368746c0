"""Starting, pinning, accounting and stopping the programs of a run (Linux: it reads /proc)."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
# 500 open streams are 1000 descriptors, which is where the usual soft limit of 1024 begins to hurt.
_DESCRIPTORS = 65_536
_STOP_GRACE_S = 5.0


class Unfit(Exception):
    """A measurement that cannot be made or must not be believed; the message says why."""


class Cores:
    """Who runs where: the system under test alone on one core, load and upstream on another."""

    def __init__(self) -> None:
        usable = sorted(os.sched_getaffinity(0))
        self.tested = usable[0]
        self.load = usable[1] if len(usable) > 1 else usable[0]

    @property
    def shared(self) -> bool:
        """Whether there is only one core, so that load and system compete for it."""
        return self.tested == self.load


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**extra: str) -> dict[str, str]:
    """What a program needs of ours and `extra`: no proxies, no keys, no switched-off bytecode."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return kept | extra


class Process:
    """A started program with all its descendants: one session, one log file."""

    def __init__(
        self, name: str, command: Sequence[str], *, core: int, folder: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = folder / "log.txt"

        def prepare() -> None:
            os.sched_setaffinity(0, {core})
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

        self.started_s = time.monotonic()
        with self.log.open("wb") as log:
            self._popen = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=prepare,
            )
        self._session = self._popen.pid

    def _stats(self) -> list[list[str]]:
        """`/proc/PID/stat` of every process of the session, from the state on."""
        found: list[list[str]] = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                text = Path(entry.path, "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            fields = text[text.rindex(")") + 2 :].split()
            if int(fields[3]) == self._session:
                found.append([*fields, entry.name])
        return found

    def cpu_s(self) -> float:
        """CPU seconds, user and system, of the whole tree, children that have ended included."""
        return sum(sum(int(ticks) for ticks in fields[11:15]) for fields in self._stats()) / _TICKS_PER_S

    def rss_kb(self) -> float:
        """Resident memory of the whole tree."""
        return sum(int(fields[21]) for fields in self._stats()) * _PAGE_KB

    def ended(self) -> bool:
        """Whether the program itself has ended."""
        return self._popen.poll() is not None

    def wait_until(self, ready: Callable[[], bool], *, within_s: float, every_s: float = 0.02) -> None:
        """Waits for `ready`; raises `Unfit` with the end of the log if the program ends or takes too long."""
        deadline = time.monotonic() + within_s
        while not ready():
            if self.ended() or time.monotonic() > deadline:
                how = (
                    f"ended with {self._popen.returncode}" if self.ended() else f"not ready in {within_s:g} s"
                )
                tail = self.log.read_text(errors="replace").strip()[-800:]
                raise Unfit(f"{self.name} {how}" + (f": {tail}" if tail else ""))
            time.sleep(every_s)

    def last_line(self, *, within_s: float) -> str:
        """Waits for the program to end by itself and returns the last line it wrote.

        Raises `Unfit` with the end of the log if it fails, says nothing or takes too long.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(within_s)
        lines = self.log.read_text(errors="replace").strip().splitlines()
        if self._popen.returncode != 0 or not lines:
            how = f"ended with {self._popen.returncode}" if self.ended() else f"took over {within_s:g} s"
            raise Unfit(f"{self.name} {how}: {' '.join(lines)[-800:]}")
        return lines[-1]

    def stop(self) -> None:
        """Ends the session: asks, waits, then insists; reaches also what left the process group."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_GRACE_S
        while self._alive() and time.monotonic() < deadline:
            self._popen.poll()
            time.sleep(0.02)
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def _alive(self) -> bool:
        return any(fields[0] != "Z" for fields in self._stats())

    def _signal(self, number: signal.Signals) -> None:
        for fields in self._stats():
            try:
                os.kill(int(fields[-1]), number)
            except ProcessLookupError:
                continue


class Stage:
    """Owns all that a run starts and writes; leaving it stops every program and removes every file."""

    def __init__(self) -> None:
        self.cores = Cores()
        self._root = Path(tempfile.mkdtemp(prefix="baton-bench-"))
        self._processes: list[Process] = []
        self._folders = 0

    def __enter__(self) -> Self:
        os.sched_setaffinity(0, {self.cores.load})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C must not leave half of them running.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for process in reversed(self._processes):
                process.stop()
        finally:
            shutil.rmtree(self._root, ignore_errors=True)
            for number, handler in before.items():
                signal.signal(number, handler)

    def folder(self, name: str) -> Path:
        """A new, empty folder that vanishes with the stage."""
        self._folders += 1
        path = self._root / f"{self._folders}-{name.lower().replace(' ', '-')}"
        path.mkdir()
        return path

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        core: int,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Process:
        """Starts `command` on `core`, in a folder of its own unless told."""
        process = Process(
            name,
            command,
            core=core,
            folder=folder or self.folder(name),
            env=clean_environment() if env is None else env,
        )
        self._processes.append(process)
        return process

    def start_module(self, name: str, module: str, *arguments: str, core: int) -> Process:
        """Starts a program of `benchmarks/systems` on `core`."""
        command = [sys.executable, "-m", f"benchmarks.systems.{module}", *arguments]
        return self.start(name, command, core=core, env=clean_environment(PYTHONPATH=str(REPOSITORY)))

    def stop(self, process: Process) -> None:
        """Ends one program before the stage does."""
        process.stop()
        self._processes.remove(process)
