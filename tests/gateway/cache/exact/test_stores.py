"""Answers that are kept in memory, in Redis and in the database: one suite for all."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from msgspec import msgpack
from sqlalchemy import select

from baton.access.signin.seal import Seal
from baton.gateway.admission.shared.state import JOIN, SCRIPTS
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.cache.exact.look import MOST_WAITS
from baton.gateway.cache.exact.others import MOST_BYTES
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.tables import ANSWERS, MARKS
from baton.gateway.cache.rules import Reach
from baton.storage.database import Database
from baton.storage.keyvalue.line import Line
from tests.databases import OnServer, SqliteFile
from tests.gateway.cache.exact.places import (
    PACKING,
    InMemory,
    InRedis,
    Oblivious,
    Place,
    a_kept,
    a_plan,
    in_database,
    in_redis,
)
from tests.redis_server import RedisServer
from tests.tables import lay_tables

MOST, MOST_SIZE = 5, 200_000


@pytest_asyncio.fixture(params=["memory", "redis", "sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncGenerator[Place]:
    """Each of them, with room for five answers."""
    async with AsyncExitStack() as stack:
        match request.param:
            case "redis":
                server: RedisServer = request.getfixturevalue("redis_server")
                server.flush()
                yield await stack.enter_async_context(in_redis(server, MOST, MOST_SIZE))
            case "sqlite":
                lay_tables(tmp_path)
                found = in_database(SqliteFile(tmp_path).settings, MOST, MOST_SIZE)
                yield await stack.enter_async_context(found)
            case "postgresql":
                server_with = OnServer(
                    request.getfixturevalue("postgres"), request.getfixturevalue("postgres_tables")
                )
                found = in_database(server_with.settings, MOST, MOST_SIZE)
                yield await stack.enter_async_context(found)
            case _:
                yield InMemory(MOST, MOST_SIZE)


def same(one: Kept | None, other: Kept) -> bool:
    """What it says, whatever became of its losses."""
    if one is None:
        return False
    lost = [(each.losses.dropped, each.losses.adjusted, each.losses.features) for each in (one, other)]
    names = [name for name in Kept.__struct_fields__ if name != "losses"]
    return lost[0] == lost[1] and all(getattr(one, name) == getattr(other, name) for name in names)


async def test_what_is_put_is_given_as_it_was(place: Place) -> None:
    """Whole and taken apart, or as pieces; with what its translation lost."""
    streamed = a_kept(body=b"", response=None, pieces=(b"a\x00", b"\xff"), finale=b"end", receipt=b"{}")
    for key, kept in (("whole", a_kept()), ("stream", streamed)):
        await place.put(a_plan(key), kept)
        assert same(await place.get(key), kept)
    assert await place.get("another") is None


async def test_what_is_put_again_takes_the_place_of_the_first(place: Place) -> None:
    """And its room."""
    for said in ("One.", "Two."):
        await place.put(a_plan("k"), a_kept(said))
    found = await place.get("k")
    assert found is not None
    assert found.body == b"Two."
    assert (await place.room()).entries == 1


async def test_it_is_given_no_longer_than_it_may_be(place: Place) -> None:
    """Too old is not there."""
    await place.put(a_plan("k", ttl_s=0.3), a_kept())
    assert await place.get("k") is not None
    await asyncio.sleep(0.35)
    assert await place.get("k") is None


async def test_what_was_unused_for_longest_leaves_first(place: Place) -> None:
    """Five are kept; asking for one is using it."""
    for at in range(MOST):
        await place.put(a_plan(f"k{at}"), a_kept())
        await asyncio.sleep(0.002)
    if isinstance(place, InMemory | InRedis):  # the database hears of it later
        assert await place.get("k0") is not None
        await asyncio.sleep(0.002)
        gone = "k1"
    else:
        gone = "k0"
    await place.put(a_plan("new"), a_kept())
    assert (await place.room()).entries == MOST
    assert await place.get(gone) is None
    assert await place.get("new") is not None


async def test_the_bytes_are_bounded_too(place: Place) -> None:
    """As many as there is room for, and none that would take a tenth of it."""
    for at in range(MOST):
        await place.put(a_plan(f"k{at}"), a_kept("x" * 15_000, response=None))
    await place.put(a_plan("large"), a_kept("x" * 30_000, response=None))
    assert await place.get("large") is None
    assert (await place.room()).bytes <= MOST_SIZE


@pytest.mark.parametrize(
    ("marks", "left"),
    [
        ({"key:b1"}, "a1 a2 b2"),
        ({"owner:ada", "reach:user"}, "b1 b2"),
        ({"owner:ada", "model:openai/gpt-4o"}, "a1 b1 b2"),
        ({"useCase:faq"}, "a2 b2"),
        ({"tag:team=red"}, "a1 a2"),
        ({"interaction:b2"}, "a1 a2 b1"),
        ({"tag:nothing"}, "a1 a2 b1 b2"),
        (set[str](), ""),
    ],
)
async def test_it_is_forgotten_by_its_marks(place: Place, marks: set[str], left: str) -> None:
    """By all of those that are said, and by no others."""
    kinds: tuple[tuple[str, str, Reach, dict[str, Any]], ...] = (
        ("a1", "ada", Reach.USER, {}),
        ("a2", "ada", Reach.USER, {"model": "gpt-4o", "use_case": None}),
        ("b1", "bob", Reach.USER, {"tags": ("team=red",)}),
        ("b2", "*", Reach.SHARED, {"tags": ("team=red", "x=y"), "use_case": "other"}),
    )
    for key, owner, reach, fields in kinds:
        await place.put(a_plan(key, owner=owner, reach=reach), a_kept(interaction=key, **fields))
    expected = left.split()
    assert await place.forget(frozenset(marks)) == 4 - len(expected)
    there = [key for key in ("a1", "a2", "b1", "b2") if await place.get(key) is not None]
    assert there == expected


async def test_many_are_forgotten_at_once(redis_server: RedisServer) -> None:
    """Also where it takes several steps."""
    redis_server.flush()
    async with in_redis(redis_server, 5000, 1 << 30) as place:
        for at in range(1500):
            owner = "ada" if at % 3 else "bob"
            await place.put(a_plan(f"k{at}", owner=owner), a_kept(response=None))
        assert await place.forget(frozenset({"owner:ada"})) == 1000
        assert (await place.room()).entries == 500
        assert await place.forget(frozenset()) == 500
        assert (await place.room()).bytes == 0


async def test_a_database_keeps_over_restarts(tmp_path: Any) -> None:
    """What was just put as well; and nobody reads it who has the database alone."""
    lay_tables(tmp_path)
    settings = SqliteFile(tmp_path).settings
    async with in_database(settings, MOST, MOST_SIZE) as place:
        await place.put(a_plan("first"), a_kept("The secret answer."))
    async with in_database(settings, MOST, MOST_SIZE) as place:
        assert same(await place.get("first"), a_kept("The secret answer."))
    async with Database(settings) as database, database.read() as connection:
        stored = [
            repr(tuple(row)) for table in (ANSWERS, MARKS) for row in await connection.execute(select(table))
        ]
    for plain in ("secret", "ada", "faq", "blue", "gpt"):
        assert not any(plain in row for row in stored)


async def test_in_redis_nobody_reads_it_either(redis_server: RedisServer) -> None:
    """Answers are sealed, and marks are digests."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        await place.put(a_plan("k"), a_kept("The secret answer."))
        assert await place.get("k") is not None
        parts = ("kept", "marks", "sizes", "until", "used")
        dump = b"".join(redis_server.say("DUMP", f"{{baton}}:1:answers:{part}") for part in parts)
    for plain in (b"secret", b"ada", b"faq", b"blue", b"gpt"):
        assert plain not in dump


