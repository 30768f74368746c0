"""The same request again, and a thousand of them at once: one is paid for, all are answered."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from baton.core.dialect import Dialect
from baton.gateway.cache.rules import CacheRule, Reach
from baton.gateway.resilience.forced import ForcedBreaker, Hold
from baton.ledger.filter import Filter
from baton.ledger.stored import InteractionRow
from tests.chaos.conftest import soon
from tests.chaos.places import PLACES, kept_for_all, place_of
from tests.chaos.speech import OPENAI, SPEECHES
from tests.chaos.street import Street, open_street
from tests.chaos.wire import Reply, line_to, post
from tests.conftest import MAKER

MODEL = "openai/gpt-4o-mini"
MANY = 200
COLD: dict[str, dict[str, Any]] = {
    name: {"generationConfig": {"temperature": 0}} if name == Dialect.GOOGLE else {"temperature": 0}
    for name in SPEECHES
}
EVERY_SPEECH = pytest.mark.parametrize("name", SPEECHES)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest_asyncio.fixture(params=PLACES)
async def street(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Street]:
    """A Baton that keeps answers in each of the places, and asks nobody twice: what fails is not made good by
    another model."""
    async with open_street(tmp_path, fallback=False, retries=0, **place_of(request)) as opened:
        await kept_for_all(opened)
        yield opened


async def cold(street: Street, name: str = "openai", *headers: str, stream: bool, **fields: Any) -> Reply:
    """One request at temperature 0."""
    speech = SPEECHES[name]
    return await street.ask(speech, MODEL, *headers, stream=stream, **{**COLD[name], **fields})


async def rows(street: Street) -> list[InteractionRow]:
    """All of the ledger."""
    ledger = street.baton.app.ledger
    await soon(lambda: ledger.book.open_count == 0)
    found: list[InteractionRow] = []
    page = await ledger.interactions.page(Filter(), limit=500)
    found += [each.interaction for each in page.items]
    while page.next_cursor is not None:
        page = await ledger.interactions.page(Filter(), limit=500, cursor=page.next_cursor)
        found += [each.interaction for each in page.items]
    return found


def calls(street: Street) -> int:
    return len(street.calls("openai"))


@EVERY_SPEECH
@BOTH
async def test_the_same_request_is_given_the_same_answer(street: Street, name: str, stream: bool) -> None:
    """In every dialect, whole and as a stream; nothing is asked, and the row says what that saved."""
    first = await cold(street, name, stream=stream)
    again = await cold(street, name, stream=stream)
    assert (first.status, again.status) == (200, 200), first.body
    assert again.body == first.body
    assert (first.headers["x-baton-cache"], again.headers["x-baton-cache"]) == ("miss", "hit")
    assert first.headers["x-baton-interaction"] != again.headers["x-baton-interaction"]
    assert calls(street) == 1
    hit, paid = await rows(street)
    assert (hit.cache, hit.cached_from, hit.cost_nanos, hit.attempts) == ("exact", paid.id, 0, 0)
    assert hit.saved_nanos == paid.cost_nanos > 0
    assert (hit.provider, hit.model, hit.completion_tokens) == (
        paid.provider,
        paid.model,
        paid.completion_tokens,
    )
    assert paid.cache is None


@EVERY_SPEECH
@BOTH
async def test_many_at_once_cost_one_call(street: Street, name: str, stream: bool) -> None:
    """All are answered the same; one row has the cost, the others what they saved."""
    await at_once(street, name, MANY, stream=stream)


@pytest.mark.soak
@BOTH
@pytest.mark.parametrize("befalls", ["nothing", "leaves", "fails"])
async def test_a_thousand_at_once(street: Street, stream: bool, befalls: str) -> None:
    """Also where the one that is asked leaves, or fails: one paid call, or its retry."""
    if befalls == "nothing":
        await at_once(street, "openai", 1000, stream=stream)
        return
    street.behaves("openai", "latency=3000" + (";fault=503;times=1" if befalls == "fails" else ""))
    body = OPENAI.body(MODEL, temperature=0, **({"stream": True} if stream else {}))
    async with line_to(street.baton.url) as first:
        await first.send(post(street.baton.key, body, path=OPENAI.where(MODEL)))
        await soon(lambda: calls(street) == 1)
        others = [asyncio.create_task(cold(street, stream=stream)) for _ in range(999)]
        await asyncio.sleep(1.5)
        if befalls == "fails":
            assert (await first.reply()).status == 503
    replies = await asyncio.gather(*others)
    assert {reply.status for reply in replies} == {200}
    assert calls(street) == (2 if befalls == "fails" else 1)
    found = await rows(street)
    assert len(found) == 1000
    assert sum(row.cache is not None for row in found) == (998 if befalls == "fails" else 999)


async def at_once(street: Street, name: str, many: int, *, stream: bool) -> None:
    street.behaves("openai", "latency=300")
    replies = await asyncio.gather(*(cold(street, name, stream=stream) for _ in range(many)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert calls(street) == 1
    found = await rows(street)
    paid = [row for row in found if row.cache is None]
    assert len(paid) == 1
    assert len(found) == many
    assert {row.cached_from for row in found if row.cache} == {paid[0].id}
    assert {row.saved_nanos for row in found if row.cache} == {paid[0].cost_nanos}
    assert sum(row.cost_nanos for row in found) == paid[0].cost_nanos > 0


@EVERY_SPEECH
async def test_each_stream_that_tells_of_itself_tells_of_its_own_interaction(
    street: Street, name: str
) -> None:
    """Joined or told again, nobody is told of another's interaction."""
    street.behaves("openai", "latency=300")
    together = await asyncio.gather(*(cold(street, name, "x-baton-tags: a=b", stream=True) for _ in range(5)))
    later = await cold(street, name, "x-baton-tags: a=b", stream=True)
    assert calls(street) == 1
    ids = {reply.headers["x-baton-interaction"] for reply in (*together, later)}
    assert len(ids) == 6
    for reply in (*together, later):
        own = reply.headers["x-baton-interaction"]
        assert reply.body.decode().count(own) == 1
        assert not any(other in reply.body.decode() for other in ids - {own})


