"""Requests that mean the same: given an earlier answer where that is trusted, asked where it is not."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from baton.gateway.cache.rules import CacheRule, Reach, Semantic
from baton.gateway.cache.semantic.judgement import Judge
from baton.gateway.recall import meanings
from baton.ledger.filter import Filter
from baton.ledger.stored import InteractionRow
from tests.chaos.conftest import soon
from tests.chaos.places import PLACES, kept_for_all, place_of
from tests.chaos.speech import OPENAI
from tests.chaos.street import Street, open_street
from tests.chaos.test_same_again import MODEL, calls
from tests.chaos.wire import Reply, line_to, post
from tests.conftest import MAKER

EMBEDDER = "simulated/embedding"
FIRST = "How do I reset the password of my account?"
SAME = "How do I reset the password of my account, please?"


@pytest_asyncio.fixture(params=PLACES)
async def street(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Street]:
    """A Baton that knows what texts mean, and gives answers by that for one use case; none is checked."""
    monkeypatch.setattr(meanings, "CHECKED", 0.0)
    settings = {"embedder": EMBEDDER, **place_of(request)}
    async with open_street(tmp_path, fallback=False, retries=0, **settings) as opened:
        await kept_for_all(opened)
        await rule(opened, Semantic.ON)
        await ask(opened, "Is money counted yet?", model="simulated/echo")  # a new Redis is waited for
        yield opened


async def rule(street: Street, semantic: Semantic, **fields: Any) -> None:
    rules = street.baton.app.edited.cache_rules
    found = rules.snapshot.get("faq")
    revision = None if found is None else found.revision
    await rules.put(CacheRule(use_case="faq", semantic=semantic, **fields), MAKER, revision)


async def ask(street: Street, text: str, *headers: str, key: str = "", **fields: Any) -> Reply:
    """One chat of the use case."""
    body = OPENAI.body(**{"model": MODEL, "messages": [{"role": "user", "content": text}], **fields})
    async with line_to(street.baton.url) as line:
        head = ("x-baton-use-case: faq", *headers)
        await line.send(post(key or street.baton.key, body, *head, path=OPENAI.path))
        return await line.reply()


async def rows(street: Street) -> list[InteractionRow]:
    ledger = street.baton.app.ledger
    await soon(lambda: ledger.book.open_count == 0)
    return [each.interaction for each in (await ledger.interactions.page(Filter(), limit=500)).items]


def verdict(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return reply.headers["x-baton-cache"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_what_means_the_same_is_given_the_same_answer(street: Street, stream: bool) -> None:
    """Whole and as a stream; its row names who paid, and what meaning it is known by was paid for as well."""
    first, again = [await ask(street, text, stream=stream) for text in (FIRST, SAME)]
    assert (verdict(first), verdict(again)) == ("miss", "semantic")
    assert calls(street) == 1
    assert stream or again.body == first.body
    found = await rows(street)
    chats = [row for row in found if row.requested_model == MODEL]
    assert [row.cache for row in chats] == ["semantic", None]
    assert chats[0].cached_from == chats[1].id
    assert chats[0].saved_nanos == chats[1].cost_nanos > 0
    embedded = [row for row in found if row.type == "embeddings"]
    assert {(row.route, row.use_case, row.user_id) for row in embedded} == {
        ("semantic cache", "faq", chats[0].user_id)
    }
    assert len(embedded) >= 2  # the first may not have had the time to be told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 15 percent of 80?", "What is 15 percent of 90?"),
        ("Is it safe to take this with milk?", "Is it not safe to take this with milk?"),
        ("How do I travel from Rome to Paris?", "How do I travel from Paris to Rome?"),
        ("Who won the cup in 1998?", "Who won the cup in 2002?"),
        ("How far is 5 km?", "How far is 5 miles?"),
        ("What did Ada write?", "What did Bob write?"),
    ],
)
async def test_what_differs_where_it_matters_is_asked(street: Street, one: str, other: str) -> None:
    """However near the vectors are."""
    assert [verdict(await ask(street, text)) for text in (one, other)] == ["miss", "miss"]
    assert calls(street) == 2


async def test_only_requests_that_are_else_equal_are_compared(street: Street) -> None:
    """Another system prompt, earlier turn, parameter, user, or no wish for it."""
    await ask(street, FIRST)
    other = (await street.baton.user("pro"))["Authorization"].removeprefix("Bearer ")
    system = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": SAME}]
    assert verdict(await ask(street, SAME, key=other)) == "miss"
    assert verdict(await ask(street, "", messages=system)) == "miss"
    assert verdict(await ask(street, SAME, max_tokens=7)) == "miss"
    assert verdict(await ask(street, SAME, "x-baton-cache: exact")) == "miss"
    assert calls(street) == 5


async def test_who_asks_for_equal_ones_is_not_given_what_another_wished_for(street: Street) -> None:
    """An equal request under way that is given an answer by meaning is no answer to this one."""
    await rule(street, Semantic.OFF, reach=Reach.SHARED)
    street.behaves("openai", "latency=300")
    await ask(street, FIRST, "x-baton-cache: semantic")
    both = await asyncio.gather(
        ask(street, SAME, "x-baton-cache: semantic"), ask(street, SAME, "x-baton-cache: exact")
    )
    assert [verdict(each) for each in both] == ["semantic", "miss"]


async def test_a_provider_that_is_excluded_hears_nothing(street: Street) -> None:
    """Not what the request means either."""
    assert verdict(await ask(street, FIRST, "x-baton-exclude: simulated")) == "miss"
    assert not [row for row in await rows(street) if row.type == "embeddings" and row.status == "ok"][1:]


async def test_what_is_asked_of_the_present_is_asked(street: Street) -> None:
    """An hour ago it meant something else."""
    for text in ("What is the weather in Rome?", "What is the weather in Rome now?"):
        assert verdict(await ask(street, text)) == "miss"
    assert calls(street) == 2


@pytest.mark.parametrize("semantic", [Semantic.OFF, Semantic.SHADOW])
async def test_a_use_case_that_is_not_to_repeat_does_not(street: Street, semantic: Semantic) -> None:
    """Whatever is compared by its meaning: equal requests are asked each time."""
    await rule(street, semantic, exact=False)
    for _ in range(2):
        assert verdict(await ask(street, FIRST)) in ("miss", "off")
    assert calls(street) == 2


async def test_what_a_request_means_is_no_request_of_its_callers(street: Street) -> None:
    """A limit of ten is one of ten, whatever the embedder does."""
    free = (await street.baton.user("free"))["Authorization"].removeprefix("Bearer ")
    replies = [await ask(street, f"Tell me about number {at} please", key=free) for at in range(10)]
    assert {reply.status for reply in replies} == {200}


async def test_what_is_forgotten_is_not_found_by_its_meaning(street: Street) -> None:
    """The index leads to answers that are kept, and to no others."""
    await ask(street, FIRST)
    await asyncio.sleep(0.3)  # a database has it by now
    await street.baton.app.cache.store.forget(frozenset({"useCase:faq"}))
    assert verdict(await ask(street, SAME)) == "miss"


async def test_without_an_embedder_that_answers_it_is_asked_as_ever(tmp_path: Path) -> None:
    """One that is not there, or fails, costs nobody an answer."""
    async with open_street(tmp_path, embedder="openai/text-embedding-3-small", retries=0) as street:
        await rule(street, Semantic.ON)
        street.behaves("openai", "fault=500;times=1")  # the embedding
        assert verdict(await ask(street, FIRST)) == "miss"
    async with open_street(tmp_path / "other", embedder="nobody/nothing") as street:
        await rule(street, Semantic.ON)
        assert [verdict(await ask(street, text)) for text in (FIRST, SAME)] == ["miss", "miss"]


async def test_a_mistake_in_comparing_costs_nobody_an_answer(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked is answered by the model, and gets that answer."""
    await ask(street, FIRST)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Judge, "read", broken)
    assert verdict(await ask(street, SAME)) == "miss"
    assert calls(street) == 2


