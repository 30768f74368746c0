"""A process's own folder in the journal, and those that dead processes left behind."""

import fcntl
import os
from pathlib import Path
from typing import Self

import structlog

from baton.ledger.segment import SUFFIX

LOCK = "lock"
"""The file in each folder that its owner has locked."""

UNBORN = ".new-"
"""What the name of a folder begins with that is not yet locked."""

_log = structlog.stdlib.get_logger(__name__)


class Folder:
    """A folder held under an exclusive lock; the kernel lets go of it when the process dies, however it dies.

    All methods block, and raise OSError.
    """

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self._lock_fd = lock_fd

    @classmethod
    def create(cls, root: Path, name: str) -> Self:
        """Make and lock `root/name`; `name` must never have been used before, so not a process id.

        It gets its name only once it is locked: nobody can take it for a dead process's.
        """
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unborn = root / f"{UNBORN}{name}"
        unborn.mkdir(mode=0o700)
        lock_fd = os.open(unborn / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path = root / name
            unborn.rename(path)
        except OSError:
            os.close(lock_fd)
            raise
        return cls(path, lock_fd)

    @classmethod
    def claim_abandoned(cls, root: Path) -> list[Self]:
        """Lock every folder whose owner is dead, oldest name first; one that may not be opened is left."""
        claimed: list[Self] = []
        for path in sorted(root.iterdir()):
            if path.name.startswith(UNBORN):
                continue
            try:
                folder = cls._claim(path)
            except OSError as error:  # another user's, perhaps: it must not keep the others from being found
                _log.error("journal_not_recovered", path=str(path), error=str(error))
                continue
            if folder is not None:
                claimed.append(folder)
        return claimed

    @classmethod
    def _claim(cls, path: Path) -> Self | None:
        try:
            lock_fd = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock_fd)
            return None
        except OSError:
            os.close(lock_fd)
            raise
        if not (path / LOCK).exists():  # another claimed, emptied and removed it in between
            os.close(lock_fd)
            return None
        return cls(path, lock_fd)

    def segment_paths(self) -> list[Path]:
        """The files in it, in the order they were begun."""
        return sorted(self.path.glob(f"*{SUFFIX}"))

    def release(self) -> None:
        """Leave the folder to whoever claims it next."""
        os.close(self._lock_fd)

    def remove(self) -> None:
        """Remove the folder and what is in it; the lock is held to the last."""
        for path in self.segment_paths():
            path.unlink()
        (self.path / LOCK).unlink()
        self.path.rmdir()
        os.close(self._lock_fd)
