"""The real command in processes of its own."""

import io
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from baton.cli.main import main

BATON = (sys.executable, "-m", "baton.cli.main")
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A command that goes on; `out` and `err` hold what it has said so far."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    lines: queue.Queue[str | None] = field(default_factory=queue.Queue)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first line on stdout, from here on, in which the pattern is found."""
        while (line := self.lines.get(timeout=_PATIENCE_S)) is not None:
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"ended without {pattern!r}: {''.join(self.out)}{''.join(self.err)}")

    def end(self, *signals: signal.Signals) -> int:
        """Send the signals; the exit code."""
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(_PATIENCE_S)


class Run(Protocol):
    """Runs a command to its end."""

    def __call__(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Ran: ...


class Start(Protocol):
    """Starts a command; it is killed when the test ends."""

    def __call__(
        self, *arguments: str, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> Running: ...


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Where the installation under test lives."""
    return tmp_path / "data"


@pytest.fixture
def environment(data_dir: Path, tmp_path: Path) -> dict[str, str]:
    """Nothing configured but the data folder."""
    kept = ("PATH", "PYTHONPATH", "LANG", "VIRTUAL_ENV", "SYSTEMROOT")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(tmp_path),
        "BATON_DATA_DIR": str(data_dir),
        "COLUMNS": "200",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `baton …` to its end, by its entry point, in this process: that spares the imports each time."""

    def run(*arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in list(os.environ):
                patch.delenv(name)
            for name, value in {**environment, **(env or {})}.items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            patch.setattr(sys, "argv", ["baton", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(stdin or ""))
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        assert isinstance(code, int)
        return Ran(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def spawn(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run `baton …` to its end, in a process of its own."""

    def spawn(*arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [*BATON, *arguments],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
            env={**environment, **(env or {})},
            cwd=tmp_path,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return spawn


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Generator[Start]:
    """Start `baton …`, which Ctrl-C reaches also where the tests run in a shell's background."""
    started: list[Running] = []
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # every child would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(
        *arguments: str, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> Running:
        process = subprocess.Popen(
            [*BATON, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**environment, **(env or {})},
            cwd=tmp_path,
        )
        running = Running(process)
        started.append(running)
        threading.Thread(target=_read_out, args=(running,), daemon=True).start()
        threading.Thread(target=_read_err, args=(running,), daemon=True).start()
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        for pipe in (running.process.stdout, running.process.stderr):
            assert pipe is not None
            pipe.close()


def _read_out(running: Running) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.out.append(line)
        running.lines.put(line)
    running.lines.put(None)


def _read_err(running: Running) -> None:
    assert running.process.stderr is not None
    running.err.extend(running.process.stderr)
