"""Two workers that share a Redis and a PostgreSQL: what a plain request costs them."""

from __future__ import annotations

import statistics

from benchmarks.figures import figure, ratio
from benchmarks.loads.plain import saturate
from benchmarks.measuring import BATON, NGINX, Run
from benchmarks.systems import servers
from benchmarks.systems.databases import POSTGRESQL, databases, shared_state

FLEET = "Baton, 2 workers"


def shared(run: Run) -> None:
    """CPU per plain request of two workers beside that of one process, and of nginx."""
    part = "with Redis and PostgreSQL"
    if BATON not in run.systems:
        return
    stage = run.stage
    with (
        run.whole(part, FLEET),
        databases(stage, POSTGRESQL) as new_database,
        shared_state() as redis_url,
    ):
        upstream = servers.start_plain_upstream(stage)
        under_test = [
            servers.limited(servers.start_baton(stage, upstream)),
            servers.start_fleet(stage, upstream, database_url=new_database(), redis_url=redis_url),
        ]
        for system in under_test:
            servers.require_plain_answer(system)
        if NGINX in run.systems:
            under_test.append(servers.start_nginx_proxy(stage, upstream))
        scripts = stage.folder("wrk scripts")
        for system in under_test:
            saturate(system, scripts, 1)
        samples = run.in_turn(
            part, under_test, run.effort.rounds, lambda system: saturate(system, scripts, run.effort.window_s)
        )
        nginx = samples.pop("nginx proxy", None)
        for name, windows in samples.items():
            busy = statistics.median(window.busy for window in windows)
            note = "" if busy > 0.9 else f"had {busy:.0%} of its core"
            cpu_us = [window.cpu_us for window in windows]
            run.figures.append(figure(part, "CPU per request", name, "µs", cpu_us, note=note))
            if nginx is not None:
                yardstick = [window.cpu_us for window in nginx]
                run.figures.append(ratio(part, "CPU per request / nginx", name, cpu_us, yardstick))
            per_s = [window.per_s for window in windows]
            run.figures.append(figure(part, "saturated, 16 connections", name, "req/s", per_s))
        run.stop(*under_test, upstream)