@BOTH
async def test_the_one_that_is_asked_may_leave(street: Street, stream: bool) -> None:
    """Whoever came first is nobody special: those who wait are answered by the call that it began."""
    street.behaves("openai", "latency=600")
    body = OPENAI.body(MODEL, temperature=0, **({"stream": True} if stream else {}))
    async with line_to(street.baton.url) as first:
        await first.send(post(street.baton.key, body, path=OPENAI.where(MODEL)))
        await soon(lambda: calls(street) == 1)
        others = [asyncio.create_task(cold(street, stream=stream)) for _ in range(20)]
        await asyncio.sleep(0.2)
    replies = await asyncio.gather(*others)
    assert {reply.status for reply in replies} == {200}
    assert calls(street) == 1


@BOTH
async def test_when_all_have_left_the_call_is_ended(street: Street, stream: bool) -> None:
    """Nobody pays for what nobody hears; the next one asks anew."""
    street.behaves("openai", "latency=5000")
    body = OPENAI.body(MODEL, temperature=0, **({"stream": True} if stream else {}))
    async with line_to(street.baton.url) as one, line_to(street.baton.url) as two:
        await one.send(post(street.baton.key, body, path=OPENAI.where(MODEL)))
        await soon(lambda: calls(street) == 1)
        await two.send(post(street.baton.key, body, path=OPENAI.where(MODEL)))
        await asyncio.sleep(0.1)
    await soon(lambda: street.calls("openai")[0].outcome == "gone")
    street.behaves("openai")
    assert (await cold(street, stream=stream)).status == 200
    assert {row.status for row in await rows(street)} == {"ok", "cancelled"}


@BOTH
async def test_the_one_that_is_asked_may_fail(street: Street, stream: bool) -> None:
    """Its failure is its own; the next one is asked for all that are left."""
    street.behaves("openai", "latency=200;fault=503;times=1")
    replies = await asyncio.gather(*(cold(street, stream=stream) for _ in range(50)))
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] * 49 + [503]
    assert calls(street) == 2
    found = await rows(street)
    assert sum(row.cache == "dedup" for row in found) == 48


async def test_a_provider_that_is_down_is_not_asked_by_everybody(street: Street) -> None:
    """Three are asked for fifty; each of the fifty is told, and has its row."""
    street.behaves("openai", "latency=50;fault=503")
    replies = await asyncio.gather(*(cold(street, stream=False) for _ in range(50)))
    assert {reply.status for reply in replies} == {503}
    assert calls(street) <= 5
    assert len(await rows(street)) == 50


async def test_what_nobody_can_mend_is_told_to_all_at_once(street: Street) -> None:
    """A request that the provider refuses is refused once."""
    street.behaves("openai", "latency=100;fault=400")
    replies = await asyncio.gather(*(cold(street, stream=False) for _ in range(20)))
    assert {reply.status for reply in replies} == {400}
    assert calls(street) == 1


async def test_a_follower_keeps_its_own_deadline(street: Street) -> None:
    """It is told in time, and the one that is asked goes on."""
    street.behaves("openai", "latency=800")
    first = asyncio.create_task(cold(street, stream=False))
    await soon(lambda: calls(street) == 1)
    hasty = await cold(street, "openai", "x-baton-timeout: 0.2", stream=False)
    assert hasty.status == 504
    assert (await first).status == 200
    assert calls(street) == 1


