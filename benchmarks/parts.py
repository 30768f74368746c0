"""The parts of a run: each starts its systems, measures them in turn, round by round, and stops them."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from benchmarks import load, servers, streams
from benchmarks.figures import Failure, Figure, figure, ratio
from benchmarks.peers import PEERS
from benchmarks.processes import REPOSITORY, Stage, Unfit
from benchmarks.servers import System

Sample = TypeVar("Sample")

NGINX, PASSTHROUGH, BATON, BATON_AUTO = "nginx", "passthrough", "baton", "baton-auto"
SYSTEMS = (NGINX, PASSTHROUGH, BATON, BATON_AUTO)

# docs/performance.md says where each comes from.
PLAIN_RATIO = 13.5
ADDED_P50_MS, ADDED_P99_MS = 2.0, 10.0
CHUNK_RATIO = 1.3
STREAM_KB = 20.0
IDLE_MB = 120.0
START_S = 2.0
# "Flat over a million requests", where a process of Python breathes by a few megabytes: no more than
# this over the second half of the run.
SLOPE_MB = 2.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often."""

    rounds: int
    window_s: int
    pace_s: float
    open_rounds: int
    slope_requests: int


# Neighbours on a shared machine make a core 30 % slower for seconds at a time: many short rounds cancel that
# better than few long ones.
FULL = Effort(rounds=9, window_s=3, pace_s=18.0, open_rounds=3, slope_requests=50_000)
QUICK = Effort(rounds=3, window_s=2, pace_s=3.0, open_rounds=1, slope_requests=10_000)


@dataclass(slots=True)
class Run:
    """What one run measures, with what, and what it has found so far."""

    stage: Stage
    effort: Effort
    systems: frozenset[str]
    peers: bool
    console: Console
    figures: list[Figure] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def fail(self, part: str, system: str, reason: Unfit) -> None:
        """Notes, at once and for the end, that something could not be measured."""
        left_out = system in PEERS
        self.failures.append(Failure(part, system, str(reason), left_out))
        style = "yellow" if left_out else "red"
        self.console.print(f"  {part} · {system}: {reason}", style=style, markup=False, highlight=False)

    def start(self, part: str, name: str, start: Callable[[], System]) -> System | None:
        """Starts a system; None, noted, if it does not come up or does not answer rightly."""
        try:
            return start()
        except Unfit as reason:
            self.fail(part, name, reason)
            return None

    def stop(self, *systems: System | None) -> None:
        """Stops each system's process once."""
        for process in {id(system.process): system.process for system in systems if system}.values():
            self.stage.stop(process)

    def in_turn(
        self, part: str, systems: Sequence[System], rounds: int, measure: Callable[[System], Sample]
    ) -> dict[str, list[Sample]]:
        """A B B A A B …, so that drift favours nobody; whoever fails once is noted and left out."""
        samples: dict[str, list[Sample]] = {system.name: [] for system in systems}
        for number in range(rounds):
            for system in systems if number % 2 == 0 else reversed(systems):
                if system.name not in samples:
                    continue
                self.console.print(f"  {part}: round {number + 1} of {rounds}, {system.name}", style="dim")
                try:
                    samples[system.name].append(measure(system))
                except Unfit as reason:
                    del samples[system.name]
                    self.fail(part, system.name, reason)
        return samples

    @contextmanager
    def whole(self, part: str, system: str) -> Iterator[None]:
        """Notes a failure of the measurement inside instead of ending the run."""
        try:
            yield
        except Unfit as reason:
            self.fail(part, system, reason)


