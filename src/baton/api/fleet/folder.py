"""The folder in which the processes of one Baton find each other, and what those have left that are gone.

A scrape must never tell less of a counter than an earlier one did. So each process keeps what it tells in a
file before it is told (`<number>.shown`), and what it has to tell in the end. Once it is gone, its supervisor
adds that to what all have left who are gone (`departed`), which names them, so that nobody counts one twice.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from baton.api.fleet.exposition import Family, counted
from baton.api.fleet.sums import summed

_DOOR, _SHOWN = ".socket", ".shown"


class Departed(Struct, frozen=True):
    """What those have counted who are gone, and their numbers."""

    numbers: frozenset[int] = frozenset()
    families: tuple[Family, ...] = ()


class FleetFolder:
    """For its owner only. All methods but `door` block, and raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def bridge(self) -> Path:
        """The socket at which the supervisor is asked."""
        return self.path / "supervisor"

    def door(self, number: int) -> Path:
        """The socket at which one process is asked."""
        return self.path / f"{number}{_DOOR}"

    def numbers(self) -> frozenset[int]:
        """Those that have told something, or can be asked."""
        return frozenset(
            int(each.stem)
            for each in self.path.iterdir()
            if each.suffix in (_DOOR, _SHOWN) and each.stem.isdecimal()
        )

    def show(self, number: int, families: Iterable[Family]) -> None:
        """Keep what this process has counted."""
        self._write(self._shown(number), encode(counted(families)))

    def shown(self, number: int) -> tuple[Family, ...]:
        """What a process has told last; nothing where it has told nothing."""
        try:
            return decode(self._shown(number).read_bytes())
        except FileNotFoundError:
            return ()

    def departed(self) -> Departed:
        """What those have left who are gone."""
        try:
            return _DEPARTED.decode(self._departed.read_bytes())
        except FileNotFoundError:
            return Departed()

    def bury(self, number: int) -> None:
        """A process is gone: add what it has counted to what the others have left. The supervisor does it."""
        before = self.departed()
        after = Departed(before.numbers | {number}, summed([before.families, self.shown(number)]))
        self._write(self._departed, _ENCODER.encode(after))
        self._shown(number).unlink(missing_ok=True)
        self.door(number).unlink(missing_ok=True)

    @property
    def _departed(self) -> Path:
        return self.path / "departed"

    def _shown(self, number: int) -> Path:
        return self.path / f"{number}{_SHOWN}"

    def _write(self, path: Path, data: bytes) -> None:
        new = path.with_name(f".{path.name}")
        new.write_bytes(data)
        new.replace(path)


def encode(families: tuple[Family, ...]) -> bytes:
    """For another process."""
    return _ENCODER.encode(families)


def decode(data: bytes) -> tuple[Family, ...]:
    """What another process has encoded.

    Raises:
        msgspec.MsgspecError: it is none of it.
    """
    return _FAMILIES.decode(data)


def _exact(_: type, text: Any) -> Fraction:
    return Fraction(text)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)
_FAMILIES = msgspec.msgpack.Decoder(tuple[Family, ...], dec_hook=_exact)
_DEPARTED = msgspec.msgpack.Decoder(Departed, dec_hook=_exact)