@pytest.mark.parametrize(
    ("headers", "fields", "repeats"),
    [
        ((), {"temperature": ...}, False),
        ((), {"temperature": 0.7}, False),
        (("x-baton-cache: exact",), {"temperature": 0.7}, True),
        (("x-baton-cache: off",), {}, False),
        (("x-baton-cache-ttl: 0",), {}, False),
        ((), {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, False),
        ((), {"seed": 1}, True),
        ((), {"user": "somebody"}, True),
    ],
)
async def test_only_what_repeats_itself_is_repeated(
    street: Street, headers: tuple[str, ...], fields: dict[str, Any], repeats: bool
) -> None:
    """Temperature 0, or by request; not with tools, not where it is not wanted."""
    replies = [await cold(street, "openai", *headers, stream=False, **fields) for _ in range(2)]
    assert {reply.status for reply in replies} == {200}
    assert calls(street) == (1 if repeats else 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": "Hello there!"}]},
        {"max_tokens": 7},
        {"stop": ["x"]},
        {"seed": 3},
        {"response_format": {"type": "json_object"}},
        {"something_new": True},
        {"stream": True},
        {"model": "openai/gpt-4o"},
    ],
)
async def test_whatever_may_change_an_answer_makes_it_another_request(
    street: Street, fields: dict[str, Any]
) -> None:
    """Also a field that nobody knows."""
    await cold(street, stream=False)
    async with line_to(street.baton.url) as line:
        body = OPENAI.body(**{"model": MODEL, "temperature": 0, **fields})
        await line.send(post(street.baton.key, body, path=OPENAI.where(MODEL)))
        other = await line.reply()
    assert (other.status, other.headers["x-baton-cache"]) == (200, "miss")
    assert calls(street) == 2


async def test_spelling_is_no_difference(street: Street) -> None:
    """The order of keys, white space, who the end user is, and another name of the model."""
    await cold(street, stream=False)
    message = b'[{"content": "Hello there","role":"user"}]'
    body = b'{ "temperature": 0,"user":"x",  "messages":%b, "model": "gpt-4o-mini"}' % message
    async with line_to(street.baton.url) as line:
        await line.send(post(street.baton.key, body, path=OPENAI.path))
        assert (await line.reply()).headers["x-baton-cache"] == "hit"


async def test_refresh_asks_anew_and_is_kept(street: Street) -> None:
    """The answer after it is the new one."""
    street.behaves("openai", says="One.")
    await cold(street, stream=False)
    street.behaves("openai", says="Two.")
    assert b"One." in (await cold(street, stream=False)).body
    assert b"Two." in (await cold(street, "openai", "x-baton-cache: refresh", stream=False)).body
    assert b"Two." in (await cold(street, stream=False)).body


async def test_a_fallbacks_answer_is_not_kept_under_another_models_name(tmp_path: Path) -> None:
    """Who names a model gets it again as soon as it is well."""
    async with open_street(tmp_path, retries=0) as street:
        street.behaves("openai", "fault=503;times=1")
        fell_back = await cold(street, stream=False)
        assert (fell_back.status, fell_back.headers["x-baton-fallback"]) == (200, "1")
        assert (await cold(street, stream=False)).headers["x-baton-provider"] == "openai"


async def test_a_key_of_ones_own_stands_for_what_is_asked(street: Street) -> None:
    """For its owner only, and for the same model."""
    header = "x-baton-cache-key: greeting"
    hello, bye = ([{"role": "user", "content": text}] for text in ("Hello", "Bye"))
    first = await cold(street, "openai", header, stream=False, messages=hello)
    assert (await cold(street, "openai", header, stream=False, messages=bye)).body == first.body
    assert calls(street) == 1