def plain(run: Run) -> None:
    """CPU per plain request, requests/s, and the time added at a steady pace."""
    part = "plain request"
    stage = run.stage
    upstream = servers.start_plain_upstream(stage)
    starts: dict[str, Callable[[], System]] = {}
    if NGINX in run.systems:
        starts["nginx proxy"] = lambda: servers.start_nginx_proxy(stage, upstream)
    if PASSTHROUGH in run.systems:
        starts["bare pass-through"] = lambda: servers.start_passthrough(stage, upstream)
    if BATON in run.systems:
        starts["Baton"] = lambda: servers.start_baton(stage, upstream)
    if run.peers:
        for name, start in PEERS.items():
            starts[name] = lambda start=start: start(stage, upstream)

    under_test: list[System] = []
    for name, start in starts.items():
        run.console.print(f"  {part}: starting {name}", style="dim")
        if (system := run.start(part, name, lambda start=start: _answering(start()))) is None:
            continue
        under_test.append(system)
        if system.name == "Baton" and BATON_AUTO in run.systems:
            auto = replace(system, name="Baton, model auto", model="auto")
            if run.start(part, auto.name, lambda auto=auto: _answering(auto)):
                under_test.append(auto)

    scripts = stage.folder("wrk scripts")
    for system in under_test:
        with run.whole(part, system.name):
            load.saturate(system, scripts, 1)
    _saturated(run, part, under_test, scripts)
    own = [system for system in under_test if system.name not in PEERS]
    _paced(run, upstream, own)
    run.stop(*under_test, upstream)


def _answering(system: System) -> System:
    servers.require_plain_answer(system)
    return system


def _saturated(run: Run, part: str, under_test: list[System], scripts: Path) -> None:
    effort = run.effort
    samples = run.in_turn(
        part, under_test, effort.rounds, lambda system: load.saturate(system, scripts, effort.window_s)
    )
    for name, windows in samples.items():
        # Either the load did not fill the core, or another program took a part of it.
        busy = statistics.median(window.busy for window in windows)
        note = "" if busy > 0.9 else f"had {busy:.0%} of its core"
        run.figures.append(
            figure(part, "CPU per request", name, "µs", [window.cpu_us for window in windows], note=note)
        )
    for name, windows in samples.items():
        if name == "nginx proxy" or "nginx proxy" not in samples:
            continue
        run.figures.append(
            ratio(
                part,
                "CPU per request / nginx",
                name,
                [window.cpu_us for window in windows],
                [window.cpu_us for window in samples["nginx proxy"]],
                at_most=PLAIN_RATIO if name == "Baton" else None,
                note="then ≤ 7" if name == "Baton" else "",
            )
        )
    for name, windows in samples.items():
        run.figures.append(
            figure(part, "saturated, 16 connections", name, "req/s", [window.per_s for window in windows])
        )


def _paced(run: Run, upstream: System, under_test: list[System]) -> None:
    part = f"{load.PACE_PER_S} requests/s"
    direct = replace(upstream, name="direct")
    samples = run.in_turn(
        part,
        [direct, *under_test],
        run.effort.rounds,
        lambda system: load.pace(system, run.effort.pace_s / run.effort.rounds),
    )
    base = samples.pop(direct.name, None)
    if base is None:
        return
    for name, paces in samples.items():
        judged = name == "Baton"
        pairs = list(zip(paces, base, strict=True))
        p50 = [mine.p50_ms - theirs.p50_ms for mine, theirs in pairs]
        p99 = [mine.p99_ms - theirs.p99_ms for mine, theirs in pairs]
        run.figures.append(
            figure(part, "added, p50", name, "ms", p50, at_most=ADDED_P50_MS if judged else None)
        )
        run.figures.append(
            figure(part, "added, p99", name, "ms", p99, at_most=ADDED_P99_MS if judged else None)
        )