def test_another_secret_or_another_key_opens_nothing() -> None:
    """Nor does what was changed, or made by another version."""
    sealed = PACKING.close(a_kept(), "k")
    other = Packing(Seal(b"o" * 32))
    assert PACKING.open(sealed, "k") is not None
    assert PACKING.open(sealed, "another") is None
    assert other.open(sealed, "k") is None
    assert PACKING.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "k") is None
    assert PACKING.open(Seal(b"k" * 32).close(msgpack.encode(["what", 1]), "k"), "k") is None
    assert PACKING.open_text("no base64 !", "k") is None


async def test_one_asks_and_the_others_wait(redis_server: RedisServer) -> None:
    """Whoever comes while it asks is given its answer, also one that is not kept for later."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        for keep in (True, False):
            plan = a_plan(f"k{keep}")
            leader = await place.seek(plan, joins=True)
            assert leader.found is None
            waiting = [asyncio.create_task(place.seek(plan, joins=True)) for _ in range(5)]
            await asyncio.sleep(0.1)
            assert not any(each.done() for each in waiting)
            place.others.land(leader, plan, a_kept(), keep=keep)
            for each in await asyncio.gather(*waiting):
                assert each.found is not None
                assert each.how is How.DEDUP
            later = await place.seek(plan, joins=False)
            assert (later.found is not None) is keep
            assert later.how is How.EXACT


async def test_who_has_failed_hands_on(redis_server: RedisServer) -> None:
    """The next one asks; those who wait go on waiting, now for that one."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        plan = a_plan("k")
        leader = await place.seek(plan, joins=True)
        waiting = {asyncio.create_task(place.seek(plan, joins=True)) for _ in range(3)}
        await asyncio.sleep(0.1)
        place.others.land(leader, plan, None, keep=False)
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        (next_one,) = (each.result() for each in done)
        assert next_one.found is None
        place.others.land(next_one, plan, a_kept(), keep=True)
        assert all(each.found for each in await asyncio.gather(*waiting))