async def test_another_user_is_given_nothing_of_it(street: Street) -> None:
    """Not kept, not joined, not by a key of the same name."""
    street.behaves("openai", "latency=200")
    other = (await street.baton.user("pro"))["Authorization"].removeprefix("Bearer ")
    body = OPENAI.body(MODEL, temperature=0)

    async def asked(key: str, *headers: str) -> Reply:
        async with line_to(street.baton.url) as line:
            await line.send(post(key, body, *headers, path=OPENAI.where(MODEL)))
            return await line.reply()

    for turn, headers in enumerate(((), ("x-baton-cache-key: same",)), 1):
        both = await asyncio.gather(asked(street.baton.key, *headers), asked(other, *headers))
        assert [reply.headers["x-baton-cache"] for reply in both] == ["miss", "miss"]
        assert calls(street) == 2 * turn


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("x-baton-fallback: off",), ()),
        (("x-baton-exclude: xai",), ()),
        (("anthropic-beta: output-128k",), ()),
    ],
)
async def test_who_may_serve_and_what_the_provider_is_told_make_another_request(
    street: Street, one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """An answer that one request allows is not given to one that forbids it."""
    first = await cold(street, "anthropic", *one, stream=False)
    second = await cold(street, "anthropic", *other, stream=False)
    assert {first.headers["x-baton-cache"], second.headers["x-baton-cache"]} == {"miss"}


@pytest.mark.parametrize(
    "fields",
    [
        {"web_search_options": {}},
        {"search_parameters": {"mode": "on"}},
        {"plugins": [{"id": "web"}]},
        {"store": True},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
    ],
)
async def test_what_looks_elsewhere_is_not_repeated_by_itself(street: Street, fields: dict[str, Any]) -> None:
    """Live searches, documents by reference, and what leaves something behind."""
    first = await cold(street, stream=False, **fields)
    assert first.headers.get("x-baton-cache", "off") == "off"


async def test_a_responses_caller_gets_its_own_metadata_back(street: Street) -> None:
    """That API repeats what it was told: another's is not given out."""
    one = await cold(street, "openai-responses", stream=False, metadata={"whose": "zora"}, user="zora")
    two = await cold(street, "openai-responses", stream=False, metadata={"whose": "bob"}, user="bob")
    assert two.headers["x-baton-cache"] == "miss"
    assert b"zora" not in two.body
    assert one.status == two.status == 200


async def test_a_model_that_was_switched_off_gives_no_kept_answer(street: Street) -> None:
    """Also where the choice was Baton's."""

    async def auto() -> Reply:
        async with line_to(street.baton.url) as line:
            body = OPENAI.body(model="auto", temperature=0)
            await line.send(post(street.baton.key, body, path=OPENAI.path))
            return await line.reply()

    first = await auto()
    assert (await auto()).headers["x-baton-cache"] == "hit"
    models = street.baton.app.edited.models
    record = models.get(f"{first.headers['x-baton-provider']}/{first.headers['x-baton-model']}")
    await models.put(replace(record.value, is_enabled=False), MAKER, record.revision)
    again = await auto()
    assert again.headers["x-baton-cache"] == "miss"
    assert again.headers["x-baton-model"] != first.headers["x-baton-model"]


async def test_what_is_forgotten_while_it_is_asked_is_not_kept(street: Street) -> None:
    """Or invalidating would be undone by calls under way."""
    street.behaves("openai", "latency=300")
    asked = asyncio.create_task(cold(street, stream=False))
    await soon(lambda: calls(street) == 1)
    await street.baton.app.cache.store.forget(frozenset())
    await asked
    assert (await cold(street, stream=False)).headers["x-baton-cache"] == "miss"


async def test_an_open_breaker_keeps_nothing_under_another_models_name(tmp_path: Path) -> None:
    """Who was passed over without being asked is not taken for who answered."""
    async with open_street(tmp_path, retries=0) as street:
        held = ForcedBreaker(provider="openai", model="gpt-4o-mini", state=Hold.OPEN, reason="test")
        await street.baton.app.edited.forced_breakers.put(held, MAKER, None)
        replaced = await cold(street, stream=False)
        assert (replaced.status, replaced.headers["x-baton-provider"] != "openai") == (200, True)
        assert (await street.baton.app.cache.store.room()).entries == 0


@BOTH
async def test_who_may_not_have_the_one_that_answers_asks_for_itself(tmp_path: Path, stream: bool) -> None:
    """A fallback that is in the leader's tier only: whoever follows is not kept waiting for it, nor Baton."""
    rule = CacheRule(use_case="faq", reach=Reach.SHARED)
    headers = ("x-baton-use-case: faq", "x-baton-fallback: anthropic/claude-3-opus-20240229")
    body = OPENAI.body(MODEL, temperature=0, **({"stream": True} if stream else {}))
    async with open_street(tmp_path, retries=0) as street:
        await street.baton.app.edited.cache_rules.put(rule, MAKER, None)
        street.behaves("openai", "fault=503")
        street.behaves("anthropic", "latency=300;tps=20")
        other = (await street.baton.user("free"))["Authorization"].removeprefix("Bearer ")

        async def asked(key: str) -> Reply:
            async with line_to(street.baton.url) as line:
                await line.send(post(key, body, *headers, path=OPENAI.where(MODEL)))
                return await line.reply()

        first = asyncio.create_task(asked(street.baton.key))
        await soon(lambda: len(street.calls("anthropic")) == 1)
        second = await asked(other)
        assert second.status == 503
        led = await first
        assert (led.status, led.headers["x-baton-provider"]) == (200, "anthropic")
