"""`/api/admin/ai/quality`: rules, figures and reviews, asked over HTTP."""

from typing import Any

import pytest

from baton.quality.queue.item import Item
from tests.api.conftest import Web
from tests.quality.queue.pieces import REASONING, item

PATH = "/api/admin/ai/quality"
REVIEW = PATH + "/review"
RULE = PATH + "/rules/chat"


async def added(web: Web, *items: Item) -> None:
    for each in items:
        await web.baton.app.assessing.queue.add(each)


def recent(web: Web, score: float | None = 80.0, **changes: Any) -> Item:
    now_ms = int(web.baton.app.store.clock.wall() * 1000)
    return item(score, at_ms=now_ms, **changes)


async def test_a_rule_is_set_guarded_and_undone(web: Web) -> None:
    """As every record; a judge is named by any name of a model that has a row."""
    set_ = await web.ask("PUT", RULE, json={"share": 0.1, "judge": "echo"})
    assert (set_.status, set_.json["judge"], set_.headers["etag"]) == (200, "simulated/echo", '"1"')
    assert (await web.ask("PUT", RULE, json={"share": 0.2})).status == 428
    changed = await web.ask("PUT", RULE, web.baton.admin | {"If-Match": '"1"'}, json={"share": 0.2})
    assert (changed.json["share"], changed.json["judge"]) == (0.2, "auto")
    undone = await web.ask("POST", RULE + "/undo", web.baton.admin | {"If-Match": '"2"'})
    assert undone.json["share"] == 0.1
    shown = (await web.get(PATH)).json
    assert [each["useCase"] for each in shown["rules"]] == ["chat"]
    assert (await web.ask("DELETE", RULE, web.baton.admin | {"If-Match": "*"})).status == 204
    assert (await web.get(RULE)).status == 404


@pytest.mark.parametrize(
    ("use_case", "body", "field"),
    [
        ("chat", {}, "share"),
        ("chat", {"share": 1.1}, "share"),
        ("chat", {"share": -0.1}, "share"),
        ("chat", {"share": 0.5, "judge": "no-such-model"}, "judge"),
        ("chat", {"share": 0.5, "model": "auto"}, "model"),
        ("quality", {"share": 0.5}, "useCase"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_rule_is_refused(shared: Web, use_case: str, body: Any, field: str) -> None:
    """With the field that is wrong; judges themselves cannot be judged."""
    reply = await shared.ask("PUT", f"{PATH}/rules/{use_case}", json=body)
    assert (reply.status, [each["field"] for each in reply.json["errors"]]) == (400, [field])


async def test_the_queue_is_listed_and_reviewed(web: Web) -> None:
    """What waits is found, looked at with its words, reviewed, and waits no more."""
    held = recent(web, 45.0, use_case="chat")
    await added(web, held, recent(web))
    listed = (await web.get(REVIEW, params={"state": "waiting"})).json
    assert [(each["id"], each["verdict"], each["useCase"]) for each in listed["items"]] == [
        (held.id, "held", "chat")
    ]
    assert listed["nextCursor"] is None
    one = (await web.get(f"{REVIEW}/{held.id}")).json
    assert (one["reasoning"], one["objections"][0]["evidence"]) == (REASONING, "and then")
    body = {"verdict": "reject", "score": 40, "notes": "No prices."}
    reviewed = await web.post(f"{REVIEW}/{held.id}/review", body)
    assert (reviewed.status, reviewed.json["state"]) == (200, "reviewed")
    assert [(each["verdict"], each["notes"]) for each in reviewed.json["reviews"]] == [
        ("reject", "No prices.")
    ]
    assert (await web.get(REVIEW, params={"state": "waiting"})).json["items"] == []
    other = await web.baton.user(roles=frozenset({"user", "admin"}))
    second = await web.post(f"{REVIEW}/{held.id}/review", {"verdict": "accept"}, other)
    assert len(second.json["reviews"]) == 2
    audit = (await web.get("/api/admin/audit", params={"kind": "quality_review"})).json
    assert len(audit["entries"]) == 2


async def test_pages_and_filters(web: Web) -> None:
    """`limit` and `cursor` walk through; an unknown word is refused."""
    await added(web, *(recent(web) for _ in range(3)))
    first = (await web.get(REVIEW, params={"limit": "2"})).json
    second = (await web.get(REVIEW, params={"limit": "2", "cursor": first["nextCursor"]})).json
    assert len({each["id"] for each in (*first["items"], *second["items"])}) == 3
    assert second["nextCursor"] is None
    for params in ({"state": "lost"}, {"verdict": "fine"}, {"colour": "red"}, {"cursor": "x"}):
        assert (await web.get(REVIEW, params=params)).status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "accept", "score": 101}, "score"),
        ({"verdict": "accept", "score": 59}, "score"),
        ({"verdict": "reject", "score": 60}, "score"),
        ({"verdict": "accept", "notes": "x" * 4001}, "notes"),
        ({"verdict": "accept", "notes": "a\0b"}, "notes"),
        ({"verdict": "accept", "reviewer": "me"}, "reviewer"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_review_is_refused(shared: Web, body: Any, field: str) -> None:
    """The wrong field is named, and nothing is kept."""
    kept = recent(shared)
    await added(shared, kept)
    reply = await shared.post(f"{REVIEW}/{kept.id}/review", body)
    assert (reply.status, [each["field"] for each in reply.json["errors"]]) == (400, [field])
    assert (await shared.get(f"{REVIEW}/{kept.id}")).json["reviews"] == []


async def test_figures_and_agreement_are_told(web: Web) -> None:
    """Of the last days; what judges cost stands beside."""
    good, bad = recent(web, 90.0, use_case="chat"), recent(web, 20.0)
    await added(web, good, bad, recent(web, None))
    for each, verdict in ((good, "accept"), (bad, "reject")):
        await web.post(f"{REVIEW}/{each.id}/review", {"verdict": verdict})
    shown = (await web.get(PATH)).json
    total = shown["total"]
    assert (total["assessed"], total["scored"], total["mean"], total["judgeCostUsd"]) == (
        3,
        2,
        55,
        "0.000003",
    )
    assert total["unscoredShare"] == pytest.approx(1 / 3, abs=1e-4)
    assert {each["key"] for each in shown["byUseCase"]} == {"chat", None}
    assert shown["byModel"][0]["key"] == "acme/one"
    assert shown["sampling"]["drawn"] == 0
    agreed = (await web.get(REVIEW + "/agreement")).json
    assert (agreed["pairs"], agreed["share"]) == (2, 1)
    assert (await web.get(REVIEW + "/agreement", params={"useCase": "chat"})).json["pairs"] == 1


async def test_only_admins_come_in(web: Web) -> None:
    """Analysts and users neither read nor review."""
    kept = recent(web)
    await added(web, kept)
    for roles in (frozenset({"user"}), frozenset({"user", "analyst"})):
        stranger = await web.baton.user(roles=roles)
        for path in (PATH, REVIEW, f"{REVIEW}/{kept.id}", REVIEW + "/agreement", RULE):
            assert (await web.get(path, stranger)).status == 403
        reply = await web.post(f"{REVIEW}/{kept.id}/review", {"verdict": "accept"}, stranger)
        assert reply.status == 403
    assert (await web.get(f"{REVIEW}/nothing")).status == 404