async def test_nobody_waits_beyond_their_own_time(redis_server: RedisServer) -> None:
    """Nor is anything asked for them then."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        plan = a_plan("k")
        await place.seek(plan, joins=True)
        late = place.others.look(plan, "late", lambda kept: True, joins=True, ends_s=place.now_s + 0.1)
        passed = await place.admit(late)
        assert (await late.hear(passed)).value == "there"
        assert late.found is None


async def test_what_was_forgotten_meanwhile_is_not_kept(redis_server: RedisServer) -> None:
    """But those who waited have it: they asked before."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        plan = a_plan("k")
        leader = await place.seek(plan, joins=True)
        waiting = asyncio.create_task(place.seek(plan, joins=True))
        await asyncio.sleep(0.1)
        await place.forget(frozenset({"tag:some"}))
        place.others.land(leader, plan, a_kept(), keep=True)
        assert (await waiting).found is not None
        assert (await place.seek(plan, joins=False)).found is None


async def test_a_redis_that_is_put_back_gives_nothing_that_was_forgotten(tmp_path: Any) -> None:
    """Also where every process is a new one, and only the database remembers."""
    with RedisServer() as server:
        memory = Oblivious()
        async with in_redis(server, MOST, MOST_SIZE, memory) as place:
            await place.put(a_plan("k"), a_kept())
            assert await place.get("k") is not None
            server.save()
            assert await place.forget(frozenset()) == 1
        server.kill()
        server.start()
        async with in_redis(server, MOST, MOST_SIZE, memory) as place:
            assert await place.get("k") is None
            await place.put(a_plan("k"), a_kept())
        async with in_redis(server, MOST, MOST_SIZE, memory) as place:
            assert await place.get("k") is not None


async def test_an_epoch_that_is_over_leaves_no_answers(redis_server: RedisServer) -> None:
    """They would fill Redis."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        await place.put(a_plan("k"), a_kept())
        assert await place.get("k") is not None
    async with Line(redis_server.url, SCRIPTS) as line:
        await line.ask(JOIN, ["2", "1", "one", 0])
    assert b":0" in redis_server.say("EXISTS", "{baton}:1:answers:kept")


async def test_nobody_waits_for_one_failure_after_the_other(redis_server: RedisServer) -> None:
    """After three that had nothing it asks beside them."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, MOST_SIZE) as place:
        plan = a_plan("k")
        leader = await place.seek(plan, joins=True)
        waiting = {asyncio.create_task(place.seek(plan, joins=True)) for _ in range(8)}
        asked = 1
        while waiting:
            place.others.land(leader, plan, None, keep=False)
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            asked += 1
            leader = next(iter(done)).result()
        assert asked <= 2 + MOST_WAITS


async def test_an_answer_that_is_too_long_is_for_nobody_else(redis_server: RedisServer) -> None:
    """Redis and all who ask it would be held by it."""
    redis_server.flush()
    async with in_redis(redis_server, MOST, 1 << 30) as place:
        await place.put(a_plan("k"), a_kept("x" * MOST_BYTES))
        assert await place.get("k") is None
