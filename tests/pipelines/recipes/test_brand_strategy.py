"""Brand strategies, from a brief to outputs that are kept: over HTTP, with a provider on a socket."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import aiohttp
import pytest

from baton.pipelines.recipes.brand_strategy import has_red_flags
from baton.upstream.providers.simulated.scripts import Line
from tests.api.conftest import Reply, Web
from tests.conftest import bearer, serving
from tests.pipelines.documents.pdf import brief
from tests.pipelines.recipes.strategist import Cue, Play, judged, strategist

BRIEF = {"brief": "A small roastery in Porto wants to sell its coffee in restaurants all over Portugal."}
PATIENCE_S = 60.0


@asynccontextmanager
async def staged(play: Play, folder: Any) -> AsyncGenerator[Web]:
    """A Baton whose models follow the play."""
    async with (
        strategist(play) as provider,
        serving(provider.environment, folder, {}) as baton,
        aiohttp.ClientSession() as session,
    ):
        yield Web(baton, session)


async def project(web: Web) -> str:
    """A new one, of the admin's."""
    return (await web.post("/api/projects", {"name": "Roastery"})).json["id"]


async def started(web: Web, project_id: str, **more: Any) -> str:
    """The id of a new run; `more`: of its body, `given` of its input."""
    given = BRIEF | more.pop("given", {})
    body = {"recipe": "brand-strategy", "projectId": project_id, "input": given} | more
    reply = await web.post("/api/runs", body)
    assert reply.status == 202, reply.body
    return reply.json["id"]


async def told(web: Web, run_id: str, after: int = 0, until: str | None = None) -> list[dict[str, Any]]:
    """Events as they come, to the run's end or the first of a kind."""
    events: list[dict[str, Any]] = []
    headers = web.baton.admin | ({"Last-Event-ID": str(after)} if after else {})
    async with (
        asyncio.timeout(PATIENCE_S),
        web.session.get(f"{web.baton.url}/api/runs/{run_id}/events", headers=headers) as reply,
    ):
        assert reply.status == 200
        async for line in reply.content:
            if line.startswith(b"data: "):
                events.append(json.loads(line[6:]))
                if events[-1]["kind"] == until:
                    break
    return events


async def ended(web: Web, run_id: str) -> dict[str, Any]:
    """The run once nothing more happens to it."""
    await told(web, run_id)
    return (await web.get(f"/api/runs/{run_id}")).json


async def steer(web: Web, run_id: str, **said: Any) -> Reply:
    """Say something to a run."""
    return await web.post(f"/api/runs/{run_id}/steer", said)


