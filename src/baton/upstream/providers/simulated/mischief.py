"""Faults that take the place of an answer altogether."""

import zlib
from collections.abc import Callable, Iterator

from baton.upstream.providers.simulated.manner import FaultKind
from baton.upstream.providers.simulated.steps import HalfHead, Head, Reset, Send, Silence, Step, whole

_JSON = ("content-type", "application/json")
_BLOCK = b" " * 65_536
_BOMB_BYTES = 1 << 30
_HUGE_BYTES = 2 << 30
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment</title></head>"
    b"<body><h1>Checking your browser</h1><p>simulated</p></body></html>"
)


def _silence() -> Iterator[Step]:
    yield Silence()


def _half_head() -> Iterator[Step]:
    yield HalfHead()


def _reset() -> Iterator[Step]:
    yield Reset()


def _page() -> Iterator[Step]:
    yield from whole(200, _PAGE, ("content-type", "text/html; charset=utf-8"))


def _empty() -> Iterator[Step]:
    yield from whole(200, b"")


def _bomb() -> Iterator[Step]:
    yield Head(status=200, headers=(_JSON, ("content-encoding", "gzip")))
    squeeze = zlib.compressobj(level=9, wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's header
    for _ in range(_BOMB_BYTES // len(_BLOCK)):
        if data := squeeze.compress(_BLOCK):
            yield Send(data)
    yield Send(squeeze.flush())


def _huge() -> Iterator[Step]:
    yield Head(status=200, headers=(_JSON,), length=_HUGE_BYTES)
    yield from _blocks()


def _flood() -> Iterator[Step]:
    yield Head(status=200, headers=(_JSON,))
    yield from _blocks()


def _blocks() -> Iterator[Step]:
    for _ in range(_HUGE_BYTES // len(_BLOCK)):
        yield Send(_BLOCK)


MISCHIEF: dict[FaultKind, Callable[[], Iterator[Step]]] = {
    FaultKind.SILENCE: _silence,
    FaultKind.HALF_HEADERS: _half_head,
    FaultKind.RESET: _reset,
    FaultKind.HTML: _page,
    FaultKind.EMPTY: _empty,
    FaultKind.BOMB: _bomb,
    FaultKind.HUGE: _huge,
    FaultKind.FLOOD: _flood,
}
"""What happens instead of an answer."""
