"""Reading an archive: wholly examined first, then a member at a time. All of it blocks."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from baton.core.errors import Invalid
from baton.storage.archive.manifest import FORMAT, MANIFEST, Manifest, Member

_LARGEST = 256 << 20
"""Bytes of one member; what is written here stays far below."""

_REST = 1 << 20


class _Format(msgspec.Struct):
    format: int


class Archive:
    """A file that is one, as far as `examine` can tell.

    Everything here raises:
        Invalid: it is no whole archive; code `backup_damaged`, or `backup_unknown` for that of a newer Baton.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def examine(self) -> Manifest:
        """Read all of it, and hold every member against its checksum."""
        found: list[Member] = []
        said: bytes | None = None
        with self._damage():
            for name, data in self._walk():
                if said is not None:
                    raise self._damaged(f"{name} comes after the manifest")
                if name == MANIFEST:
                    said = data
                else:
                    digest = hashlib.sha256(data).hexdigest()
                    found.append(Member(name=name, size=len(data), sha256=digest))
        if said is None:
            raise self._damaged("it ends before its manifest")
        manifest = self._read_manifest(said)
        self._compare(manifest, found)
        return manifest

    def members(self, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
        """Every member but the manifest, in its order, once more held against its checksum."""
        wanted = iter(manifest.members)
        with self._damage():
            for name, data in self._walk():
                if name == MANIFEST:
                    return
                expected = next(wanted, None)
                if expected is None or (expected.name, expected.sha256) != (
                    name,
                    hashlib.sha256(data).hexdigest(),
                ):
                    raise self._damaged(f"{name} has changed since it was examined")
                yield name, data

    def _walk(self) -> Iterator[tuple[str, bytes]]:
        with gzip.open(self._path, "rb") as unzipped:
            with tarfile.open(fileobj=unzipped, mode="r|") as tar:
                for info in tar:
                    file = tar.extractfile(info) if info.isreg() else None
                    if file is None or info.size > _LARGEST:
                        raise self._damaged(f"{info.name} is nothing that belongs into one")
                    yield info.name, file.read()
            while unzipped.read(_REST):  # its own checksum is at the very end
                pass

    def _read_manifest(self, said: bytes) -> Manifest:
        try:
            if (of := msgspec.json.decode(said, type=_Format).format) > FORMAT:
                raise Invalid(
                    f"{self._path} was made by a newer Baton, in format {of}; this one reads up to {FORMAT}.",
                    code="backup_unknown",
                )
            return msgspec.json.decode(said, type=Manifest)
        except msgspec.DecodeError as error:
            raise self._damaged("its manifest cannot be read") from error

    def _compare(self, manifest: Manifest, found: list[Member]) -> None:
        if manifest.members == tuple(found):
            return
        for expected, member in zip(manifest.members, found, strict=False):
            if expected != member:
                raise self._damaged(f"{member.name} is not what was written")
        raise self._damaged("members are missing")

    @contextmanager
    def _damage(self) -> Generator[None]:
        try:
            yield
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._damaged(str(error) or type(error).__name__) from error

    def _damaged(self, reason: str) -> Invalid:
        return Invalid(f"{self._path} is no whole backup: {reason}.", code="backup_damaged")
