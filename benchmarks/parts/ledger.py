"""The ledger alone: how many interactions a second reach a database, and what that asks of the loop."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import uvloop

from benchmarks.figures import figure
from benchmarks.measuring import BATON, Run
from benchmarks.systems.databases import KINDS, POSTGRESQL, databases, rows_of
from benchmarks.systems.processes import Unfit
from benchmarks.systems.recorder import Recorded

# docs/performance.md says where it comes from.
PER_S = {POSTGRESQL: 5000.0}

_RECORDED_WITHIN_S = 120.0
_PART = "ledger"


def ledger(run: Run) -> None:
    """Interactions per second into each database, with the rows and their sums looked at afterwards."""
    if BATON not in run.systems:
        return
    for kind in KINDS:
        with run.whole(_PART, kind), databases(run.stage, kind) as new_database:
            rounds: list[Recorded] = []
            for number in range(run.effort.ledger_rounds):
                run.console.print(
                    f"  {_PART}: round {number + 1} of {run.effort.ledger_rounds}, {kind}", style="dim"
                )
                rounds.append(_recorded(run, kind, new_database()))
            _show(run, kind, rounds)


def _recorded(run: Run, kind: str, database_url: str) -> Recorded:
    """One process that records into an empty database; raises `Unfit` unless its rows are all there."""
    process = run.stage.start_module(
        f"recorder, {kind}",
        "recorder",
        *("--journal", str(run.stage.folder("journal") / "journal")),
        *("--database-url", database_url),
        *("--interactions", str(run.effort.ledger_interactions)),
        core=run.stage.cores.tested,
    )
    told = msgspec.json.decode(process.last_line(within_s=_RECORDED_WITHIN_S), type=Recorded)
    run.stage.stop(process)
    found = uvloop.run(rows_of(database_url))
    if (found.interactions, found.attempts, found.cost_nanos) != (
        told.interactions,
        told.interactions,
        told.cost_nanos,
    ):
        raise Unfit(f"{told} is in the database as {found}")
    return told


def _show(run: Run, kind: str, rounds: list[Recorded]) -> None:
    def add(what: str, unit: str, of: Callable[[Recorded], float], at_least: float | None = None) -> None:
        values = [of(one) for one in rounds]
        run.figures.append(figure(_PART, what, kind, unit, values, at_least=at_least))

    add("interactions on record", "rows/s", lambda one: one.interactions / one.seconds, PER_S.get(kind))
    add("CPU per interaction", "µs", lambda one: one.cpu_s / one.interactions * 1e6)
    add("the loop late meanwhile, p99", "ms", lambda one: one.late_p99_ms)
    add("the loop late meanwhile, most", "ms", lambda one: one.late_max_ms)
