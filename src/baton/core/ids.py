"""Ids that sort by time: UUIDv7 (RFC 9562, section 5.7), monotonic within a process."""

import os
import time
from collections.abc import Callable

_RANDOM_BITS = 74
_COUNTER_STEP = 1 << 32  # leaves 32 random bits to every id of the same millisecond


class UuidV7:
    """Makes UUIDv7 texts such as `0197c6a0-…`; they never go backwards, even when the clock does."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._wall_ns = wall_ns
        self._random_bytes = random_bytes
        self._last_ms = 0
        self._last_tail = 0
        self._pool = b""
        self._used = 0

    def __call__(self) -> str:
        """The next id, 36 characters."""
        now_ms = self._wall_ns() // 1_000_000
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            self._last_tail = int.from_bytes(self._random(10), "big") >> 7  # 73 bits: room to count up
        else:
            self._last_tail += _COUNTER_STEP | int.from_bytes(self._random(4), "big")
            if self._last_tail >> _RANDOM_BITS:  # used up: borrow the next millisecond
                self._last_ms += 1
                self._last_tail = int.from_bytes(self._random(10), "big") >> 7
        ms, tail = self._last_ms, self._last_tail
        return (
            f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{tail >> 62:03x}"
            f"-{0x8000 | (tail >> 48 & 0x3FFF):04x}-{tail & 0xFFFFFFFFFFFF:012x}"
        )

    def _random(self, count: int) -> bytes:
        """Random bytes, drawn from the kernel 4 KiB at a time."""
        if self._used + count > len(self._pool):
            self._pool = self._random_bytes(4096)
            self._used = 0
        start = self._used
        self._used = start + count
        return self._pool[start : self._used]
