"""Plain requests: what they cost at saturation, and the time they are made longer."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.dialects.messages import MESSAGES
from benchmarks.figures import figure, ratio
from benchmarks.loads.plain import PACE_PER_S, pace, saturate
from benchmarks.measuring import BATON, BATON_AUTO, BATON_TRANSLATED, NGINX, PASSTHROUGH, Run
from benchmarks.systems import servers
from benchmarks.systems.peers import PEERS
from benchmarks.systems.servers import System

# docs/performance.md says where each comes from.
PLAIN_RATIO = 13.5
ADDED_P50_MS, ADDED_P99_MS = 2.0, 10.0

TRANSLATED = ("Baton, Messages ← chat", "Baton, chat ← Messages")
"""Caller and upstream."""


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
        starts["Baton"] = lambda: servers.limited(
            servers.require_plain_answer(servers.start_baton(stage, upstream))
        )
    if run.peers:
        for name, start in PEERS.items():
            starts[name] = lambda start=start: start(stage, upstream)

    under_test: list[System] = []
    for name, start in starts.items():
        run.console.print(f"  {part}: starting {name}", style="dim")
        if (
            system := run.start(part, name, lambda start=start: servers.require_plain_answer(start()))
        ) is None:
            continue
        under_test.append(system)
        if system.name == "Baton":
            under_test += [
                variant
                for variant in _variants(run, system)
                if run.start(
                    part, variant.name, lambda variant=variant: servers.require_plain_answer(variant)
                )
            ]

    scripts = stage.folder("wrk scripts")
    for system in under_test:
        with run.whole(part, system.name):
            saturate(system, scripts, 1)
    _saturated(run, part, under_test, scripts)
    paced = [system for system in under_test if system.name not in (*PEERS, *TRANSLATED)]
    _paced(run, upstream, paced)
    run.stop(*under_test, upstream)


def _variants(run: Run, baton: System) -> list[System]:
    """Other ways to ask the same Baton."""
    variants: list[System] = []
    if BATON_AUTO in run.systems:
        variants.append(replace(baton, name="Baton, model auto", model="auto"))
    if BATON_TRANSLATED in run.systems:
        from_messages, to_messages = TRANSLATED
        variants.append(replace(baton, name=from_messages, dialect=MESSAGES))
        variants.append(replace(baton, name=to_messages, model=servers.model_of(MESSAGES)))
    return variants


def _saturated(run: Run, part: str, under_test: list[System], scripts: Path) -> None:
    effort = run.effort
    samples = run.in_turn(
        part, under_test, effort.rounds, lambda system: saturate(system, scripts, effort.window_s)
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
        if name not in TRANSLATED or "Baton" not in samples:
            continue
        run.figures.append(
            ratio(
                part,
                "CPU per request / Baton's own",
                name,
                [window.cpu_us for window in windows],
                [window.cpu_us for window in samples["Baton"]],
            )
        )
    for name, windows in samples.items():
        run.figures.append(
            figure(part, "saturated, 16 connections", name, "req/s", [window.per_s for window in windows])
        )


def _paced(run: Run, upstream: System, under_test: list[System]) -> None:
    part = f"{PACE_PER_S} requests/s"
    direct = replace(upstream, name="direct")
    samples = run.in_turn(
        part,
        [direct, *under_test],
        run.effort.rounds,
        lambda system: pace(system, run.effort.pace_s / run.effort.rounds),
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
