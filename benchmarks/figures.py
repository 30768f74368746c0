"""What was measured, beside what was wanted: the table people read and the JSON machines read."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.systems.processes import REPOSITORY


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity: the median of its rounds and their extremes."""

    part: str
    what: str
    system: str
    unit: str
    median: float
    low: float
    high: float
    rounds: int
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is no target."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return None if self.at_least is None else self.median >= self.at_least

    @property
    def target(self) -> str:
        """What was wanted, with its unit; empty where there is no target."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}"
        return "" if self.at_least is None else f"≥ {self.at_least:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that could not be made, or whose answers were wrong; a peer may be left out."""

    part: str
    system: str
    reason: str
    left_out: bool = False


def figure(
    part: str,
    what: str,
    system: str,
    unit: str,
    rounds: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    note: str = "",
) -> Figure:
    """The figure of one quantity that was measured in one or more rounds."""
    middle = statistics.median(rounds)
    return Figure(
        part=part,
        what=what,
        system=system,
        unit=unit,
        median=middle,
        low=min(rounds),
        high=max(rounds),
        rounds=len(rounds),
        at_most=at_most,
        at_least=at_least,
        note=note,
    )


def ratio(
    part: str,
    what: str,
    system: str,
    tested: Sequence[float],
    yardstick: Sequence[float],
    *,
    at_most: float | None = None,
    note: str = "",
) -> Figure:
    """The ratio of two systems, taken round by round, so that a slow minute of the machine cancels out."""
    pairs = [mine / theirs for mine, theirs in zip(tested, yardstick, strict=True)]
    return figure(part, what, system, "x", pairs, at_most=at_most, note=note)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed; `share` in 0 … 1."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, of what and where a run was made."""

    when: str
    commit: str
    uncommitted_changes: bool
    processor: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    nginx: str
    load_average: float


def _output(*command: str) -> str:
    try:
        run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return (run.stdout or run.stderr).strip() if run.returncode == 0 else ""


def circumstances(cores: int) -> Circumstances:
    """Of this machine and this working tree, now; `cores` as seen before anything was pinned."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return Circumstances(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_output("git", "rev-parse", "--short", "HEAD") or "none",
        uncommitted_changes=bool(_output("git", "status", "--porcelain", "--untracked-files=no")),
        processor=names[0].partition(":")[2].strip() if names else platform.machine(),
        cores=cores,
        memory_gb=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        nginx=_output(nginx, "-v").rpartition("/")[2] if nginx else "none",
        load_average=round(os.getloadavg()[0], 2),
    )


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"


def show(
    figures: Sequence[Figure], failures: Sequence[Failure], around: Circumstances, console: Console
) -> None:
    """Prints the table, then what could not be measured."""
    changed = " with uncommitted changes" if around.uncommitted_changes else ""
    table = Table(
        title=f"commit {around.commit}{changed} · {around.cores} cores {around.processor} · "
        f"Python {around.python} · nginx {around.nginx}",
        title_justify="left",
    )
    for heading in ("what", "system"):
        table.add_column(heading)
    for heading in ("median", "min – max"):
        table.add_column(heading, justify="right")
    for heading in ("target", "verdict", "note"):
        table.add_column(heading)
    part = ""
    for one in figures:
        if one.part != part:
            part = one.part
            table.add_section()
            table.add_row(f"[bold]{part}[/bold]")
        spread = f"{_number(one.low)} – {_number(one.high)}" if one.rounds > 1 else ""
        verdict = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}[one.met]
        table.add_row(
            one.what, one.system, f"{_number(one.median)} {one.unit}", spread, one.target, verdict, one.note
        )
    console.print(table)
    for failure in failures:
        label = "[yellow]LEFT OUT[/yellow]" if failure.left_out else "[red]NOT MEASURED[/red]"
        console.print(f"{label} {failure.part} · {failure.system}: ", end="")
        console.print(failure.reason, markup=False, highlight=False)


def write(path: Path, figures: Sequence[Figure], failures: Sequence[Failure], around: Circumstances) -> None:
    """Writes everything as JSON."""
    document = {
        "circumstances": asdict(around),
        "figures": [{**asdict(one), "met": one.met} for one in figures],
        "failures": [asdict(failure) for failure in failures],
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
