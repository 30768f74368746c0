"""The parts of a run, in their order."""

from collections.abc import Callable

from benchmarks.measuring import Run
from benchmarks.parts.cache import cache
from benchmarks.parts.ledger import ledger
from benchmarks.parts.memory import open_streams, slope
from benchmarks.parts.plain import plain
from benchmarks.parts.shared import shared
from benchmarks.parts.start import start
from benchmarks.parts.streams import chunks, dialects
from benchmarks.parts.tokens import tokens

PARTS: dict[str, Callable[[Run], None]] = {
    "plain": plain,
    "cache": cache,
    "shared": shared,
    "chunks": chunks,
    "dialects": dialects,
    "open": open_streams,
    "start": start,
    "slope": slope,
    "ledger": ledger,
    "tokens": tokens,
}