def steps(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By name."""
    return {step["name"]: step for step in run["steps"]}


async def test_a_brief_becomes_research_strategy_and_critique(tmp_path: Any) -> None:
    """All three are kept with scores, models and costs; events are numbered without a gap, and a client that
    lost the connection misses none."""
    async with staged(Play(), tmp_path) as web:
        run_id = await started(web, await project(web), budgetUsd="2.00")
        first = await told(web, run_id, until="step_completed")
        rest = await told(web, run_id, after=first[-1]["number"])
        assert [event["number"] for event in first + rest] == [*range(1, len(first + rest) + 1)]
        run = (await web.get(f"/api/runs/{run_id}")).json
        assert run["state"] == "completed", run["failure"]
        assert [each["kind"] for each in run["output"]["outputs"]] == ["research", "strategy", "critique"]
        assert {each["score"] for each in run["output"]["outputs"]} == {80}
        assert run["output"]["approved"] is None
        asked = [model for step in run["steps"] for model in step["models"]]
        assert len(asked) == 4 + 1 + 2 + 2
        rows = (await web.get("/api/interactions?limit=100")).json["interactions"]
        assert {row["id"] for row in rows} == {each["interactionId"] for each in asked}
        spent = sum(float(row["costUsd"]) for row in rows)
        assert float(run["spentUsd"]) == pytest.approx(spent) != 0
        again = await web.get(f"/api/runs/{run_id}/events?after={run['lastEvent']}")
        assert (again.status, again.body) == (204, b"")
        polled = (await web.get(f"/api/runs/{run_id}/history?after=3&limit=2")).json
        assert [event["number"] for event in polled["events"]] == [4, 5]


async def test_a_weak_strategy_is_made_once_more_then_shown_to_a_person(tmp_path: Any) -> None:
    """Rejected, it is written again; what does not pass then waits for somebody, whose word is kept."""
    weak = Play(strategy="Positioning: quality.", scores=(("Positioning: quality.", 20),))
    async with staged(weak, tmp_path) as web:
        run_id = await started(web, await project(web), given={"revise": "never"})
        await told(web, run_id, until="gate_waiting")
        run = (await web.get(f"/api/runs/{run_id}")).json
        assert {"strategy again", "strategy again score"} <= steps(run).keys()
        assert steps(run)["approval"]["interim"]["strategy"] == "Positioning: quality."
        wrong = await steer(web, run_id, approve={"gate": "strategy", "approved": True})
        assert (wrong.status, wrong.json["code"]) == (409, "gate_closed")
        said = {"gate": "approval", "approved": False, "comment": "Too vague."}
        assert (await steer(web, run_id, approve=said)).status == 200
        run = await ended(web, run_id)
        assert (run["output"]["approved"], run["output"]["comment"]) == (False, "Too vague.")


async def test_red_flags_lead_to_a_revision(tmp_path: Any) -> None:
    """The strategy is written anew with the critique, as the next version of the same output."""
    async with staged(Play(critique="Strengths: few.\n\n## Red flags\nIt is unlawful."), tmp_path) as web:
        run = await ended(web, await started(web, await project(web)))
        assert run["output"]["revised"] is True
        strategy = run["output"]["outputs"][1]
        assert (strategy["kind"], strategy["version"]) == ("strategy", 2)


async def test_an_instruction_an_edit_and_a_redo_change_what_comes_after(tmp_path: Any) -> None:
    """Steps that begin later are given the instruction; an edited text is used, and kept as a person's; a
    step that is redone brings with it what rests on it, and nothing else."""
    async with staged(Play(), tmp_path) as web:
        project_id = await project(web)
        run_id = await started(web, project_id, given={"approve": "always"})
        await told(web, run_id, until="gate_waiting")
        before = (await web.get(f"/api/runs/{run_id}")).json
        assert (await steer(web, run_id, instruction="Leave supermarkets out.")).status == 200
        strategy = steps(before)["strategy"]["output"]
        edit = {"step": "strategy", "output": strategy | {"content": "Positioning: by hand."}}
        assert (await steer(web, run_id, edit=edit)).status == 200
        await told(web, run_id, after=before["lastEvent"], until="gate_waiting")
        edited = (await web.get(f"/api/runs/{run_id}")).json
        assert steps(edited)["strategy"]["output"] == strategy
        assert steps(edited)["strategy"]["edited"]["content"] == "Positioning: by hand."
        assert steps(edited)["approval"]["interim"]["strategy"] == "Positioning: by hand."
        assert steps(edited)["research market"] == steps(before)["research market"]
        assert (await steer(web, run_id, redo="strategy")).status == 200
        await told(web, run_id, after=edited["lastEvent"], until="gate_waiting")
        assert (await steer(web, run_id, approve={"gate": "approval", "approved": True})).status == 200
        run = await ended(web, run_id)
        assert run["output"]["approved"] is True
        assert run["output"]["outputs"][1]["version"] == 3
        assert steps(run)["research market"] == steps(before)["research market"]


async def test_an_edit_changes_a_text_and_nothing_else(tmp_path: Any) -> None:
    """Who wrote it stands with it; neither its provenance nor its shape can be changed, and nobody overwrites
    what they have not seen."""
    async with staged(Play(), tmp_path) as web:
        mine = await project(web)
        run_id = await started(web, mine, given={"approve": "always"})
        await told(web, run_id, until="gate_waiting")
        run = (await web.get(f"/api/runs/{run_id}")).json
        made = steps(run)["strategy"]["output"]
        forged = made | {"content": "Mine.", "call": made["call"] | {"model": "forged", "costNanos": 0}}
        forged["digest"] = sha256(b"Mine.").hexdigest()
        edit = {"step": "strategy", "output": forged, "after": run["lastEvent"]}
        assert (await steer(web, run_id, edit=edit)).status == 200
        await told(web, run_id, after=run["lastEvent"], until="gate_waiting")
        late = await steer(
            web, run_id, edit={"step": "strategy", "output": "Late.", "after": run["lastEvent"]}
        )
        assert (late.status, late.json["code"]) == (409, "step_changed")
        deep: Any = "x"
        for _ in range(100):
            deep = [deep]
        for step, output in (
            ("strategy", 7),
            ("strategy", {"content": ""}),
            ("strategy score", "good"),
            ("strategy", deep),
        ):
            assert (await steer(web, run_id, edit={"step": step, "output": output})).status == 400, output
        assert (await steer(web, run_id, approve={"gate": "approval", "approved": True})).status == 200
        strategy = (await ended(web, run_id))["output"]["outputs"][1]
        path = f"/api/projects/{mine}/outputs/{strategy['outputId']}"
        kept = (await web.get(path)).json
        me = (await web.get("/api/me")).json["id"]
        assert (kept["content"], kept["version"]["origin"], kept["version"]["by"]) == ("Mine.", "edited", me)
        assert kept["version"]["model"] == made["call"]["model"]


async def test_who_leaves_a_project_leaves_its_runs(tmp_path: Any) -> None:
    """Also their own: they see and say nothing more, a stream they follow ends, and nothing is written."""
    async with staged(Play(), tmp_path) as web:
        mine, member = await project(web), await web.baton.user()
        me = (await web.get("/api/me", member)).json["id"]
        path = f"/api/projects/{mine}/members/{me}"
        assert (await web.ask("PUT", path, json={"role": "member"})).status == 200
        body = {"recipe": "brand-strategy", "projectId": mine, "input": BRIEF | {"approve": "always"}}
        run_id = (await web.post("/api/runs", body, member)).json["id"]
        await told(web, run_id, until="gate_waiting")
        follower = asyncio.create_task(web.get(f"/api/runs/{run_id}/events", member))
        assert (await web.ask("DELETE", path)).status == 200
        said = await web.post(f"/api/runs/{run_id}/steer", {"redo": "strategy"}, member)
        assert (said.status, (await web.get(f"/api/runs/{run_id}", member)).status) == (404, 404)
        assert (await web.get("/api/runs", member)).json["runs"] == []
        async with asyncio.timeout(PATIENCE_S):
            assert (await follower).status == 200
        assert (await steer(web, run_id, redo="strategy")).status == 200
        run = await ended(web, run_id)
        assert (run["state"], run["failure"]["code"]) == ("failed", "project_not_found")


async def test_a_run_goes_on_with_its_owners_new_key(tmp_path: Any) -> None:
    """The key that began it is revoked: what its owner says with another lets it go on with that."""
    async with staged(Play(), tmp_path) as web:
        mine = await project(web)
        key = (await web.post("/api/me/keys", {"name": "old"})).json
        body = {"recipe": "brand-strategy", "projectId": mine, "input": BRIEF | {"approve": "always"}}
        run_id = (await web.post("/api/runs", body, bearer(key["key"]))).json["id"]
        await told(web, run_id, until="gate_waiting")
        before = (await web.get(f"/api/runs/{run_id}")).json["lastEvent"]
        assert (await web.ask("DELETE", f"/api/me/keys/{key['id']}")).status in (200, 204)
        assert (await steer(web, run_id, redo="critique")).status == 200
        await told(web, run_id, after=before, until="gate_waiting")
        assert (await steer(web, run_id, approve={"gate": "approval", "approved": True})).status == 200
        assert (await ended(web, run_id))["state"] == "completed"


async def test_a_text_is_not_lost_for_a_better_one_that_cannot_be_had(tmp_path: Any) -> None:
    """The first attempt is rejected, the second fails: the first is kept, and waits for a person."""
    weak = Play(
        strategy="Positioning: quality.",
        before=(
            Cue(within=("Examine the output", "Positioning: quality."), says=judged(20)),
            Line(
                when="asked for: nothing, this is the first",
                settings="skip=1;fault=400",
                says="Positioning: quality.",
            ),
        ),
    )
    async with staged(weak, tmp_path) as web:
        run_id = await started(web, await project(web), given={"revise": "never"})
        await told(web, run_id, until="gate_waiting")
        run = (await web.get(f"/api/runs/{run_id}")).json
        assert steps(run)["strategy again"]["state"] == "failed"
        assert steps(run)["approval"]["interim"]["strategy"] == "Positioning: quality."


async def test_parts_of_the_research_may_be_missing(tmp_path: Any) -> None:
    """Two of four parts suffice, and the result says which are missing; with fewer the run fails plainly."""
    broken = "latency=1;fault=400"
    parts = [Line(when=f"What to find out: {name}", settings=broken) for name in ("trends", "perception")]
    async with staged(Play(before=tuple(parts)), tmp_path / "two") as web:
        run = await ended(web, await started(web, await project(web)))
        assert (run["state"], run["output"]["missing"]) == ("completed", ["trends", "perception"])
    parts.append(Line(when="What to find out: the market", settings=broken))
    async with staged(Play(before=tuple(parts)), tmp_path / "three") as web:
        run_id = await started(web, await project(web))
        run = await ended(web, run_id)
        assert (run["state"], run["output"]) == ("failed", None)
        assert run["failure"]["message"].startswith("research ")
        assert (await web.post(f"/api/runs/{run_id}/resume", {})).json["state"] == "queued"
        assert (await ended(web, run_id))["state"] == "failed"


async def test_a_run_may_be_cancelled_and_resumed(tmp_path: Any) -> None:
    """Cancelled in the middle of a call it ends at once; resumed it goes on from what is finished."""
    async with staged(Play(settings="latency=400"), tmp_path) as web:
        run_id = await started(web, await project(web))
        events = await told(web, run_id, until="step_completed")
        reply = await web.post(f"/api/runs/{run_id}/cancel", {})
        assert (reply.status, reply.json["state"]) == (200, "cancelled")
        assert (await web.post(f"/api/runs/{run_id}/cancel", {})).json["code"] == "run_state"
        assert (await web.post(f"/api/runs/{run_id}/resume", {})).status == 200
        run = await ended(web, run_id)
        assert run["state"] == "completed"
        done = [each["step"] for each in await told_all(web, run_id) if each["kind"] == "step_completed"]
        assert len(done) == len(set(done))
        assert events[-1]["step"] in done


async def told_all(web: Web, run_id: str) -> list[dict[str, Any]]:
    """Everything that happened, asked for at once."""
    return (await web.get(f"/api/runs/{run_id}/history")).json["events"]


async def test_a_budget_that_is_too_small_stops_the_run_and_a_larger_one_lets_it_go_on(
    tmp_path: Any,
) -> None:
    """It ends as over budget with what is finished; given more it goes on."""
    async with staged(Play(), tmp_path) as web:
        run_id = await started(web, await project(web), budgetUsd="0")
        assert (await ended(web, run_id))["state"] == "over_budget"
        assert (await steer(web, run_id, budgetUsd="1")).status == 200
        assert (await ended(web, run_id))["state"] == "completed"


async def test_no_model_is_asked_that_a_step_cannot_pay(tmp_path: Any) -> None:
    """Each step has its part of the budget: a run that could only be dearer fails without a call."""
    async with staged(Play(), tmp_path) as web:
        run = await ended(web, await started(web, await project(web), budgetUsd="0.000001"))
        assert (run["state"], run["spentUsd"]) == ("failed", "0")
        assert "this step's part of the run's budget" in run["failure"]["message"]
        assert (await web.get("/api/interactions")).json["interactions"] == []


async def test_what_cannot_be_begun_is_refused_with_its_reason(tmp_path: Any) -> None:
    """No recipe of that name, no project, an input that is no brief, a budget that is no amount."""
    async with staged(Play(), tmp_path) as web:
        mine = await project(web)
        good = {"recipe": "brand-strategy", "projectId": mine, "input": BRIEF}
        for change, status, word in (
            ({"recipe": "unheard-of"}, 404, "recipe"),
            ({"version": 99}, 404, "recipe"),
            ({"projectId": None}, 400, "project"),
            ({"projectId": "0197c6a0-0000-7000-8000-000000000000"}, 404, "project"),
            ({"input": {}}, 400, "brief"),
            ({"input": {"brief": "x", "nonsense": 1}}, 400, "nonsense"),
            ({"input": {"brief": "y" * 100_001}}, 400, "100000"),
            ({"budgetUsd": "-1"}, 400, "budgetUsd"),
        ):
            reply = await web.post("/api/runs", good | change)
            assert reply.status == status, (change, reply.body)
            assert word in reply.body.decode(), change
        assert (await web.get("/api/runs")).json["runs"] == []
        for said in ({}, {"redo": None}, {"redo": "x", "instruction": "y"}):
            assert (await web.post(f"/api/runs/{mine}/steer", said)).status == 400
        assert (await web.get(f"/api/runs/{mine}/events?after=x")).status == 400


async def test_who_looks_on_loads_no_engine(tmp_path: Any) -> None:
    """A list of no runs, or a look at one that is not there, costs what a list costs."""
    async with staged(Play(), tmp_path) as web:
        assert (await web.get("/api/runs")).json == {"runs": [], "nextCursor": None}
        assert (await web.get("/api/runs/0197c6a0-0000-7000-8000-000000000000")).status == 404
        assert web.baton.app.pipelines.worker.is_loaded is False


async def test_others_runs_are_not_there(tmp_path: Any) -> None:
    """Neither seen nor steered by who is not in the project; a viewer looks on, a member steers."""
    async with staged(Play(), tmp_path) as web:
        mine = await project(web)
        run_id = await started(web, mine, given={"approve": "always"})
        await told(web, run_id, until="gate_waiting")
        stranger, viewer, member = [await web.baton.user() for _ in range(3)]
        for headers, role in ((viewer, "viewer"), (member, "member")):
            me = (await web.get("/api/me", headers)).json["id"]
            path = f"/api/projects/{mine}/members/{me}"
            assert (await web.ask("PUT", path, json={"role": role})).status == 200
        path = f"/api/runs/{run_id}"
        for headers, looks, steers in ((stranger, 404, 404), (viewer, 200, 403), (member, 200, 200)):
            assert (await web.get(path, headers)).status == looks
            assert (await web.get(f"{path}/history", headers)).status == looks
            said = await web.post(f"{path}/steer", {"instruction": "Shorter."}, headers)
            assert said.status == steers, said.body
            seen = [run["id"] for run in (await web.get("/api/runs", headers)).json["runs"]]
            assert seen == ([run_id] if looks == 200 else [])
        assert (await web.post(f"{path}/cancel", {}, member)).status == 200


async def test_the_same_key_starts_one_run(tmp_path: Any) -> None:
    """Sent twice with an idempotency key, a run is begun once; another body under it is refused."""
    async with staged(Play(), tmp_path) as web:
        body = {"recipe": "brand-strategy", "projectId": await project(web), "input": BRIEF}
        headers = web.baton.admin | {"idempotency-key": "one"}
        replies = [await web.post("/api/runs", body, headers) for _ in range(2)]
        assert [reply.status for reply in replies] == [202, 202]
        assert replies[0].json["id"] == replies[1].json["id"]
        assert replies[1].headers["idempotent-replayed"] == "true"
        other = await web.post("/api/runs", body | {"input": {"brief": "Another."}}, headers)
        assert other.status == 409
        assert len((await web.get("/api/runs")).json["runs"]) == 1
        await ended(web, replies[0].json["id"])


async def test_a_brief_of_twenty_pages_is_read_cited_and_kept(tmp_path: Any) -> None:
    """From a PDF: its pages are told to the research by number, and what is cited says from which page."""
    market = "Guests think well of it [3], and say so [20]."
    async with staged(Play(market=market), tmp_path) as web:
        mine = await project(web)
        path = f"/api/projects/{mine}/documents?name=brief.pdf"
        kept = await web.ask("POST", path, data=brief(20))
        assert (kept.status, kept.json["pages"], kept.json["kind"]) == (201, 20, "pdf")
        given = {"brief": "", "documents": [kept.json["id"]]}
        run_id = await started(web, mine, given=given)
        run = await ended(web, run_id)
        assert run["state"] == "completed", run["failure"]
        told = [each for each in await told_all(web, run_id) if each["kind"] == "step_progress"]
        assert told[0]["detail"] == {"done": 1, "total": 2, "of": "sources read (20 excerpts)"}
        research = run["output"]["outputs"][0]
        text = (await web.get(f"/api/projects/{mine}/outputs/{research['outputId']}")).json["content"]
        assert text.endswith("# Sources\n\n[3] brief.pdf, page 3\n[20] brief.pdf, page 20")
        [listed] = (await web.get(f"/api/projects/{mine}/documents")).json["documents"]
        assert listed["id"] == kept.json["id"]
        whole = (await web.get(f"/api/projects/{mine}/documents/{listed['id']}")).json
        assert len(whole["content"]) == 20
        others = await project(web)
        assert (await web.get(f"/api/projects/{others}/documents/{listed['id']}")).status == 404
        refused = await ended(web, await started(web, others, given=given))
        assert refused["failure"]["code"] == "document_unknown"
        gone = await web.ask("DELETE", f"/api/projects/{mine}/documents/{listed['id']}")
        assert gone.status == 204
        assert (await web.get(f"/api/projects/{mine}/documents")).json["documents"] == []
        bad = await web.ask("POST", path, data=b"%PDF-1.7 and no more")
        assert (bad.status, bad.json["code"]) == (400, "document_unreadable")


@pytest.mark.parametrize(
    ("critique", "flagged"),
    [
        ("Red flags: None.", False),
        ("## Red flags\n\nNone.", False),
        ("**Red flags**\n- None", False),
        ("Red flags:", False),
        ("Strengths: many.", False),
        ("# Red flags\n- The claim is untrue.", True),
        ("Red flags: it is unlawful", True),
        ("## 5. Red flags\nIt is unlawful.", True),
        ("5. **Red flags**: it is unlawful.", True),
        ("Red flags: None found.", False),
        ("# Red flags\n- None\n\nOverall: go ahead.", False),
    ],
)
def test_red_flags_are_told_from_none(critique: str, flagged: bool) -> None:
    """What stands under the last heading counts, however that is written."""
    assert has_red_flags(critique) is flagged
