"""kill -9 of a Baton whose runs write brand strategies and plan trips: they go on in the next one, and
nothing that was finished is done, or paid, again."""

import asyncio
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from baton.upstream.providers.simulated.calls import Call, CallBook
from baton.upstream.providers.simulated.scripts import Line
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.databases import Place
from tests.pipelines.itinerary.trips import LISBON
from tests.pipelines.recipes.strategist import Cue, Play, saying
from tests.proofs import FOUND

KILLS = 5
SOAK_KILLS = 50
MOMENTS = 150
"""More than a run has that is never interrupted."""

BUDGET_USD = "0.50"
JUDGED = "Examine the output"


@dataclass(frozen=True)
class Act:
    """A pipeline, and how it goes where nobody dies."""

    recipe: str
    given: dict[str, Any]
    lines: tuple[Line, ...]
    questions: dict[str, str]
    """By what is asked a step's call is known, the first that fits."""
    steps: int
    judged: int
    """Calls of judges."""
    good: Callable[[Any], None]
    """Fails where the output is not what it is to be."""


def _is_a_strategy(output: Any) -> None:
    told = [(each["kind"], each["version"]) for each in output["outputs"]]
    assert told == [("research", 1), ("strategy", 1), ("critique", 1)]


def _is_a_trip(output: Any) -> None:
    names = [activity["name"] for day in output["plan"]["days"] for activity in day["activities"]]
    assert len(names) == len(set(names)) == 8
    assert "Quake Museum" in names
    assert "MAAT" not in names
    assert output["approved"] is True


REJECTED = {
    "approved": False,
    "score": 5,
    "issues": [
        {"type": "location", "severity": "error", "day": 2, "activity": "MAAT", "message": "It is closed."}
    ],
    "suggestions": [{"action": "replace", "day": 2, "activity": "MAAT", "reason": "It is closed."}],
}
OTHER = {
    "timeSlot": "14:00-16:00",
    "name": "Quake Museum",
    "category": "museum",
    "address": "Rua Cais de Alcantara-Mar 171",
    "cost": 21,
    "description": "The earthquake of 1755.",
}


def _line(when: str, says: object, *within: str) -> Line:
    return Cue(when=when, says=msgspec.json.encode(says).decode(), within=within, settings="latency=20")


ACTS = (
    Act(
        recipe="brand-strategy",
        given={"brief": "A small roastery in Porto.", "approve": "never"},
        lines=tuple(Play(settings="latency=20").lines()),
        questions={
            "judge": JUDGED,
            "research market": "What to find out: the market",
            "research audience": "What to find out: the audience",
            "research trends": "What to find out: trends",
            "research perception": "What to find out: perception",
            "strategy": "asked for: nothing, this is the first",
            "critique": "The strategy:",
        },
        steps=12,
        judged=3,
        good=_is_a_strategy,
    ),
    Act(
        recipe="itinerary",
        given={"city": "Lisbon", "days": 2, "budget": 200, "interests": ["tiles"]},
        lines=(
            _line("What was asked for", {"approved": True, "score": 9}, "Quake Museum"),
            _line("What was asked for", REJECTED),
            _line("Theme of the day:", OTHER),
            _line("Museu Nacional do Azulejo, museum", {"checks": []}),
            _line("City:", LISBON),
            _line("lisbon", {"facts": ["Museums are closed on Mondays."]}),
        ),
        questions={
            "re-validation": "Quake Museum",
            "supervision": "What was asked for",
            "activity 2.3": "Theme of the day:",
            "fact check": "Museu Nacional do Azulejo, museum",
            "structure": "Localness level: 3",
            "facts": "lisbon",
        },
        steps=9,
        judged=0,
        good=_is_a_trip,
    ),
)


