"""The log in Redis: a list of what processes say, and a state that has the beginning of it."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from baton.storage.keyvalue.line import Line
from baton.storage.keyvalue.replication.replica import Word
from baton.storage.keyvalue.script import script

_PACKAGE = "baton.storage.keyvalue.replication"
_US = 1_000_000
_NOW = -1

_JOIN = script(_PACKAGE, "join", "ground")
_TELL = script(_PACKAGE, "tell", "ground")
_KEEP = script(_PACKAGE, "keep", "ground")
SCRIPTS = (_JOIN, _TELL, _KEEP)

_encode = msgspec.json.encode
_words = msgspec.json.Decoder(list[list[object]]).decode


class Lost(Exception):
    """The log is another one by now, or too short; it has to be joined again."""

    def __init__(self, *, over: bool) -> None:
        """`over`: it has forgotten something, so that nobody is to write to it any more."""
        super().__init__()
        self.over = over


class Entry(Struct, frozen=True):
    """What one process has said at once."""

    at_s: float
    """Of the log's clock, Unix seconds; never less than of an entry before."""
    process: str
    number: int
    words: Sequence[Word] | None
    """None: it is gone."""


class Joined(Struct, frozen=True):
    """Where a log stands."""

    id: str
    now_s: float
    position: int
    """How many entries the state has in it."""
    state: str
    entries: Sequence[Entry]
    """Those after it."""


class Told(Struct, frozen=True):
    """What is new."""

    now_s: float
    entries: Sequence[Entry]


class SharedLog:
    """Every method raises `Away` and `ScriptFailed` as `Line.ask`."""

    def __init__(self, line: Line, process: str) -> None:
        """`process`: what this one is called, without spaces; no other ever is."""
        self._line = line
        self._process = process

    async def join(self, fresh: str, over: str, state: str) -> Joined:
        """Where the log stands; `fresh` is begun with a state where there is none, or `over` goes on."""
        _, id, now_us, position, kept, lines = await self._line.ask(_JOIN, [fresh, over, state])
        return Joined(id, now_us / _US, position, kept, [_entry(line) for line in lines])

    async def tell(
        self,
        id: str,
        position: int,
        number: int,
        words: Sequence[Word],
        *,
        alive_s: float,
        at_s: float | None = None,
        leaves: bool = False,
    ) -> Told:
        """Say something, once for each `number`; all entries after `position`. Who says nothing for `alive_s`
        is gone. `at_s`: when, where it is not now.

        Raises:
            Lost: nothing was said.
        """
        text = _encode(words).decode() if words else ""
        at_us = _NOW if at_s is None else round(at_s * _US)
        order = [id, self._process, position, number, text, at_us, leaves, round(alive_s * _US)]
        word, *rest = await self._line.ask(_TELL, order)
        if word != "ok":
            raise Lost(over=word == "forgotten")
        now_us, lines = rest
        return Told(now_us / _US, [_entry(line) for line in lines])

    async def keep(self, id: str, position: int, state: str) -> None:
        """Have who joins begin with a state that has so many entries in it; these may be forgotten."""
        await self._line.ask(_KEEP, [id, position, state])


def _entry(line: str) -> Entry:
    at_us, process, number, words = line.split(" ", 3)
    return Entry(int(at_us) / _US, process, int(number), _words(words) if words else None)
