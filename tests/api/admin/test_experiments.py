"""`/api/admin/ai/experiments`: what is tried on whom, over HTTP, with a provider that is told what to do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from baton.core.clock import SystemClock
from baton.gateway.experiments.guard import RUN, RUN_USERS
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Web
from tests.conftest import StartBaton

PATH = "/api/admin/ai/experiments"
MINI = PATH + "/mini"
AGENTS = "/api/admin/ai/agent-routing"
RULES = "/api/admin/ai/routing-rules"
USUAL, TRIED = "openai/gpt-4o", "openai/gpt-4o-mini"
ARMS = [{"name": "usual", "share": 50}, {"name": "mini", "share": 50, "models": ["gpt-4o-mini"]}]
SCOPE = {"useCases": ["chat"]}


@dataclass(frozen=True)
class Scene:
    """A Baton before a provider that behaves as it is told, and users of it."""

    web: Web
    simulation: Simulation
    users: list[dict[str, str]]

    async def chat(self, user: dict[str, str], **said: Any) -> Any:
        """The answer, or what is said instead of one."""
        body = {
            "messages": [{"role": "user", "content": "hi"}],
            "useCase": "chat",
            "enableCache": False,
            **said,
        }
        return (await self.web.post("/api/ai/v2/chat", body, user)).json

    async def row(self, user: dict[str, str], **said: Any) -> Any:
        """What the ledger has of a request."""
        answer = await self.chat(user, **said)
        await self.web.baton.app.ledger.flush()
        return (await self.web.get(f"/api/interactions/{answer['id']}")).json

    async def act(self, path: str, **body: Any) -> Any:
        answer = await self.web.ask(
            "POST", path, {**self.web.baton.admin, "If-Match": "*"}, json=body or None
        )
        assert answer.status == 200, answer.json
        return answer.json

    async def begin(self, **more: Any) -> None:
        """Have the experiment run."""
        body = {"arms": ARMS, "scope": SCOPE, **more}
        made = await self.web.ask("PUT", MINI, json=body)
        assert made.status == 200, made.json
        await self.act(MINI + "/start")

    async def one_in(self, arm: str) -> dict[str, str]:
        """A user who is drawn into an arm: every second one is."""
        while True:
            user = await self.web.baton.user("pro")
            if (await self.row(user))["arm"] == arm:
                return user

    async def drawn(self) -> list[str | None]:
        """The arm of each user, or None, in their order."""
        return [(await self.row(user))["arm"] for user in self.users]


@pytest.fixture
async def scene(start_baton: StartBaton) -> AsyncIterator[Scene]:
    simulation = Simulation(SystemClock(), unknown="echo")
    async with running(simulation) as url, aiohttp.ClientSession() as session:
        baton = await start_baton(
            {"OPENAI_API_KEY": "sk-0123456789-abcd", "OPENAI_BASE_URL": f"{url}/v1"}, retries=0
        )
        users = [await baton.user("pro") for _ in range(8)]
        yield Scene(Web(baton, session), simulation, users)


async def test_users_stay_in_their_arms_and_the_ledger_knows_which(scene: Scene) -> None:
    """Another request finds the same arm; its models serve; the sentence and the row name it."""
    await scene.begin()
    first = await scene.drawn()
    assert set(first) <= {"usual", "mini"}
    assert await scene.drawn() == first
    user = await scene.one_in("mini")
    row = await scene.row(user)
    assert (row["experiment"], row["provider"], row["modelName"]) == ("mini", "openai", "gpt-4o-mini")
    assert row["phase"] == (await scene.web.get(MINI)).json["phase"]
    assert "the arm mini of the experiment mini lists it first" in row["decision"]
    usual = await scene.row(await scene.one_in("usual"))
    assert usual["modelName"] == "gpt-4o"
    assert "It counts for the arm usual of the experiment mini." in usual["decision"]
    assert (await scene.row(user, useCase="greeting"))["experiment"] is None


async def test_weightier_words_win_and_are_not_counted(scene: Scene) -> None:
    """The request's own model, its user's preference, an agent's routing; then the arm again."""
    await scene.begin(arms=[{"name": "usual", "share": 0}, {"name": "mini", "share": 100, "models": [TRIED]}])
    user = scene.users[0]
    assert (await scene.row(user))["arm"] == "mini"
    named = await scene.row(user, model=TRIED)
    assert (named["experiment"], named["arm"], named["phase"]) == (None, None, None)
    routing = {"choice": "model", "model": USUAL}
    assert (await scene.web.ask("PUT", AGENTS + "/scout", json=routing)).status == 200
    routed = await scene.row(user, agent="scout")
    assert (routed["modelName"], routed["arm"]) == ("gpt-4o", None)
    prefers = await scene.web.ask("POST", "/api/v1/user/preferences", user, json={"preferredModel": USUAL})
    assert prefers.status == 200, prefers.json
    preferred = await scene.row(user)
    assert (preferred["modelName"], preferred["arm"]) == ("gpt-4o", None)
    assert (await scene.row(scene.users[1]))["arm"] == "mini"