async def test_a_shadow_is_counted_and_not_given(street: Street) -> None:
    """Each is asked, and what would have been given is compared with the model's own words."""
    await rule(street, Semantic.SHADOW, reach=Reach.USER)
    street.behaves("openai", says="You find it under Settings.")
    await ask(street, FIRST)
    assert verdict(await ask(street, SAME)) == "miss"
    street.behaves("openai", says="No idea, ask somebody else about 7 things.")
    assert verdict(await ask(street, SAME + " Thanks!")) == "miss"
    trust = street.baton.app.cache.semantic
    assert trust is not None
    await soon(lambda: trust.trust.of("faq").checked == 2)
    shown = await admin(street, "GET", "/api/admin/cache")
    (share,) = shown["semantic"]["byUseCase"]
    assert (share["useCase"], share["checked"], share["wrong"]) == ("faq", 2, 1)
    assert shown["semantic"]["embedder"] == EMBEDDER


async def test_where_it_is_wrong_too_often_it_switches_itself_off(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule says so from then on, and the audit who did it; it goes on being counted."""
    monkeypatch.setattr(meanings, "CHECKED", 1.0)
    rules = street.baton.app.edited.cache_rules
    for number, end in enumerate(
        ("", " Thanks!", " Thank you!", " Please.", " Please!", " thanks", " Cheers")
    ):
        street.behaves("openai", says=f"Answer {number}: nothing to do with the others.")
        await ask(street, FIRST + end)
    await soon(lambda: rules.snapshot["faq"].value.semantic is Semantic.SHADOW)
    monkeypatch.setattr(meanings, "CHECKED", 0.0)
    assert verdict(await ask(street, SAME)) == "miss"
    audit = await admin(street, "GET", "/api/admin/audit?limit=20")
    newest = next(entry for entry in audit["entries"] if entry["kind"] == "cache_rules")
    assert newest["actorId"] == "system"


async def admin(street: Street, method: str, path: str) -> Any:
    key = street.baton.admin["Authorization"].removeprefix("Bearer ")
    request = post(key, b"", path=path).replace(b"POST", method.encode(), 1)
    async with line_to(street.baton.url) as line:
        await line.send(request)
        reply = await line.reply()
    assert reply.status == 200, reply.body
    return json.loads(reply.body)
