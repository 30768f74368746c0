"""The parts of a run: each starts its systems, measures them in turn, round by round, and stops them."""

from collections.abc import Callable

from benchmarks.flows import chunks, dialects
from benchmarks.measuring import Run
from benchmarks.memory import open_streams, slope
from benchmarks.plain import plain
from benchmarks.start import start

PARTS: dict[str, Callable[[Run], None]] = {
    "plain": plain,
    "chunks": chunks,
    "dialects": dialects,
    "open": open_streams,
    "start": start,
    "slope": slope,
}
