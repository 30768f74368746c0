"""Streamed chunks: in each dialect, and from one dialect to another, beside the bare pass-through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.dialects.chat import CHAT
from benchmarks.dialects.dialect import Dialect
from benchmarks.dialects.generation import GENERATION
from benchmarks.dialects.messages import MESSAGES
from benchmarks.dialects.responses import RESPONSES
from benchmarks.figures import figure, ratio
from benchmarks.loads import streams
from benchmarks.measuring import Run
from benchmarks.systems import servers
from benchmarks.systems.servers import System

# docs/performance.md says where each comes from.
CHUNK_RATIO = 1.3
TRANSLATED_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class Lane:
    """Who asks in which dialect, and in which one the upstream speaks."""

    caller: Dialect
    upstream: Dialect

    @property
    def at_most(self) -> float:
        """Of the pass-through's CPU, where it carries what the upstream says."""
        return CHUNK_RATIO if self.caller is self.upstream else TRANSLATED_RATIO

    def through(self, baton: System) -> System:
        """Baton, asked in this lane."""
        name = baton.name
        if self != PLAIN_LANE:
            same = self.caller is self.upstream
            name += f", {self.caller.name}" if same else f", {self.caller.name} ← {self.upstream.name}"
        model = servers.model_of(self.upstream, self.caller)
        return replace(baton, name=name, model=model, dialect=self.caller)


PLAIN_LANE = Lane(CHAT, CHAT)
LANES = (
    Lane(MESSAGES, MESSAGES),
    Lane(GENERATION, GENERATION),
    Lane(RESPONSES, RESPONSES),
    Lane(MESSAGES, CHAT),
    Lane(RESPONSES, CHAT),
    Lane(CHAT, MESSAGES),
    Lane(CHAT, GENERATION),
    Lane(CHAT, RESPONSES),
)


def chunks(run: Run) -> None:
    """CPU per streamed chunk of chat completions, beside the bare pass-through."""
    upstream, started = _started(run, "streamed chunk")
    _measure(run, "streamed chunk", started, [PLAIN_LANE], run.effort.rounds)
    run.stop(*started.values(), upstream)


def dialects(run: Run) -> None:
    """The same in every other dialect and from one to another."""
    upstream, started = _started(run, "dialects")
    for spoken in (CHAT, MESSAGES, GENERATION, RESPONSES):
        lanes = [lane for lane in LANES if lane.upstream is spoken]
        _measure(run, f"streamed chunk, {spoken.name} upstream", started, lanes, run.effort.dialect_rounds)
    run.stop(*started.values(), upstream)


def _started(run: Run, part: str) -> tuple[System, dict[str, System]]:
    """An upstream that streams, and the systems in front of it."""
    upstream = servers.start_stream_upstream(run.stage, texts=streams.TEXTS, interval_ms=streams.INTERVAL_MS)
    started = {name: run.start(part, name, start) for name, start in run.streaming(upstream).items()}
    return upstream, {name: system for name, system in started.items() if system is not None}


def _measure(run: Run, part: str, started: dict[str, System], lanes: Sequence[Lane], rounds: int) -> None:
    spoken = lanes[0].upstream
    yardstick = started.get("bare pass-through")
    asked = [replace(yardstick, dialect=spoken, model=spoken.model)] if yardstick else []
    at_most: dict[str, float] = {}
    if "Baton" in started:
        for lane in lanes:
            system = lane.through(started["Baton"])
            asked.append(system)
            at_most[system.name] = lane.at_most
    whole = [system for system in asked if run.start(part, system.name, lambda one=system: _whole(one))]
    effort = run.effort
    samples = run.in_turn(part, whole, rounds, lambda system: streams.flow(system, effort.window_s))
    for name, flows in samples.items():
        lumped = min(flow.reads_per_chunk for flow in flows)
        note = f"{flows[0].per_s:,.0f} chunks/s"
        note += "" if lumped > 0.9 else f"; lumped: {lumped:.2f} reads per chunk"
        run.figures.append(
            figure(part, "CPU per chunk", name, "µs", [flow.cpu_us for flow in flows], note=note)
        )
    for name, target in at_most.items():
        if name in samples and "bare pass-through" in samples:
            run.figures.append(
                ratio(
                    part,
                    "CPU per chunk / pass-through",
                    name,
                    [flow.cpu_us for flow in samples[name]],
                    [flow.cpu_us for flow in samples["bare pass-through"]],
                    at_most=target,
                )
            )


def _whole(system: System) -> System:
    streams.require_whole_streams(system)
    return system