async def test_a_roll_out_grows_and_nobody_leaves(scene: Scene) -> None:
    """10, 50, 100 percent; each step is a phase of its own."""
    await scene.begin(arms=[{"name": "usual", "share": 90}, {"name": "mini", "share": 10, "models": [TRIED]}])
    inside, phases = set[int](), set[str]()
    for percent in (10, 50, 100):
        shown = await scene.act(MINI + "/rollout", percent=percent)
        phases.add(shown["phase"])
        assert [each["share"] for each in shown["arms"]] == [100 - percent, percent]
        now = {at for at, arm in enumerate(await scene.drawn()) if arm == "mini"}
        assert inside <= now
        inside = now
    assert len(inside) == len(scene.users)
    assert len(phases) == 3
    refused = await scene.web.ask("POST", MINI + "/rollout", json={"percent": 10})
    assert refused.status == 428


async def test_the_guard_stops_an_arm_that_fails_and_can_be_overruled(scene: Scene) -> None:
    """Its users go the usual way at once; the audit says that Baton did it and why; an undo brings the arm
    back, and then the guard leaves it alone."""
    await scene.begin(guard={"isEnabled": True})
    tried = [await scene.one_in("mini") for _ in range(RUN_USERS)]
    usual = await scene.one_in("usual")
    scene.simulation.rules.set(TRIED.partition("/")[2], Rule(behaves="echo;fault=500"))
    for at in range(RUN - 1):
        await scene.chat(tried[at % RUN_USERS])
    await scene.web.baton.app.guarding.look()
    assert (await scene.web.get(MINI)).json["status"] == "running"
    await scene.chat(tried[0])
    await scene.chat(usual)
    await scene.web.baton.app.guarding.look()
    shown = (await scene.web.get(MINI)).json
    why = f"Its last {RUN} requests all failed."
    assert (shown["status"], shown["arms"][1]["stopped"]) == ("stopped", why)
    row = await scene.row(tried[0])
    assert (row["status"], row["modelName"], row["experiment"]) == ("ok", "gpt-4o", None)
    [newest, *_] = (await scene.web.get("/api/admin/audit?kind=experiments&key=mini")).json["entries"]
    assert (newest["actorId"], newest["source"], newest["action"]) == ("system", "job", "update")
    await scene.act(MINI + "/undo")
    await scene.web.baton.app.guarding.look()
    assert (await scene.web.get(MINI)).json["status"] == "running"


async def test_an_outage_of_all_is_no_arms_fault(scene: Scene) -> None:
    """Where the control fails as well, nobody is stopped."""
    await scene.begin()
    scene.simulation.rules.set_unknown(Rule(behaves="echo;fault=500"))
    for at in range(6 * RUN):
        await scene.chat(scene.users[at % len(scene.users)])
    await scene.web.baton.app.ledger.flush()
    await scene.web.baton.app.guarding.look()
    assert (await scene.web.get(MINI)).json["status"] == "running"


async def test_results_are_told_by_arm(scene: Scene) -> None:
    """Requests, users, cost, latency, failures and feedback; of few nothing is concluded."""
    await scene.begin(arms=[{"name": "usual", "share": 100}, {"name": "mini", "share": 0, "models": [TRIED]}])
    await scene.drawn()
    await scene.act(MINI + "/rollout", percent=50)
    assert [each["requests"] for each in (await scene.web.get(MINI + "/results")).json["arms"]] == [0, 0]
    usual_user, user = await scene.one_in("usual"), await scene.one_in("mini")
    await scene.chat(usual_user)
    answer = await scene.chat(user)
    opinion = await scene.web.post(f"/api/interactions/{answer['id']}/feedback", {"score": 4}, user)
    assert opinion.status in (200, 204)
    told = (await scene.web.get(MINI + "/results")).json
    assert (told["level"], told["winner"], told["goal"]) == (0.05, None, "cost")
    assert [each["arm"] for each in told["arms"]] == ["usual", "mini"]
    assert all(each["requests"] == each["users"] + 1 for each in told["arms"])
    usual, mini = told["arms"]
    assert (usual["meanFeedback"], mini["meanFeedback"]) == (None, 4)
    assert usual["differences"] == []
    assert {each["finding"] for each in mini["differences"]} == {"too_few"}
    assert float(usual["meanCostUsd"]) > float(mini["meanCostUsd"]) > 0
    assert (await scene.web.get(PATH + "/other/results")).status == 404


