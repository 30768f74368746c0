"""kill -9 of a Baton whose runs write brand strategies: they go on in the next one, and nothing that was
finished is done, or paid, again."""

import asyncio
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.upstream.providers.simulated.calls import Call, CallBook
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.databases import Place
from tests.pipelines.recipes.strategist import Play, strategist
from tests.proofs import FOUND

KILLS = 5
SOAK_KILLS = 50
MOMENTS = 150
"""More than a run has that is never interrupted."""

BUDGET_USD = "0.50"
QUESTIONS = {
    "research market": "What to find out: the market",
    "research audience": "What to find out: the audience",
    "research trends": "What to find out: trends",
    "research perception": "What to find out: perception",
    "strategy": "asked for: nothing, this is the first",
    "critique": "The strategy:",
}
"""By what is asked a step's call is known; judges' calls are counted together."""

STEPS = 6 + 3 + 3


class Asked(CallBook):
    """Keeps when each question was asked; Unix seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s: defaultdict[str, list[float]] = defaultdict(list)

    def opened(self, call: Call) -> Call:
        step = "judge"
        if "Examine the output" not in call.body:
            step = next((name for name, words in QUESTIONS.items() if words in call.body), "unknown")
        self.at_s[step].append(time.time())
        return super().opened(call)


class Client:
    """Asks a Baton that may die at any moment."""

    def __init__(self, session: aiohttp.ClientSession, home: Home) -> None:
        self._session = session
        self._url = home.url

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._session.request(method, self._url + path, json=body) as reply:
            assert reply.status < 400, await reply.text()
            return await reply.json()

    async def begun(self) -> str:
        """The id of a new run."""
        project = await self.ask("POST", "/api/projects", {"name": "Roastery"})
        body = {
            "recipe": "brand-strategy",
            "projectId": project["id"],
            "input": {"brief": "A small roastery in Porto.", "approve": "never"},
            "budgetUsd": BUDGET_USD,
        }
        return (await self.ask("POST", "/api/runs", body))["id"]

    async def over(self, run_id: str) -> Any:
        """The run, if it has ended before this Baton has; else None."""
        with suppress(aiohttp.ClientError, ConnectionError):
            while True:
                run = await self.ask("GET", f"/api/runs/{run_id}")
                if run["state"] in ("completed", "failed", "over_budget"):
                    return run
                await asyncio.sleep(0.05)
        return None


def check(
    run: Any, history: Any, asked: Asked, rows: list[Any], kept_s: dict[str, float], kills: int
) -> None:
    """The result is right, what was finished or had come was not asked again, its cost is the ledger's."""
    assert run["state"] == "completed", run["failure"]
    assert [(each["kind"], each["version"]) for each in run["output"]["outputs"]] == [
        ("research", 1),
        ("strategy", 1),
        ("critique", 1),
    ]
    assert len(run["steps"]) == STEPS
    done = Counter(each["step"] for each in history if each["kind"] == "step_completed")
    assert set(done.values()) == {1}
    ended_s = {step["name"]: _seconds(step["endedAt"]) for step in run["steps"] if step["name"] in QUESTIONS}
    assert asked.at_s.keys() == {*QUESTIONS, "judge"}
    for step, ended in ended_s.items():
        times = asked.at_s[step]
        known = kept_s.get(step, ended)  # it may be kept by one that died before it could say so
        assert max(times) <= known <= ended + 0.001, (step, times, known, ended)
        assert len(times) <= 1 + kills
    assert len(asked.at_s["judge"]) <= 3 + kills
    again = sum(len(times) for times in asked.at_s.values()) - 9
    assert again <= 4 * kills  # of four beside each other all may be in flight
    models = [model for step in run["steps"] for model in step["models"]]
    costs = {row["id"]: float(row["costUsd"]) for row in rows}
    assert len(models) == 9
    assert float(run["spentUsd"]) == pytest.approx(sum(costs[each["interactionId"]] for each in models))
    assert 0 < float(run["spentUsd"]) <= float(BUDGET_USD)


def kept(log: Path, run_id: str) -> dict[str, float]:
    """When the answer of each step of a run was kept; Unix seconds."""
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
    keys = [(float(at_s), key.split(":")) for at_s, key in lines]
    return {key[1]: at_s for at_s, key in keys if key[0] == run_id}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def kill_again_and_again(place: Place, folder: Path, seed: int, kills: int) -> int:
    """Runs whose Batons are killed at seeded moments, one life after the other; how many kills there were."""
    rng = random.Random(seed)
    killed = 0
    async with strategist(Play(settings="latency=20")) as provider:
        home = Home.of(folder, place.settings.url, provider.environment)
        log = folder / "kept"
        environment = home.environment | {"KEPT_LOG": str(log)}
        home = replace(home, program=("-m", "tests.crash.dying", "serve"), environment=environment)
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            client = Client(session, home)
            while killed < kills:
                asked = provider.simulation.calls = Asked()
                before, run_id, run = killed, None, None
                while run is None:
                    dies_at = rng.randint(1, MOMENTS) if killed < kills else 0
                    life = replace(home, environment=home.environment | {"DIES_AT": str(dies_at)})
                    async with living(life) as process, asyncio.timeout(PATIENCE_S):
                        with suppress(aiohttp.ClientError, ConnectionError):
                            run_id = run_id or await client.begun()
                        run = None if run_id is None else await client.over(run_id)
                        if run is None:
                            assert await process.wait() == -signal.SIGKILL
                            killed += 1
                        else:
                            history = await client.ask("GET", f"/api/runs/{run_id}/history")
                            rows = await client.ask("GET", "/api/interactions?limit=500")
                            since_s = kept(log, run["id"])
                            check(
                                run, history["events"], asked, rows["interactions"], since_s, killed - before
                            )
    return killed


@pytest.mark.timeout(300)
async def test_killed_batons_lose_nothing_of_a_strategy(place: Place, tmp_path: Path) -> None:
    """Killed at five moments, between steps and inside of them, a run ends as if nothing had been."""
    assert await kill_again_and_again(place, tmp_path, 3, KILLS) >= KILLS


@pytest.mark.soak
@pytest.mark.timeout(3000)
async def test_killed_batons_lose_nothing_of_a_strategy_however_often(
    place: Place, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Killed at fifty seeded moments, runs end as if nothing had been."""
    killed = await kill_again_and_again(place, tmp_path, 11, SOAK_KILLS)
    record_property(FOUND, f"{killed} kills on {place.settings.url.partition(':')[0]}")
