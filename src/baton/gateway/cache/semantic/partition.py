"""The vectors that one request may be compared with, in blocks of rows."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Sketches = NDArray[np.uint64]

PLANES = 512
"""By which vectors are sketched: two with a cosine of 0.9 lie on other sides of 73 (± 8) of them, two that
have nothing to do with each other of 256 (± 11)."""

CANDIDATES = 128
"""That are compared exactly; reading half precision is what takes the time where dimensions are many."""

BLOCK_ROWS = 4096
"""A word of 64 bits of so many rows stays in the processor's first cache while it is compared."""

_FIRST_ROWS = 16
_WORDS = PLANES // 64


class _Block:
    """Rows that are filled from the beginning. Half precision is exact to 0.0005 of a cosine."""

    __slots__ = ("sketches", "vectors")

    vectors: NDArray[np.float16]
    sketches: Sketches

    def __init__(self, rows: int, dimensions: int) -> None:
        self.vectors = np.empty((rows, dimensions), dtype=np.float16)
        self.sketches = np.empty((_WORDS, rows), dtype=np.uint64)

    @property
    def nbytes(self) -> int:
        return self.vectors.nbytes + self.sketches.nbytes

    def resized(self, rows: int, kept: int) -> "_Block":
        other = _Block(rows, self.vectors.shape[1])
        other.vectors[:kept] = self.vectors[:kept]
        other.sketches[:, :kept] = self.sketches[:, :kept]
        return other


class Partition:
    """Rows in no order: the last one takes the place of one that is removed."""

    __slots__ = ("_blocks", "_dimensions", "_ids", "_rows", "nbytes")

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._blocks: list[_Block] = []
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self.nbytes = 0
        """Of its arrays."""

    def __len__(self) -> int:
        return len(self._ids)

    @staticmethod
    def first_bytes(dimensions: int) -> int:
        """What the arrays of a partition begin with."""
        return _row_bytes(dimensions) * _FIRST_ROWS

    def next_bytes(self) -> int:
        """What one more row would take; while a block is copied into one twice as large, both are there."""
        capacity = self._capacity()
        if len(self._ids) < capacity:
            return 0
        return _row_bytes(self._dimensions) * (BLOCK_ROWS if capacity >= BLOCK_ROWS else 2 * capacity)

    def append(self, entry_id: str, unit: Vectors, sketch: Sketches) -> None:
        """`unit`: of length 1; `sketch`: `PLANES` bits of it."""
        at, capacity = len(self._ids), self._capacity()
        if at == capacity:
            if not capacity or capacity >= BLOCK_ROWS:
                self._blocks.append(_Block(BLOCK_ROWS if capacity else _FIRST_ROWS, self._dimensions))
            else:
                self._blocks[0] = self._blocks[0].resized(2 * capacity, at)
            self._weigh()
        block, row = self._blocks[at // BLOCK_ROWS], at % BLOCK_ROWS
        block.vectors[row] = unit
        block.sketches[:, row] = sketch
        self._rows[entry_id] = at
        self._ids.append(entry_id)

    def remove(self, entry_id: str) -> None:
        """KeyError where it is not there."""
        at = self._rows.pop(entry_id)
        last_id = self._ids.pop()
        last = len(self._ids)
        if at != last:
            to, source = self._blocks[at // BLOCK_ROWS], self._blocks[last // BLOCK_ROWS]
            to.vectors[at % BLOCK_ROWS] = source.vectors[last % BLOCK_ROWS]
            to.sketches[:, at % BLOCK_ROWS] = source.sketches[:, last % BLOCK_ROWS]
            self._ids[at] = last_id
            self._rows[last_id] = at
        if last == (len(self._blocks) - 1) * BLOCK_ROWS:
            self._blocks.pop()
            self._weigh()
        elif len(self._blocks) == 1 and self._capacity() > _FIRST_ROWS and last <= self._capacity() // 4:
            self._blocks[0] = self._blocks[0].resized(self._capacity() // 2, last)
            self._weigh()

    def candidates(self, unit: Vectors, sketch: Sketches) -> tuple[list[str], Vectors]:
        """The ids of those with the nearest sketches, in no order, and their cosines."""
        size = len(self._ids)
        if size <= CANDIDATES:
            rows = np.arange(size)
        else:
            apart = self._apart(sketch)
            # Counting how many lie how far apart is quicker than putting them in order.
            limit = np.searchsorted(np.cumsum(np.bincount(apart)), CANDIDATES)
            nearer = np.flatnonzero(apart < limit)
            rows = np.concatenate((nearer, np.flatnonzero(apart == limit)[: CANDIDATES - len(nearer)]))
        cosines = np.empty(len(rows), dtype=np.float32)
        places = rows // BLOCK_ROWS
        for number in np.unique(places):
            here = places == number
            chosen = self._blocks[int(number)].vectors[rows[here] % BLOCK_ROWS]
            cosines[here] = chosen.astype(np.float32) @ unit
        return [self._ids[row] for row in rows], cosines

    def _apart(self, sketch: Sketches) -> NDArray[np.uint16]:
        """Of every row, the planes that lie between it and the sketch."""
        size = len(self._ids)
        apart = np.zeros(size, dtype=np.uint16)
        for number, block in enumerate(self._blocks):
            begin = number * BLOCK_ROWS
            here = apart[begin : begin + BLOCK_ROWS]
            for word, row in zip(sketch, block.sketches, strict=True):
                here += np.bitwise_count(row[: len(here)] ^ word)
        return apart

    def _capacity(self) -> int:
        return sum(block.sketches.shape[1] for block in self._blocks)

    def _weigh(self) -> None:
        self.nbytes = sum(block.nbytes for block in self._blocks)


def _row_bytes(dimensions: int) -> int:
    return 2 * dimensions + PLANES // 8
