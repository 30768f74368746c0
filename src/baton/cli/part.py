"""A file that stands under its name once it is whole, and goes on where it was left."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

_PRIVATE = 0o600
"""For its owner only: who asked what, when and for how much stands in it."""


class Position(Struct, frozen=True, kw_only=True):
    """How far a file has come."""

    words: tuple[str, ...]
    """What was asked for; another wish begins anew."""
    until_ms: int | None
    since_ms: int | None
    """Spans count back from where the first attempt stood."""
    after: str | None = None
    """The last id in it."""
    size: int = 0
    """Bytes; what stands behind them is half a page."""
    rows: int = 0


class Part:
    """`name.part` while it grows, beside `name.part.json`, which says how far it has come.

    Each page is in the file before its position is written, so that it may end at any moment.
    """

    def __init__(self, path: Path, begun: Position) -> None:
        """`begun`: where it begins, unless a part of the same words lies there."""
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.json")
        self.position = self._left(begun.words) or begun
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT, _PRIVATE)
        os.ftruncate(self._file, self.position.size)
        os.lseek(self._file, self.position.size, os.SEEK_SET)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def add(self, text: str, *, after: str | None = None, rows: int = 0) -> None:
        """Write a page, and how far it has come."""
        data = text.encode()
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        position = msgspec.structs.replace(
            self.position,
            after=after or self.position.after,
            size=self.position.size + len(data),
            rows=self.position.rows + rows,
        )
        fresh = self._note.with_name(f"{self._note.name}.new")
        fresh.write_bytes(msgspec.json.encode(position))
        fresh.replace(self._note)
        self.position = position

    def finish(self) -> None:
        """It is whole: give it its name."""
        os.fsync(self._file)
        self._part.replace(self._path)
        self._note.unlink(missing_ok=True)

    def _left(self, words: tuple[str, ...]) -> Position | None:
        """How far an earlier attempt came; None: there is none of these words."""
        try:
            left = msgspec.json.decode(self._note.read_bytes(), type=Position)
            whole = self._part.stat().st_size >= left.size
        except (OSError, msgspec.DecodeError):
            return None
        return left if whole and left.words == words else None
