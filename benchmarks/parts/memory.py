"""Memory: of an open stream, and over many requests."""

from __future__ import annotations

from contextlib import ExitStack

import uvloop

from benchmarks.figures import figure
from benchmarks.loads import streams
from benchmarks.loads.counted import Counted, ask
from benchmarks.measuring import BATON, Run
from benchmarks.systems import servers
from benchmarks.systems.databases import SQLITE, Rows, databases, rows_of, shared_state
from benchmarks.systems.processes import Unfit

# docs/performance.md says where it comes from.
STREAM_KB = 20.0
# "Flat over a million requests", where a process of Python breathes by a few megabytes: no more than
# this over the second half of the run.
GROWN_MB = 2.0

ANSWER_NANOS = 96 * 150 + 48 * 600
"""The tokens of the upstream's answer at its model's prices, 0.15 and 0.60 USD a million: in nano-USD."""


def open_streams(run: Run) -> None:
    """Memory per open stream, above the bare pass-through."""
    part = f"{streams.OPEN_STREAMS} open streams"
    upstream = servers.start_stream_upstream(
        run.stage, texts=streams.OPEN_TEXTS, interval_ms=streams.OPEN_INTERVAL_MS
    )
    starts = run.streaming(upstream)
    samples: dict[str, list[float]] = {name: [] for name in starts}
    for number in range(run.effort.open_rounds):
        for name, start in starts.items():
            if name not in samples:
                continue
            # A fresh process each time: memory once used is seldom given back.
            run.console.print(
                f"  {part}: round {number + 1} of {run.effort.open_rounds}, {name}", style="dim"
            )
            system = run.start(part, name, start)
            if system is None:
                del samples[name]
                continue
            try:
                samples[name].append(streams.open_stream_kb(system))
            except Unfit as reason:
                del samples[name]
                run.fail(part, name, reason)
            run.stop(system)
    for name, kilobytes in samples.items():
        run.figures.append(figure(part, "RSS per open stream", name, "KB", kilobytes))
    if "Baton" in samples and "bare pass-through" in samples:
        pairs = zip(samples["Baton"], samples["bare pass-through"], strict=True)
        above = [mine - theirs for mine, theirs in pairs]
        run.figures.append(figure(part, "above the pass-through", "Baton", "KB", above, at_most=STREAM_KB))
    run.stop(upstream)


def slope(run: Run, kind: str = SQLITE, workers: int = 1) -> None:
    """Whether memory grows with the number of plain requests, and whether each of them is on record once.
    Several workers share a Redis."""
    if BATON not in run.systems:
        return
    part = f"memory over {run.effort.slope_requests:,} requests"
    upstream = servers.start_stream_upstream(run.stage, texts=1, interval_ms=1)
    with run.whole(part, kind), databases(run.stage, kind) as new_database, ExitStack() as stack:
        database_url = new_database()
        if workers == 1:
            system = servers.start_baton(run.stage, upstream, database_url=database_url)
        else:
            kind = f"{kind}, {workers} workers"
            redis_url = stack.enter_context(shared_state())
            system = servers.start_fleet(
                run.stage, upstream, database_url=database_url, redis_url=redis_url, workers=workers
            )
        counted = ask(system, run.effort.slope_requests)
        # It brings all that it recorded to the database before it ends.
        run.stop(system)
        _require_rows(counted, uvloop.run(rows_of(database_url)))
        _show(run, part, kind, counted)
    run.stop(upstream)


def _require_rows(counted: Counted, found: Rows) -> None:
    """Raises `Unfit` unless each answer is one row, and all were paid for."""
    expected = Rows(counted.answers, counted.answers, counted.answers * ANSWER_NANOS, counted.ids)
    if found != expected:
        raise Unfit(f"on record is {found}, answered was {expected}")


def _show(run: Run, part: str, kind: str, counted: Counted) -> None:
    half = len(counted.samples) // 2
    start_mb, half_mb, end_mb = (counted.samples[at].rss_mb for at in (0, half, -1))
    grown_mb = counted.growth_mb()

    def add(what: str, unit: str, value: float, *, at_most: float | None = None, note: str = "") -> None:
        run.figures.append(figure(part, what, kind, unit, [value], at_most=at_most, note=note))

    add("answers, each of them one row", "", counted.answers, note="ids and sums of cost agree")
    add("asked and answered", "requests/s", counted.answers / counted.seconds)
    add("grown in the first half", "MB", half_mb - start_mb, note=f"from {start_mb:.1f} to {half_mb:.1f}")
    add("grown in the second half", "MB", grown_mb, at_most=GROWN_MB, note=f"to {end_mb:.1f}")
    add("… per 100,000 requests", "MB", grown_mb / (counted.answers / 2) * 100_000)
