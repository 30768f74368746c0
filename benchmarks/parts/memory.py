"""Memory: of an open stream, and over many requests."""

from __future__ import annotations

from benchmarks.figures import figure
from benchmarks.loads import streams
from benchmarks.loads.plain import saturate
from benchmarks.measuring import Run
from benchmarks.systems import servers
from benchmarks.systems.processes import Unfit

# docs/performance.md says where it comes from.
STREAM_KB = 20.0
# "Flat over a million requests", where a process of Python breathes by a few megabytes: no more than
# this over the second half of the run.
SLOPE_MB = 2.0


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


def slope(run: Run) -> None:
    """Whether memory grows with the number of plain requests."""
    part = "memory slope"
    upstream = servers.start_plain_upstream(run.stage)
    scripts = run.stage.folder("wrk scripts")
    for name, begin in run.streaming(upstream).items():
        with run.whole(part, name):
            system = servers.require_plain_answer(begin())
            wanted = run.effort.slope_requests
            samples = [(0, system.process.rss_kb() / 1024)]
            for _half in range(2):
                begun = done = samples[-1][0]
                while done - begun < wanted / 2:
                    done += saturate(system, scripts, 2).requests
                samples.append((done, system.process.rss_kb() / 1024))
            run.stop(system)
            (_, start_mb), (half, half_mb), (full, full_mb) = samples
            judged = SLOPE_MB if name == "Baton" else None
            run.figures.append(
                figure(part, f"grown in the first {half:,} requests", name, "MB", [half_mb - start_mb])
            )
            run.figures.append(
                figure(
                    part,
                    f"grown in the next {full - half:,}",
                    name,
                    "MB",
                    [full_mb - half_mb],
                    at_most=judged,
                )
            )
    run.stop(upstream)
