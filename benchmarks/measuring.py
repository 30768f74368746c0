"""What every part of a run works with: the systems asked for, turns, and what was found so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console

from benchmarks.figures import Failure, Figure
from benchmarks.systems import servers
from benchmarks.systems.peers import PEERS
from benchmarks.systems.processes import Stage, Unfit
from benchmarks.systems.servers import System

Sample = TypeVar("Sample")

NGINX, PASSTHROUGH, BATON = "nginx", "passthrough", "baton"
BATON_AUTO, BATON_TRANSLATED = "baton-auto", "baton-translated"
SYSTEMS = (NGINX, PASSTHROUGH, BATON, BATON_AUTO, BATON_TRANSLATED)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often."""

    rounds: int
    dialect_rounds: int
    """Of the streams of each further dialect, which are many."""
    window_s: int
    pace_s: float
    open_rounds: int
    slope_requests: int
    ledger_rounds: int
    ledger_interactions: int
    """In each round."""


# Neighbours on a shared machine make a core 30 % slower for seconds at a time: many short rounds cancel that
# better than few long ones.
FULL = Effort(
    rounds=9,
    dialect_rounds=5,
    window_s=3,
    pace_s=18.0,
    open_rounds=3,
    slope_requests=50_000,
    ledger_rounds=5,
    ledger_interactions=50_000,
)
QUICK = Effort(
    rounds=3,
    dialect_rounds=2,
    window_s=2,
    pace_s=3.0,
    open_rounds=1,
    slope_requests=20_000,
    ledger_rounds=2,
    ledger_interactions=20_000,
)


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

    def streaming(self, upstream: System) -> dict[str, Callable[[], System]]:
        """How to start each system that streams are measured of, by name."""
        starts: dict[str, Callable[[], System]] = {}
        if PASSTHROUGH in self.systems:
            starts["bare pass-through"] = lambda: servers.start_passthrough(self.stage, upstream)
        if BATON in self.systems:
            starts["Baton"] = lambda: servers.start_baton(self.stage, upstream)
        return starts