class Asked(CallBook):
    """Keeps when each question was asked; Unix seconds."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self._act = act
        self.at_s: defaultdict[str, list[float]] = defaultdict(list)

    def opened(self, call: Call) -> Call:
        questions = self._act.questions
        step = next((name for name, words in questions.items() if words in call.body), "unknown")
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

    async def begun(self, act: Act) -> str:
        """The id of a new run."""
        project = await self.ask("POST", "/api/projects", {"name": "Roastery"})
        body = {
            "recipe": act.recipe,
            "projectId": project["id"],
            "input": act.given,
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


def check(act: Act, run: Any, history: Any, asked: Asked, rows: list[Any], kept_s: dict[str, float]) -> None:
    """The result is right, what was finished or had come was not asked again, its cost is the ledger's."""
    assert run["state"] == "completed", run["failure"]
    act.good(run["output"])
    assert len(run["steps"]) == act.steps
    done = Counter(each["step"] for each in history if each["kind"] == "step_completed")
    assert set(done.values()) == {1}
    assert asked.at_s.keys() == act.questions.keys()
    ended_s = {step["name"]: _seconds(step["endedAt"]) for step in run["steps"]}
    for step, times in asked.at_s.items():
        if step != "judge":
            known = kept_s.get(step, ended_s[step])  # it may be kept by one that died before it could say so
            assert max(times) <= known <= ended_s[step] + 0.001, (step, times, known, ended_s[step])
    models = [model for step in run["steps"] for model in step["models"]]
    assert len(models) == len(act.questions) - bool(act.judged) + act.judged
    costs = {row["id"]: float(row["costUsd"]) for row in rows}
    assert float(run["spentUsd"]) == pytest.approx(sum(costs[each["interactionId"]] for each in models))
    assert 0 < float(run["spentUsd"]) <= float(BUDGET_USD)


def most_again(act: Act, asked: Asked, kills: int) -> None:
    """A kill has nothing asked again but what was in flight: four beside each other at most."""
    usual = Counter(dict.fromkeys(act.questions, 1)) | Counter({"judge": act.judged})
    again = Counter({step: len(times) for step, times in asked.at_s.items()}) - +usual
    assert again.total() <= 4 * kills
    assert max(again.values(), default=0) <= kills


def kept(log: Path, run_id: str) -> dict[str, float]:
    """When the answer of each step of a run was kept; Unix seconds."""
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
    keys = [(float(at_s), key.split(":")) for at_s, key in lines]
    return {key[1]: at_s for at_s, key in keys if key[0] == run_id}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def kill_again_and_again(act: Act, place: Place, folder: Path, seed: int, kills: int) -> int:
    """Runs whose Batons are killed at seeded moments, one life after the other; how many kills there were."""
    rng = random.Random(seed)
    killed = 0
    async with saying(act.lines) as provider:
        home = Home.of(folder, place.settings.url, provider.environment)
        log = folder / "kept"
        environment = home.environment | {"KEPT_LOG": str(log)}
        home = replace(home, program=("-m", "tests.crash.dying", "serve"), environment=environment)
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            client = Client(session, home)
            while killed < kills:
                asked = provider.simulation.calls = Asked(act)
                before, run_id, run = killed, None, None
                while run is None:
                    dies_at = rng.randint(1, MOMENTS) if killed < kills else 0
                    life = replace(home, environment=home.environment | {"DIES_AT": str(dies_at)})
                    async with living(life) as process, asyncio.timeout(PATIENCE_S):
                        with suppress(aiohttp.ClientError, ConnectionError):
                            run_id = run_id or await client.begun(act)
                        run = None if run_id is None else await client.over(run_id)
                        if run is None:
                            assert await process.wait() == -signal.SIGKILL
                            killed += 1
                        else:
                            history = await client.ask("GET", f"/api/runs/{run_id}/history")
                            rows = await client.ask("GET", "/api/interactions?limit=500")
                            since_s = kept(log, run["id"])
                            check(act, run, history["events"], asked, rows["interactions"], since_s)
                            most_again(act, asked, killed - before)
    return killed


@pytest.mark.timeout(300)
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.recipe)
async def test_killed_batons_lose_nothing_of_a_pipeline(act: Act, place: Place, tmp_path: Path) -> None:
    """Killed at five moments, between steps and inside of them, a run ends as if nothing had been."""
    assert await kill_again_and_again(act, place, tmp_path, 3, KILLS) >= KILLS


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.recipe)
async def test_killed_batons_lose_nothing_of_a_pipeline_however_often(
    act: Act, place: Place, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Killed at fifty seeded moments, runs end as if nothing had been."""
    killed = await kill_again_and_again(act, place, tmp_path, 11, SOAK_KILLS)
    record_property(FOUND, f"{act.recipe}: {killed} kills on {place.settings.url.partition(':')[0]}")
