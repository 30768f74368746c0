"""Where the processes of one Baton meet: a folder of its own, below `run` in the data folder."""

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from baton.api.fleet.folder import FleetFolder

_RUN = "run"
_UNBORN = "."
_LONGEST = 80
"""Bytes of the folder's path: with a socket's name behind it no system takes more than some hundred."""


class Meeting(Struct, frozen=True):
    """A folder, and the socket in it at which its supervisor is asked."""

    folder: FleetFolder
    bridge: socket.socket


@contextmanager
def meeting_place(data_dir: Path) -> Generator[Meeting]:
    """A new one, for its owner only, removed at the end; those are removed whose supervisor is dead.

    It gets its name only once its socket takes calls: nobody can take it for a dead one's.

    Where the data folder's path is too long for sockets, it is a temporary one, to which a link leads.

    Raises:
        OSError: it cannot be made.
    """
    run = data_dir.resolve() / _RUN
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in _all(run):
        if not _lives(each):
            _remove(each)
    token = secrets.token_hex(4)
    path, unborn = run / token, run / f"{_UNBORN}{token}"
    with socket.socket(socket.AF_UNIX) as bridge:
        try:
            if len(os.fsencode(path)) > _LONGEST:
                unborn.symlink_to(tempfile.mkdtemp(prefix="baton-"))
            else:
                unborn.mkdir(mode=0o700)
            bridge.bind(os.fspath(FleetFolder(unborn.resolve()).bridge))
            bridge.listen()
            unborn.rename(path)
            yield Meeting(FleetFolder(path.resolve()), bridge)
        finally:
            _remove(unborn)
            _remove(path)


def supervised(data_dir: Path) -> list[FleetFolder]:
    """Those of supervisors that live; several may share a data folder."""
    return [FleetFolder(each.resolve()) for each in _all(data_dir.resolve() / _RUN) if _lives(each)]


async def ask(folder: FleetFolder, question: bytes) -> bytes:
    """Ask a supervisor; a line of an answer, empty where it ended meanwhile.

    Raises:
        OSError: it is gone.
    """
    reader, writer = await asyncio.open_unix_connection(folder.bridge)
    try:
        writer.write(question)
        return await reader.readline()
    finally:
        writer.close()


def _all(run: Path) -> list[Path]:
    try:
        return sorted(each for each in run.iterdir() if not each.name.startswith(_UNBORN))
    except FileNotFoundError:
        return []


def _lives(folder: Path) -> bool:
    """Whether its supervisor takes calls."""
    bridge = FleetFolder(folder.resolve()).bridge
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(os.fspath(bridge))
        except OSError:
            return False
    return True


def _remove(path: Path) -> None:
    shutil.rmtree(path.resolve(), ignore_errors=True)
    if path.is_symlink():
        with suppress(OSError):
            path.unlink()
