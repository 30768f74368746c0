"""Two hundred runs at once on two workers: all of them end, and requests beside them are hardly disturbed.

    python -m benchmarks.many_runs [--runs 200] [--rate 20] [--latency-ms 1500]

A Baton with two workers on PostgreSQL and Redis, and a provider in a process of its own whose models take
their time. Plain requests go out at a steady rate, first alone, then beside the runs; what Baton adds to each
is its latency less what it waited for the provider, in whole milliseconds, as its headers say. All of it
shares this machine's cores.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
from tests.conftest import bearer
from tests.crash.serving import KEY, Home, living
from tests.pipelines.recipes.strategist import Play, strategist
from tests.postgres import Postgres
from tests.redis_server import RedisServer

PLAIN = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Examine the output"}]}


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20.0, help="plain requests a second")
    parser.add_argument("--latency-ms", type=int, default=1500, help="of a model's answer")
    parser.add_argument("--alone-s", type=float, default=20.0)
    parser.add_argument("--provider", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.provider:
        asyncio.run(_provide(asked.latency_ms))
    else:
        asyncio.run(_measure(asked))


async def _provide(latency_ms: int) -> None:
    """Serve models until killed; the plain requests' one answers at once."""
    async with strategist(Play(settings=f"latency={latency_ms}")) as stage:
        for name, value in stage.environment.items():
            print(f"{name}={value}")
        print("", flush=True)
        await asyncio.Event().wait()


async def _measure(asked: argparse.Namespace) -> None:
    with Postgres() as postgres, RedisServer() as redis, tempfile.TemporaryDirectory() as folder:
        command = ("-m", "benchmarks.many_runs", "--provider", "--latency-ms", str(asked.latency_ms))
        provider = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, env=os.environ
        )
        assert provider.stdout is not None
        environment: dict[str, str] = {}
        while line := (await provider.stdout.readline()).decode().strip():
            name, _, value = line.partition("=")
            environment[name] = value
        home = Home.of(
            Path(folder),
            postgres.new_database(),
            environment | {"REDIS_URL": redis.url, "BATON_WORKERS": "2"},
        )
        try:
            async with (
                living(home) as baton,
                aiohttp.ClientSession(headers=bearer(KEY)) as session,
            ):
                await _compare(session, home.url, asked)
                baton.terminate()
                await baton.wait()
        finally:
            provider.kill()
            await provider.wait()


async def _compare(session: aiohttp.ClientSession, url: str, asked: argparse.Namespace) -> None:
    async def ask(method: str, path: str, body: Any = None) -> Any:
        async with session.request(method, url + path, json=body) as reply:
            assert reply.status < 400, await reply.text()
            return await reply.json()

    await _plain(session, url, asked.rate, asyncio.create_task(asyncio.sleep(5)))  # to get warm
    alone = await _plain(session, url, asked.rate, asyncio.create_task(asyncio.sleep(asked.alone_s)))
    project = (await ask("POST", "/api/projects", {"name": "Many"}))["id"]
    given = {"brief": "A small roastery in Porto.", "approve": "never"}
    body = {"recipe": "brand-strategy", "projectId": project, "input": given}
    first = (await ask("POST", "/api/runs", body))["id"]  # loads the engine
    await _ended(session, f"{url}/api/runs/{first}/events")
    began_s = time.monotonic()

    async def runs() -> Counter[str]:
        ids = {(await ask("POST", "/api/runs", body))["id"] for _ in range(asked.runs)}
        while True:
            listed = (await ask("GET", f"/api/runs?project={project}&limit=500"))["runs"]
            states = Counter(run["state"] for run in listed if run["id"] in ids)
            if not states.keys() & {"queued", "running"}:
                return states
            await asyncio.sleep(10)  # a list of five hundred is work, too

    under_way = asyncio.create_task(runs())
    beside = await _plain(session, url, asked.rate, under_way)
    took_s = time.monotonic() - began_s
    print(f"{asked.runs} runs at once, two workers: {dict(under_way.result())} after {took_s:.0f} s")
    print(f"overhead of plain requests at {asked.rate:g}/s, ms:")
    for name, found in (("alone", alone), ("beside runs", beside)):
        print(
            f"  {name:12} {len(found):5} requests  p50 {_at(found, 0.5):6.2f}  p99 {_at(found, 0.99):6.2f}"
            f"  most {found[-1]:6.2f}"
        )


async def _ended(session: aiohttp.ClientSession, url: str) -> None:
    """Return when a run's events have ended."""
    async with session.get(url) as reply:
        async for _ in reply.content:
            pass


async def _plain(
    session: aiohttp.ClientSession, url: str, rate: float, until: asyncio.Task[Any]
) -> list[float]:
    """What Baton added to each request, in ms, sorted; sent at a steady rate, whatever came of the others."""
    added: list[float] = []

    async def one() -> None:
        async with session.post(f"{url}/v1/chat/completions", json=PLAIN) as reply:
            assert reply.status == 200, await reply.text()
            await reply.read()
            latency, upstream = (
                float(reply.headers[f"x-baton-{name}"]) for name in ("latency-ms", "upstream-ms")
            )
            added.append(latency - upstream)

    next_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        while not until.done():
            group.create_task(one())
            next_s += 1 / rate
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
    return sorted(added)


def _at(found: list[float], share: float) -> float:
    return found[min(len(found) - 1, int(len(found) * share))]


if __name__ == "__main__":
    main()
