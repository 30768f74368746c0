"""A living journal read a second time, where more has ended than memory shall hold."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from baton.ledger.framing import MAGIC, payloads, unframed
from baton.ledger.rows import Interaction, Opened
from baton.ledger.segment import Segment


class Stretch(NamedTuple):
    """One file of the journal, as far as it was written when somebody looked."""

    segment: Segment
    end: int
    """Bytes from the file's beginning."""


class Found(NamedTuple):
    """An interaction, and where its two records lie."""

    interaction: Interaction
    opened_in: Segment
    settled_in: Segment


class Reader:
    """Gives each interaction whose end lies behind a position, once, in order. Blocks."""

    def __init__(self, after: tuple[int, int]) -> None:
        """`after`: the number of a file, and an offset in it."""
        self._after = after
        self._number = 0
        self._at = len(MAGIC)
        self._begun: dict[str, tuple[Opened, Segment]] = {}

    def next(self, stretches: Sequence[Stretch], count: int) -> list[Found]:
        """At most `count` more; fewer when all of the stretches is read. None of the files may go meanwhile.

        Raises:
            OSError: the disk fails.
        """
        return list(islice(self._read(stretches), count))

    def _read(self, stretches: Sequence[Stretch]) -> Iterator[Found]:
        for segment, until in stretches:
            if segment.number < self._number:
                continue
            if segment.number > self._number:
                self._number, self._at = segment.number, len(MAGIC)
            start = self._at
            for end, payload in payloads(segment.read(start, until)):
                self._at = start + end
                record = unframed(payload)
                if isinstance(record, Opened):
                    self._begun[record.id] = (record, segment)
                elif record.id in self._begun:
                    opened, opened_in = self._begun.pop(record.id)
                    if (self._number, self._at) > self._after:
                        yield Found(Interaction(opened, record), opened_in, segment)