def chunks(run: Run) -> None:
    """CPU per streamed chunk, beside the bare pass-through."""
    part = "streamed chunk"
    upstream = servers.start_stream_upstream(
        run.stage, chunks=streams.CONTENT_CHUNKS, interval_ms=streams.INTERVAL_MS
    )
    under_test = [
        system
        for name, start in _streaming(run, upstream).items()
        if (system := run.start(part, name, lambda start=start: _streaming_whole(start())))
    ]
    effort = run.effort
    samples = run.in_turn(
        part, under_test, effort.rounds, lambda system: streams.flow(system, effort.window_s)
    )
    for name, flows in samples.items():
        lumped = min(flow.reads_per_chunk for flow in flows)
        note = f"{flows[0].per_s:,.0f} chunks/s"
        note += "" if lumped > 0.9 else f"; lumped: {lumped:.2f} reads per chunk"
        run.figures.append(
            figure(part, "CPU per chunk", name, "µs", [flow.cpu_us for flow in flows], note=note)
        )
    if "Baton" in samples and "bare pass-through" in samples:
        run.figures.append(
            ratio(
                part,
                "CPU per chunk / pass-through",
                "Baton",
                [flow.cpu_us for flow in samples["Baton"]],
                [flow.cpu_us for flow in samples["bare pass-through"]],
                at_most=CHUNK_RATIO,
            )
        )
    run.stop(*under_test, upstream)


def _streaming(run: Run, upstream: System) -> dict[str, Callable[[], System]]:
    starts: dict[str, Callable[[], System]] = {}
    if PASSTHROUGH in run.systems:
        starts["bare pass-through"] = lambda: servers.start_passthrough(run.stage, upstream)
    if BATON in run.systems:
        starts["Baton"] = lambda: servers.start_baton(run.stage, upstream)
    return starts


def _streaming_whole(system: System) -> System:
    streams.require_whole_streams(system)
    return system


def open_streams(run: Run) -> None:
    """Memory per open stream, above the bare pass-through."""
    part = f"{streams.OPEN_STREAMS} open streams"
    upstream = servers.start_stream_upstream(
        run.stage, chunks=streams.OPEN_CONTENT_CHUNKS, interval_ms=streams.OPEN_INTERVAL_MS
    )
    starts = _streaming(run, upstream)
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


def start(run: Run) -> None:
    """Start to first answer, simulated and without any provider, and the memory then used."""
    part = "start"
    if BATON not in run.systems:
        return
    with run.whole(part, "Baton"):
        # Bytecode goes into a folder of our own, so that "none yet" can be had without touching the tree.
        bytecode = run.stage.folder("bytecode")
        first, second = run.stage.folder("baton data"), run.stage.folder("baton data")
        own = bytecode / (REPOSITORY / "src" / "baton").relative_to("/")

        def once(what: str, data: Path, at_most: float | None) -> System:
            system = servers.launch_baton(run.stage, None, data=data, PYTHONPYCACHEPREFIX=str(bytecode))
            took_s = servers.seconds_to_first_answer(system)
            run.figures.append(figure(part, what, "Baton", "s", [took_s], at_most=at_most))
            return system

        run.stop(once("first start, no bytecode of any library", first, None))
        shutil.rmtree(own, ignore_errors=True)
        run.stop(once("first start after `make setup`", second, START_S))
        seconds: list[float] = []
        megabytes: list[float] = []
        for _ in range(run.effort.rounds):
            system = servers.launch_baton(run.stage, None, data=second, PYTHONPYCACHEPREFIX=str(bytecode))
            seconds.append(servers.seconds_to_first_answer(system))
            time.sleep(0.5)
            megabytes.append(system.process.rss_kb() / 1024)
            run.stop(system)
        run.figures.append(figure(part, "later starts", "Baton", "s", seconds, at_most=START_S))
        run.figures.append(
            figure(part, "RSS after the first request", "Baton", "MB", megabytes, at_most=IDLE_MB)
        )


def slope(run: Run) -> None:
    """Whether memory grows with the number of plain requests."""
    part = "memory slope"
    upstream = servers.start_plain_upstream(run.stage)
    scripts = run.stage.folder("wrk scripts")
    for name, begin in _streaming(run, upstream).items():
        with run.whole(part, name):
            system = _answering(begin())
            wanted = run.effort.slope_requests
            samples = [(0, system.process.rss_kb() / 1024)]
            for _half in range(2):
                begun = done = samples[-1][0]
                while done - begun < wanted / 2:
                    done += load.saturate(system, scripts, 2).requests
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


PARTS: dict[str, Callable[[Run], None]] = {
    "plain": plain,
    "chunks": chunks,
    "open": open_streams,
    "start": start,
    "slope": slope,
}
