"""Answers that are given again: what an exact hit costs, and how soon it is there."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.figures import figure, ratio
from benchmarks.loads.plain import PACE_PER_S, pace, saturate
from benchmarks.measuring import BATON, NGINX, Run
from benchmarks.systems import servers

HIT = "Baton, exact hit"
HIT_P50_MS = 1.0


def cache(run: Run) -> None:
    """CPU per hit beside a plain request of the same process, and the whole time that a client sees."""
    part = "exact hits"
    if BATON not in run.systems:
        return
    stage = run.stage
    with run.whole(part, HIT):
        upstream = servers.start_plain_upstream(stage)
        baton = servers.limited(servers.require_plain_answer(servers.start_baton(stage, upstream)))
        hit = replace(baton, name=HIT, key={**baton.key, "x-baton-cache": "exact"})
        servers.require_plain_answer(hit)
        under_test = [baton, hit]
        if NGINX in run.systems:
            under_test.append(servers.start_nginx_proxy(stage, upstream))
        scripts = stage.folder("wrk scripts")
        for system in under_test:
            saturate(system, scripts, 1)
        samples = run.in_turn(
            part, under_test, run.effort.rounds, lambda system: saturate(system, scripts, run.effort.window_s)
        )
        nginx = samples.pop("nginx proxy", None)
        plain = [window.cpu_us for window in samples[baton.name]]
        for name, windows in samples.items():
            cpu_us = [window.cpu_us for window in windows]
            run.figures.append(figure(part, "CPU per request", name, "µs", cpu_us))
            if nginx is not None:
                yardstick = [window.cpu_us for window in nginx]
                run.figures.append(ratio(part, "CPU per request / nginx", name, cpu_us, yardstick))
        hits = [window.cpu_us for window in samples[HIT]]
        run.figures.append(ratio(part, "CPU per request / a plain one", HIT, hits, plain))
        paces = run.in_turn(
            part, [hit], run.effort.rounds, lambda system: pace(system, run.effort.pace_s / run.effort.rounds)
        )[HIT]
        what = f"whole time at {PACE_PER_S}/s"
        p50 = [each.p50_ms for each in paces]
        run.figures.append(figure(part, f"{what}, p50", HIT, "ms", p50, at_most=HIT_P50_MS))
        run.figures.append(figure(part, f"{what}, p99", HIT, "ms", [each.p99_ms for each in paces]))
        run.stop(*under_test, upstream)
