"""Ordinary answers that are drawn are assessed once they were given; others are not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from baton.gateway.routing.judgements import A_JUDGES_WORD
from baton.ledger.filter import Filter
from baton.quality.traffic import sampler
from baton.quality.verdict import Verdict
from tests.api.test_metrics import sample
from tests.chaos.provider import DONE, USED, Act, Caller, chunked, word
from tests.quality.judging.bench import GOOD
from tests.quality.traffic.court import JUDGE, MODEL, QUESTION, REPLY, Court, court, saying


async def test_a_drawn_answer_is_scored(bench: Court) -> None:
    """The judge sees what was asked and what was given, and what it says appears in the queue."""
    await bench.rule()
    reply = await bench.ask()
    [item] = await bench.items()
    assert (item.verdict, item.score) == (Verdict.ACCEPTED, 80)
    assert item.examined.interaction_id == reply.headers["x-baton-interaction"]
    assert f"{item.examined.provider}/{item.examined.model}" == MODEL
    assert (item.judge, item.judge_prompt, item.asked) == (JUDGE, "quality-score@1", 1)
    assert item.cost_nanos > 0
    assert item.said is not None
    assert item.said.reasoning
    [asked] = bench.asked
    assert QUESTION in asked["messages"][-1]["content"]
    assert REPLY in asked["messages"][-1]["content"]
    assert asked["temperature"] == 0


async def test_a_stream_is_scored_by_what_it_gave(bench: Court) -> None:
    """All of its text, once its last byte has left."""
    await bench.rule()
    await bench.ask(stream=True)
    [item] = await bench.items()
    assert item.verdict is Verdict.ACCEPTED
    [asked] = bench.asked
    assert REPLY in asked["messages"][-1]["content"]


async def test_nothing_is_judged_unless_somebody_wants_it(bench: Court) -> None:
    """Without a rule no answer is drawn, and with a share of nothing none either."""
    await bench.ask()
    await bench.rule(share=0)
    await bench.ask()
    assert await bench.items() == ()
    assert bench.asked == []


async def test_a_rule_is_for_its_use_case(bench: Court) -> None:
    """Others go by the default one; a change counts from the next request on."""
    await bench.rule("chat", share=1)
    chat = bench.web.baton.admin | {"x-baton-use-case": "chat"}
    await bench.ask()
    await bench.ask(headers=chat)
    [item] = await bench.items()
    assert item.examined.use_case == "chat"
    await bench.rule("chat", share=0)
    await bench.ask(headers=chat)
    assert len(await bench.items()) == 1


async def test_judges_calls_are_ordinary_rows_of_the_first_admin(bench: Court) -> None:
    """Metered under the use case `quality` and the judge's prompt; the asker does not pay for them."""
    await bench.rule()
    user = await bench.web.baton.user(tier="master")
    made = await bench.web.post("/api/projects", {"name": "Birds"}, user)
    await bench.ask(headers=user | {"x-baton-project": made.json["id"]})
    [item] = await bench.items()
    page = await bench.app.ledger.interactions.page(Filter())
    rows = {each.interaction.use_case: each.interaction for each in page.items}
    assert len(rows) == len(page.items) == 2
    judged, ordinary = rows["quality"], rows[None]
    first, *_ = await bench.app.store.identities.users()
    assert (judged.user_id, judged.route, judged.prompt) == (first.id, "quality", "quality-score@1")
    assert ordinary.user_id != judged.user_id
    assert ordinary.project == judged.project == made.json["id"]
    assert judged.cost_nanos == item.cost_nanos > 0


async def test_what_is_given_again_is_not_judged_again(bench: Court) -> None:
    """An answer from the cache was judged when it was made, or was not."""
    await bench.rule()
    for _ in range(2):
        await bench.ask(temperature=0)
    [item] = await bench.items()
    page = await bench.app.ledger.interactions.page(Filter())
    assert "exact" in {each.interaction.cache for each in page.items}
    assert item.verdict is Verdict.ACCEPTED


async def test_who_opts_out_in_between_is_not_judged(bench: Court) -> None:
    """Nothing of theirs is sent to a model any more, a judge among them."""
    await bench.rule()
    user = await bench.web.baton.user(tier="master")
    entered = asyncio.Event()
    free = asyncio.Event()

    async def act(caller: Caller) -> None:
        entered.set()
        await free.wait()
        await saying(GOOD)(caller)

    bench.judge = act
    for _ in range(sampler.AT_ONCE):
        await bench.ask()
    await entered.wait()
    await bench.ask(headers=user)  # waits behind those
    assert (await bench.web.post("/api/me/opt-out", None, user)).status == 200
    free.set()
    assert len(await bench.items()) == sampler.AT_ONCE
    assert bench.app.assessing.sampler.counts.passed_over == 1


async def test_what_was_required_of_the_data_is_required_of_the_judge(bench: Court) -> None:
    """A judge that may not have it is not asked, whether the request says so or its project."""
    await bench.rule()
    user = await bench.web.baton.user(tier="master")
    made = await bench.web.post("/api/projects", {"name": "Secret", "dataNeeds": ["local"]}, user)
    assert made.status == 201, made.body
    inside = {"model": "simulated/echo"}
    await bench.ask(headers=user | {"x-baton-data-needs": "local"}, **inside)
    await bench.ask(headers=user | {"x-baton-project": made.json["id"]}, **inside)
    assert [each.verdict for each in await bench.items()] == [Verdict.UNSCORED] * 2
    assert bench.asked == []
    await bench.ask(headers=user, **inside)
    assert (await bench.items())[0].verdict is Verdict.ACCEPTED