async def test_an_arm_is_promoted_and_taken_back(scene: Scene) -> None:
    """It becomes the rule of the scope's use cases, and the experiment stops; both can be undone."""
    await scene.begin()
    guard = {**scene.web.baton.admin, "If-Match": "*"}
    nobody = await scene.web.ask("POST", MINI + "/promote", guard, json={})
    assert (nobody.status, nobody.json["code"]) == (409, "no_winner")
    before = (await scene.web.get(RULES + "/chat")).json
    done = await scene.act(MINI + "/promote", arm="mini")
    assert done["experiment"]["status"] == "stopped"
    assert done["rules"] == [{"useCase": "chat", "revision": before["revision"] + 1}]
    rule = (await scene.web.get(RULES + "/chat")).json
    assert rule["preferred"] == [TRIED]
    assert rule["fallbacks"] == [*before["preferred"], *before["fallbacks"]]
    row = await scene.row(scene.users[0])
    assert (row["modelName"], row["experiment"]) == ("gpt-4o-mini", None)
    await scene.act(RULES + "/chat/undo")
    await scene.act(MINI + "/undo")
    assert (await scene.web.get(RULES + "/chat")).json["preferred"] == before["preferred"]
    assert set(await scene.drawn()) <= {"usual", "mini"}
    usual = await scene.web.ask("POST", MINI + "/promote", guard, json={"arm": "usual"})
    assert usual.status == 400


async def test_it_is_edited_like_any_record(scene: Scene) -> None:
    """Guarded by its revision, audited, undone; what is wrong is told by its place."""
    ask, admin = scene.web.ask, scene.web.baton.admin
    body = {"arms": ARMS, "scope": SCOPE}
    made = await ask("PUT", MINI, json=body)
    assert (made.status, made.headers["etag"], made.json["status"]) == (200, '"1"', "draft")
    assert made.json["arms"][1]["models"] == [TRIED]
    assert (await ask("PUT", MINI, json=body)).status == 428
    assert (await ask("PUT", MINI, {**admin, "If-Match": '"7"'}, json=body)).status == 412
    assert (await scene.row(scene.users[0]))["experiment"] is None
    await scene.act(MINI + "/start")
    described = {**body, "description": "other words"}
    changed = await ask("PUT", MINI, {**admin, "If-Match": '"2"'}, json=described)
    assert (changed.json["status"], changed.json["phase"]) == ("running", made.json["phase"])
    assert (await scene.act(MINI + "/stop"))["status"] == "stopped"
    assert (await scene.act(MINI + "/undo"))["status"] == "running"
    assert (await ask("DELETE", MINI, {**admin, "If-Match": "*"})).status == 204
    assert (await scene.row(scene.users[0]))["experiment"] is None
    entries = (await scene.web.get("/api/admin/audit?kind=experiments&key=mini")).json["entries"]
    assert [each["action"] for each in entries] == ["delete", "undo", "update", "update", "update", "create"]
    for wrong, field in (
        ({"arms": [*ARMS[:1], {**ARMS[1], "models": ["gpt-4x"]}]}, "arms[1].models[0]"),
        ({"arms": [*ARMS[:1], {"name": "mini", "share": 50}]}, "arms[1]"),
        ({"arms": [*ARMS[:1], {**ARMS[1], "name": "Bad name"}]}, "arms[1].name"),
        ({"arms": ARMS[:1]}, "arms"),
        ({"arms": ARMS, "scope": {"tiers": ["nobility"]}}, "scope.tiers"),
        ({"arms": ARMS, "promotes": True}, "promotes"),
        ({"arms": ARMS, "goal": "luck"}, "goal"),
    ):
        refused = await ask("PUT", PATH + "/wrong", json=wrong)
        assert refused.status == 400, wrong
        assert refused.json["errors"][0]["field"] == field
    bob = await scene.web.baton.user()
    assert (await scene.web.get(PATH, bob)).status == 403


async def test_a_suggestion_shows_ones_own_arm_and_a_trial_of_rules_none(scene: Scene) -> None:
    """Whoever asks what would serve them is told of their arm; a rule that is proposed is tried by itself."""
    await scene.begin(arms=[{"name": "usual", "share": 0}, {"name": "mini", "share": 100, "models": [TRIED]}])
    asked = {"prompt": "hi", "useCase": "chat"}
    told = (await scene.web.post("/api/ai/v2/route-suggest", asked, scene.users[0])).json
    assert (told["source"], told["model"]) == ("experiment", TRIED)
    tried = (await scene.web.post(RULES + "/test", {**asked, "rule": {"preferred": [USUAL]}})).json
    assert (tried["source"], tried["model"]) == ("rule", USUAL)
    other = (await scene.web.post(RULES + "/test", {**asked, "tier": "pro"})).json
    assert other["source"] == "rule"
