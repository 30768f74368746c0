"""The agents' routes: each writes for a project, is looked at, and kept."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Web
from tests.pipelines.recipes.strategist import Play
from tests.pipelines.recipes.test_brand_strategy import project, staged

ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("research", {"brief": "A small roastery in Porto."}, "the market"),
    ("strategy", {"researchData": {"audience": "Head waiters decide."}}, "Positioning"),
    ("critique", {"strategyData": "Positioning: by hand."}, "Strengths"),
]
PLAY = Play(market="Everything about the market.")


async def test_each_agent_writes_and_what_it_wrote_is_kept(tmp_path: Path) -> None:
    """The answer has the text, its quality and what it took; the output of the project says the same."""
    async with staged(PLAY, tmp_path) as web:
        mine = await project(web)
        for agent, given, words in ASKED:
            if agent == "research":
                given = given | {"brief": "What to find out: the market"}
            reply = await web.post(f"/api/ai/{agent}", {"projectId": mine} | given)
            assert reply.status == 200, reply.body
            told = reply.json
            assert (told["success"], told["quality"]["score"], told["quality"]["verdict"]) == (
                True,
                80,
                "accepted",
            )
            assert words in told["content"]
            kept = (await web.get(f"/api/projects/{mine}/outputs/{told['outputId']}")).json
            assert (kept["kind"], kept["content"], kept["version"]["score"]) == (agent, told["content"], 80)
            assert kept["version"]["model"] == told["metadata"]["model"]
            rows = (await web.get("/api/interactions?limit=2")).json["interactions"]
            assert float(told["metadata"]["cost"]) == pytest.approx(
                sum(float(row["costUsd"]) for row in rows)
            )
            assert told["metadata"]["tokensUsed"] > 0
        listed = (await web.get(f"/api/projects/{mine}/outputs")).json["outputs"]
        assert [each["kind"] for each in listed] == ["critique", "strategy", "research"]


async def test_a_rejected_text_is_made_once_more(tmp_path: Path) -> None:
    """By a stronger model; the better of the two is kept, and all of it counted."""
    async with staged(Play(critique="Fine.", scores=(("Fine.", 10),)), tmp_path) as web:
        body = {"projectId": await project(web), "strategyData": "Positioning: by hand."}
        told = (await web.post("/api/ai/critique", body)).json
        assert told["quality"]["verdict"] == "rejected"
        assert len((await web.get("/api/interactions?limit=9")).json["interactions"]) == 4


async def test_bad_requests_are_told_what_is_wrong(tmp_path: Path) -> None:
    """A missing field 400, another's project 404, and nothing is asked of a model or kept."""
    async with staged(PLAY, tmp_path) as web:
        mine = await project(web)
        stranger = await web.baton.user()
        for path, body, status in (
            ("research", {"projectId": mine}, 400),
            ("research", {"brief": "x"}, 400),
            ("research", {"projectId": mine, "brief": "  "}, 400),
            ("strategy", {"projectId": mine, "researchData": 7}, 400),
            ("critique", {"projectId": mine, "strategyData": "x", "more": 1}, 400),
            ("stream", {"projectId": mine, "task": "A b", "prompt": "x"}, 400),
            ("stream", {"projectId": mine, "task": "slogan"}, 400),
        ):
            reply = await web.post(f"/api/ai/{path}", body)
            assert reply.status == status, (path, body, reply.body)
            assert reply.json["errors"], reply.json
        for path, more in [
            *((agent, given) for agent, given, _ in ASKED),
            ("stream", {"task": "t", "prompt": "p"}),
        ]:
            reply = await web.post(f"/api/ai/{path}", {"projectId": mine} | more, stranger)
            assert (reply.status, reply.json["code"]) == (404, "project_not_found"), reply.body
        assert (await web.ask("POST", "/api/ai/research", data=b"{")).status in (400, 415)
        assert (await web.get("/api/interactions")).json["interactions"] == []
        assert (await web.get(f"/api/projects/{mine}/outputs")).json["outputs"] == []


async def test_a_spent_budget_is_said_with_its_total(tmp_path: Path) -> None:
    """429, and no text."""
    async with staged(PLAY, tmp_path) as web:
        mine = await project(web)
        budget = {"scope": "project", "subject": mine, "period": "month", "limitUsd": "0.000000001"}
        made = await web.ask("PUT", "/api/admin/budgets/small", json=budget)
        assert made.status in (200, 201), made.body
        reply = await web.post("/api/ai/research", {"projectId": mine, "brief": "x"})
        assert (reply.status, reply.json["code"]) == (429, "budget_exceeded"), reply.body
        assert "0.000000001" in reply.json["detail"]


async def test_a_task_is_told_while_it_is_written(tmp_path: Path) -> None:
    """Pieces with the tokens so far, then where it is kept, all tokens and the true cost."""
    async with staged(Play(settings="latency=1;tps=200"), tmp_path) as web:
        mine = await project(web)
        body = {
            "projectId": mine,
            "task": "slogan",
            "prompt": "What to find out: the audience",
            "systemPrompt": "S",
        }
        reply = await web.post("/api/ai/stream", body)
        assert reply.headers["content-type"].startswith("text/event-stream")
        *pieces, last = reply.events
        text = "".join(piece["content"] for piece in pieces)
        assert text == Play().audience
        sofar = [piece["tokensSoFar"] for piece in pieces]
        assert sofar == sorted(sofar)
        assert len(sofar) > 2
        assert last["isComplete"] is True
        kept = (await web.get(f"/api/projects/{mine}/outputs/{last['outputId']}")).json
        assert (kept["kind"], kept["content"]) == ("slogan", text)
        [row] = (await web.get("/api/interactions")).json["interactions"]
        assert float(row["costUsd"]) == float(last["cost"]) > 0


async def test_a_task_whose_stream_breaks_is_not_kept(tmp_path: Path) -> None:
    """The last event is the error; nothing half said becomes an output."""
    async with staged(Play(settings="fault=cut;after=2;tps=100"), tmp_path) as web:
        mine = await project(web)
        body = {"projectId": mine, "task": "slogan", "prompt": "What to find out: the audience"}
        events = (await web.post("/api/ai/stream", body)).events
        assert events[-1]["isComplete"] is True
        assert events[-1]["error"]["status"] in (502, 503)
        assert (await web.get(f"/api/projects/{mine}/outputs")).json["outputs"] == []


async def test_an_agent_whose_client_leaves_is_stopped(tmp_path: Path) -> None:
    """What was asked is recorded as cancelled, and nothing is kept."""
    async with staged(Play(settings="latency=5000"), tmp_path) as web:
        mine = await project(web)
        body = json.dumps({"projectId": mine, "brief": "What to find out: the market"}).encode()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await web.post("/api/ai/research", json.loads(body))
        async with asyncio.timeout(20):
            rows: list[Any] = []
            while not rows:
                rows = (await web.get("/api/interactions")).json["interactions"]
        assert [row["status"] for row in rows] == ["cancelled"]
        assert (await web.get(f"/api/projects/{mine}/outputs")).json["outputs"] == []


async def test_the_same_key_writes_once(web: Web, tmp_path: Path) -> None:
    """Sent twice with an idempotency key, an agent writes once and answers the same twice."""
    async with staged(PLAY, tmp_path) as web:
        mine = await project(web)
        body = {"projectId": mine, "strategyData": "Positioning: by hand."}
        headers = web.baton.admin | {"idempotency-key": "one"}
        first, second = [(await web.post("/api/ai/critique", body, headers)).json for _ in range(2)]
        assert first == second
        assert len((await web.get(f"/api/projects/{mine}/outputs")).json["outputs"]) == 1
