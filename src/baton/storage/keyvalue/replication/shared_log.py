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

_words = msgspec.json.Decoder(list[list[object]]).decode


class Lost(Exception):
    """The log is another one by now, or has forgotten something; it has to be joined again."""


class Entry(Struct, frozen=True):
    """What one process has said at once."""

    at_s: float
    """Of the log's clock, Unix seconds; never less than of an entry before."""
    process: str
    words: Sequence[Word] | None
    """None: it is gone."""
    text: str
    """The same as it was said."""
    mark: str
    """By which it is known again."""


class Place(Struct, frozen=True):
    """How far somebody has heard a log."""

    id: str = ""
    position: int = 0
    """In entries."""
    mark: str = "-"
    """Of the last one."""


class Joined(Struct, frozen=True):
    """Where a log stands."""

    place: Place
    """The end of what the state has in it."""
    now_s: float
    state: str
    entries: Sequence[Entry]
    """Those after it."""


class Told(Struct, frozen=True):
    """What is new."""

    now_s: float
    kept: int
    """How many entries the state has in it that who joins begins with."""
    entries: Sequence[Entry]


class SharedLog:
    """Every method raises `Away` and `ScriptFailed` as `Line.ask`."""

    def __init__(self, line: Line, process: str) -> None:
        """`process`: what this one is called, without spaces; no other ever is."""
        self._line = line
        self._process = process

    async def join(self, place: Place) -> Joined | None:
        """Where the log stands; None: there is none, or it has forgotten what was heard at `place`."""
        return await self._joined("", place, "", None)

    async def begin(self, fresh: str, place: Place, state: str, at_s: float) -> Joined:
        """The same; where there is none, one called `fresh` begins with a state, as it was at `at_s`."""
        found = await self._joined(fresh, place, state, at_s)
        assert found is not None
        return found

    async def _joined(self, fresh: str, place: Place, state: str, at_s: float | None) -> Joined | None:
        order = [fresh, place.id, place.position, place.mark, state, _us(at_s)]
        word, *rest = await self._line.ask(_JOIN, order)
        if word == "none":
            return None
        id, now_us, kept, mark, found, lines = rest
        return Joined(Place(id, kept, mark), now_us / _US, found, [_entry(line) for line in lines])

    async def tell(
        self,
        place: Place,
        words: str,
        *,
        alive_s: float,
        at_s: float | None = None,
        leaves: bool = False,
    ) -> Told:
        """Say something (a JSON list; empty: nothing); all entries after `place`. Who says nothing for
        `alive_s` is gone. `at_s`: when, where it is not now.

        Raises:
            Lost: nothing was said.
        """
        order = [place.id, place.position, place.mark, self._process, words, _us(at_s), leaves]
        word, *rest = await self._line.ask(_TELL, [*order, round(alive_s * _US)])
        if word != "ok":
            raise Lost
        now_us, kept, lines = rest
        return Told(now_us / _US, kept, [_entry(line) for line in lines])

    async def keep(self, place: Place, state: str) -> None:
        """Have who joins begin with the state that all are in at a place; what came before is forgotten."""
        await self._line.ask(_KEEP, [place.id, place.position, place.mark, state])


def _us(at_s: float | None) -> int:
    return _NOW if at_s is None else round(at_s * _US)


def _entry(line: str) -> Entry:
    at_us, process, words = line.split(" ", 2)
    return Entry(int(at_us) / _US, process, _words(words) if words else None, words, f"{at_us} {process}")
