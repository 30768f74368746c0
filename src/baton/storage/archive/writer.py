"""Writing an archive from its beginning to its end, a piece at a time: a gzipped tar. All of it blocks."""

import contextlib
import gzip
import hashlib
import io
import tarfile
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from baton.storage.archive.manifest import MANIFEST, Manifest, Member, Origin, StoredTable

_LEVEL = 3
"""Of gzip's nine: rows of the ledger get to a tenth of their size at three times the default's speed."""

_PRIVATE = 0o600


class ArchiveWriter:
    """Adds members one after the other; `with` closes it, and only `finish` makes it whole.

    Raises OSError as the file does.
    """

    def __init__(self, file: BinaryIO, at_s: float) -> None:
        """`file` need not be seekable; `at_s`: what its members bear as their time."""
        self._at_s = at_s
        self._zip = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=at_s)
        self._tar = tarfile.open(fileobj=self._zip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._members: list[Member] = []
        self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._whole:
            self._zip.close()
            return
        for part in (self._tar, self._zip):  # what is cut off lacks its manifest, however it ends
            with contextlib.suppress(OSError):
                part.close()

    def add(self, name: str, data: bytes) -> None:
        """Add a file."""
        self._members.append(Member(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest()))
        self._put(name, data)

    def finish(self, origin: Origin, tables: tuple[StoredTable, ...]) -> Manifest:
        """Say what is in it, and that this is all."""
        manifest = Manifest(origin=origin, tables=tables, members=tuple(self._members))
        self._put(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._tar.close()
        self._whole = True
        return manifest

    def _put(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(data), _PRIVATE, int(self._at_s)
        self._tar.addfile(info, io.BytesIO(data))