async def test_budgets_hold_for_judges(bench: Court) -> None:
    """Where nothing is left for the judge, answers stay unscored, and whoever asks is answered."""
    await bench.rule()
    budget = {"scope": "provider", "subject": "openai", "period": "month", "limitUsd": "0.000001"}
    path = "/api/admin/budgets/tiny"
    put = await bench.web.ask("PUT", path, json=budget)
    assert put.status == 200, put.body
    await bench.ask(model="simulated/echo")
    [item] = await bench.items()
    assert item.verdict is Verdict.UNSCORED
    assert bench.asked == []


async def test_beyond_its_room_answers_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks notices nothing."""
    monkeypatch.setattr(sampler, "MOST_WAITING", 1)
    async with court(tmp_path) as bench:
        await bench.rule()
        entered: list[Any] = []
        free = asyncio.Event()

        async def act(caller: Caller) -> None:
            entered.append(json.loads(caller.body))
            await free.wait()
            await saying(GOOD)(caller)

        bench.judge = act
        for _ in range(sampler.AT_ONCE + 3):
            await bench.ask()
        counts = bench.app.assessing.sampler.counts
        assert counts.drawn == sampler.AT_ONCE + 3
        assert counts.dropped >= 1
        free.set()
        items = await bench.items()
        assert len(items) == counts.assessed == counts.drawn - counts.dropped
        assert await sample(bench.web, "baton_quality_answers_total", outcome="dropped") == counts.dropped


async def test_an_end_drops_what_waits_and_cuts_off_what_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Baton does not wait for a judge that is silent; the judge's call has its row all the same."""
    monkeypatch.setattr(sampler, "END_S", 0.05)
    entered = asyncio.Event()

    async def act(caller: Caller) -> None:
        entered.set()
        await caller.left()

    async with asyncio.timeout(30):
        async with court(tmp_path) as bench:
            await bench.rule()
            bench.judge = act
            for _ in range(sampler.AT_ONCE + 1):
                await bench.ask()
            await entered.wait()
            taken = bench.app.assessing.sampler
        assert taken.counts.dropped == sampler.AT_ONCE + 1
        assert taken.counts.assessed == 0


async def test_pictures_and_calls_of_tools_are_not_taken_for_nothing(bench: Court) -> None:
    """What has no text to be judged is unscored, not rejected as empty."""
    await bench.rule()
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    bench.act = saying("", message=message, finish_reason="tool_calls")
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    await bench.ask(tools=[tool])
    [item] = await bench.items()
    assert item.verdict is Verdict.UNSCORED
    assert bench.asked == []


async def test_every_dialect_is_heard(bench: Court) -> None:
    """A caller of another dialect than the provider's is judged by the same text."""
    await bench.rule()
    body = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": QUESTION}]}
    for stream in (False, True):
        reply = await bench.web.post("/v1/messages", body | {"stream": stream})
        assert reply.status == 200, reply.body
    assert [each.verdict for each in await bench.items()] == [Verdict.ACCEPTED] * 2
    assert all(REPLY in asked["messages"][-1]["content"] for asked in bench.asked)


async def test_a_score_is_shown_with_its_interaction_and_its_prompt(bench: Court) -> None:
    """To whoever asked, and to admins by version of the prompt; one that was not judged has none."""
    await bench.rule()
    user = await bench.web.baton.user(tier="master")
    prompts = "/api/admin/ai/prompts/greeting"
    assert (await bench.web.ask("PUT", prompts, json={"description": "Hello"})).status == 200
    version = await bench.web.post(prompts + "/versions", {"system": "Be kind."})
    assert version.status == 201, version.body
    label = await bench.web.ask("PUT", prompts + "/labels/production", json={"version": 1})
    assert label.status in (200, 428), label.body
    reply = await bench.ask(headers=user | {"x-baton-prompt": "greeting@1"})
    [item] = await bench.items()
    one = f"/api/interactions/{reply.headers['x-baton-interaction']}"
    shown = (await bench.web.get(one, user)).json["quality"]
    assert (shown["score"], shown["verdict"], shown["judge"]) == (80, "accepted", JUDGE)
    assert (shown["id"], shown["completeness"]) == (item.id, 80)
    [served] = [each["served"] for each in (await bench.web.get(prompts)).json["versions"]]
    assert (served["quality"], served["assessed"]) == (80, 1)
    await bench.rule(share=0)
    unjudged = await bench.ask(headers=user)
    one = f"/api/interactions/{unjudged.headers['x-baton-interaction']}"
    assert (await bench.web.get(one, user)).json["quality"] is None


async def test_scores_are_evidence_for_routing(bench: Court) -> None:
    """What judges think of a model moves its quality, as little as it weighs."""
    await bench.rule()
    await bench.ask()
    await bench.idle()
    judgements = bench.app.judgements
    await judgements.look()
    assert judgements.judged()[MODEL] == pytest.approx((0.8, A_JUDGES_WORD))


async def test_a_rescued_stream_is_judged_by_all_of_its_text(tmp_path: Path) -> None:
    """What one provider began and another ended is one answer."""
    async with court(tmp_path, retries=1) as bench:
        await bench.rule()
        bench.act = _breaking(REPLY)
        assert (await bench.ask(stream=True)).status == 200
        [item] = await bench.items()
        assert item.verdict is Verdict.ACCEPTED
        [asked] = bench.asked
        assert REPLY in asked["messages"][-1]["content"]


def _breaking(text: str) -> Act:
    """Breaks off in the middle the first time."""
    half = len(text) // 2
    began: list[Caller] = []

    async def act(caller: Caller) -> None:
        began.append(caller)
        if len(began) == 1:
            await caller.send(*chunked(word(text[:half]), end=False))
            caller.tear()
        else:
            await caller.send(*chunked(word(text[:half]), word(text[half:], "stop"), USED, DONE))

    return act
