"""One file of the journal: allocated whole, then filled from its beginning."""

import errno
import os
import sys
from pathlib import Path
from typing import Self

from baton.ledger.framing import MAGIC

SUFFIX = ".segment"

_ZEROS = bytes(1 << 20)
_NOT_SUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class Segment:
    """A file of fixed size that records are appended to.

    `pins` counts the records whose interaction is not yet in the database; the file may go at 0. Methods
    raise OSError as the kernel gives it. Not for several threads at once.
    """

    __slots__ = ("_fd", "end", "number", "path", "pins", "size", "synced")

    def __init__(self, fd: int, number: int, path: Path, size: int) -> None:
        self._fd = fd
        self.number = number
        self.path = path
        self.size = size
        self.end = len(MAGIC)
        """Where the next record goes."""
        self.synced = 0
        """Up to where it is known to be on the disk."""
        self.pins = 0

    @classmethod
    def create(cls, folder: Path, number: int, size: int) -> Self:
        """Make the file and have the disk set aside all of it; leaves nothing behind when that fails."""
        path = folder / f"{number:08d}{SUFFIX}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _set_aside(fd, size)
            os.pwrite(fd, MAGIC, 0)
        except OSError:
            os.close(fd)
            path.unlink()
            raise
        return cls(fd, number, path, size)

    def append(self, frame: bytes) -> None:
        """Write one frame in one call to the kernel; it must fit. After an error nothing was appended."""
        written = os.pwrite(self._fd, frame, self.end)
        if written != len(frame):  # what was written of it is overwritten by the next one
            raise OSError(errno.ENOSPC, "short write", str(self.path))
        self.end += written
        self.pins += 1

    def try_end(self) -> None:
        """Write a zero where zeros are, behind the last record: whether the disk takes anything."""
        if self.end < self.size:
            os.pwrite(self._fd, b"\0", self.end)

    def read(self, start: int, end: int) -> bytes:
        """What lies between two offsets. Blocks."""
        return os.pread(self._fd, end - start, start)

    def sync(self) -> None:
        """Have the disk keep what was appended. Blocks."""
        end = self.end
        if sys.platform == "darwin":
            os.fsync(self._fd)
        else:
            os.fdatasync(self._fd)
        self.synced = end

    def close(self) -> None:
        """Close the file and leave it where it is."""
        os.close(self._fd)

    def discard(self) -> None:
        """Close and remove the file. Blocks."""
        os.close(self._fd)
        self.path.unlink(missing_ok=True)


def _set_aside(fd: int, size: int) -> None:
    """Allocate `size` bytes of zeros, not a hole: a full disk must show here and not at a later write."""
    if sys.platform != "darwin":
        try:
            os.posix_fallocate(fd, 0, size)
            return
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
    at = 0
    while at < size:
        at += os.pwrite(fd, _ZEROS[: size - at], at)
