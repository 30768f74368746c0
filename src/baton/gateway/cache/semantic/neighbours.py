"""Requests that were answered before, by what they mean: those of this process."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from baton.gateway.cache.semantic.judgement import Judge
from baton.gateway.cache.semantic.reading import Reading

if TYPE_CHECKING:
    from baton.gateway.cache.semantic.index import VectorIndex

LEAST_COSINE = 0.5
"""Below it nothing is compared any further."""

_FEW = 4096
"""Entries that are searched here; above them a search is a matter of milliseconds, and has a thread."""


class Near(NamedTuple):
    """An earlier request that means the same."""

    key: str
    score: float
    because: tuple[str, ...]


class Neighbours:
    """The index, and beside each vector the reading of its text; who was unused longest makes room."""

    def __init__(self, judge: Judge, most_bytes: int, most_entries: int) -> None:
        self._judge = judge
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._index: VectorIndex | None = None
        self._readings: dict[str, Reading] = {}
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._readings)

    @property
    def bytes_held(self) -> int:
        """Of the vectors."""
        return 0 if self._index is None else self._index.bytes_held

    async def nearest(
        self, frame: bytes, text: str, vector: Sequence[float], threshold: float | None
    ) -> Near | None:
        """The nearest of a frame whose answer may be given for a text; ValueError: a vector that is none.
        `threshold`: the least score; None: the shipped one."""
        index = self._index
        if index is None or not index.size_of(frame):
            return None
        least = self._judge.threshold if threshold is None else threshold
        async with self._turn:
            if index.size_of(frame) > _FEW:
                found = await asyncio.to_thread(index.nearest, frame, vector, LEAST_COSINE)
            else:
                found = index.nearest(frame, vector, LEAST_COSINE)
        later = self._judge.read(text)
        best: Near | None = None
        for key, cosine in found:
            reading = self._readings.get(key)
            if reading is None:
                continue
            verdict = self._judge.weigh(reading, later, cosine)
            if verdict.score >= least and (best is None or verdict.score > best.score):
                best = Near(key, verdict.score, verdict.because)
        if best is not None:
            index.touch(best.key)
        return best

    async def add(self, frame: bytes, key: str, text: str, vector: Sequence[float]) -> None:
        """Have a request be found by those that mean the same; ValueError as `nearest`."""
        async with self._turn:
            index = self._index
            if index is None:  # numpy takes memory: only who compares meanings has it
                from baton.gateway.cache.semantic.index import VectorIndex  # noqa: PLC0415

                index = VectorIndex(len(vector), self._most_bytes, self._most_entries)
            gone = index.insert(frame, key, vector)
            self._index = index
            self._readings[key] = self._judge.read(text)
            for each in gone:
                self._readings.pop(each, None)

    async def drop(self, key: str) -> None:
        """Its answer is not there any more."""
        async with self._turn:
            self._readings.pop(key, None)
            if self._index is not None:
                self._index.remove(key)
