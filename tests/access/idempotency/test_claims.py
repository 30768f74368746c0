"""One of all who try carries a request out, and the others have its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, insert, select

from baton.access.idempotency.claims import Bounds, Claims
from baton.access.idempotency.keeper import Keeper
from baton.access.idempotency.kept import Asked, Kept, Names
from baton.access.idempotency.tables import CLAIMS
from baton.access.identity.tables import USERS
from baton.access.signin.seal import Seal
from baton.core.errors import BatonError, Busy, Conflict, TooMany, Unavailable
from baton.storage.database import Database
from tests.clocks import SetClock
from tests.databases import Place

ANSWER = Kept(200, b"x-request-id: r-0\r\n", b'{"said": "a secret"}')
BODY = b'{"model": "simulated/echo"}'
PATIENT = Bounds(patience_s=30.0)
BOUNDS = Bounds(answer_bytes=1000, user_bytes=2500, user_claims=5)


@dataclass
class Room:
    """Two processes on one database."""

    place: Place
    databases: list[Database]
    clock: SetClock = field(default_factory=SetClock)
    names: Names = field(default_factory=lambda: Names(b"n" * 32))
    _asked: int = 0

    def process(self, number: int, bounds: Bounds | None = None, secret: bytes = b"s" * 32) -> Claims:
        return Claims(self.databases[number], Seal(secret), self.clock, f"process {number}", bounds)

    async def ask(self, key: str = "k", body: bytes = BODY, user: str = "ann") -> Asked:
        """One more request."""
        self._asked += 1
        return await self.names.of(user, key, (b"/v1/chat/completions", b"", body), f"r-{self._asked}")

    async def rows(self) -> list[bytes]:
        """Everything that is stored, as bytes."""
        async with self.databases[0].read() as connection:
            return [repr(tuple(row)).encode() for row in await connection.execute(select(CLAIMS))]


@pytest.fixture
async def room(place: Place) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(Database(place.settings)) for _ in range(2)]
        async with databases[0].write() as connection:
            for user in ("ann", "bob"):
                row = {"id": user, "name": user, "tier": "free", "roles": [], "created_at_ms": 0}
                await connection.execute(insert(USERS).values(row))
        yield Room(place, databases)


async def told(claims: Claims, asked: Asked) -> Kept | str | None:
    """What a claim brings; an error by its code."""
    try:
        return await claims.claim(asked)
    except BatonError as error:
        return error.code


async def test_of_many_at_once_one_carries_it_out(room: Room) -> None:
    """In two processes: one may, all others are told to wait, and then have its answer."""
    patient = replace(room.place.settings, busy_timeout_s=30.0)
    async with Database(patient) as one, Database(patient) as other:
        room.databases[:] = [one, other]
        await _at_once(room)


async def _at_once(room: Room) -> None:
    processes = [room.process(0, PATIENT), room.process(1, PATIENT)]
    asked = [await room.ask() for _ in range(20)]
    pairs = [(processes[n % 2], one) for n, one in enumerate(asked)]
    got = await asyncio.gather(*(told(process, one) for process, one in pairs))
    assert sorted(map(str, got)) == ["None"] + ["idempotency_in_progress"] * 19
    process, winner = pairs[got.index(None)]
    assert await process.finish(winner, ANSWER)
    assert [await told(process, one) for process, one in pairs] == [ANSWER] * 20


async def test_what_is_under_way_says_when_to_ask_again(room: Room) -> None:
    """409 with a wait, and nothing against trying again."""
    here = room.process(0)
    await here.claim(await room.ask())
    with pytest.raises(Busy) as caught:
        await here.claim(await room.ask())
    assert (caught.value.status, caught.value.retryable) == (409, True)
    assert caught.value.retry_after_s == 1.0


async def test_a_key_is_for_one_request_of_one_user(room: Room) -> None:
    """Another body, under way or ended: a conflict; somebody else's same key: their own."""
    here = room.process(0)
    first = await room.ask()
    assert await here.claim(first) is None
    assert await told(here, await room.ask(body=b"{}")) == "idempotency_key_reused"
    await here.finish(first, ANSWER)
    with pytest.raises(Conflict) as caught:
        await here.claim(await room.ask(body=b"{}"))
    assert not caught.value.retryable
    assert await here.claim(await room.ask(user="bob")) is None


async def test_what_came_to_nothing_is_carried_out_again(room: Room) -> None:
    """By whoever asks next, with another body too."""
    here, there = room.process(0), room.process(1)
    first = await room.ask()
    await here.claim(first)
    await here.release(first)
    assert await there.claim(await room.ask(body=b"{}")) is None


async def test_a_dead_process_holds_nothing_for_long(room: Room) -> None:
    """30 s after its last sign of life another carries it out; one that lives is waited for, all day."""
    here, there = room.process(0), room.process(1)
    first = await room.ask()
    await here.claim(first)
    for _ in range(100):
        room.clock.now += 20
        await Keeper(here).turn(1)
        assert await told(there, await room.ask()) == "idempotency_in_progress"
    room.clock.now += 30
    second = await room.ask()
    assert await told(there, await room.ask(body=b"{}")) == "idempotency_key_reused"
    assert await there.claim(second) is None
    assert not await here.finish(first, Kept(200, b"", b"too late")), "it was not dead: it may not say so"
    await here.release(first)
    assert await there.finish(second, ANSWER)
    assert await here.claim(await room.ask()) == ANSWER


async def test_after_a_day_it_is_forgotten(room: Room) -> None:
    """Not a second before; swept or not, the key is a new one then."""
    here = room.process(0)
    for key in ("swept", "not swept"):
        asked = await room.ask(key)
        await here.claim(asked)
        await here.finish(asked, ANSWER)
    room.clock.now += 24 * 3600 - 1
    assert await here.sweep() == 0
    assert await here.claim(await room.ask("swept")) == ANSWER
    room.clock.now += 1
    assert await here.claim(await room.ask("not swept")) is None
    await Keeper(here).turn(0)
    assert len(await room.rows()) == 1
    assert await here.claim(await room.ask("swept")) is None


async def test_who_has_the_database_alone_reads_nothing(room: Room) -> None:
    """Neither answer nor body nor key; and under another secret nobody does."""
    here = room.process(0)
    asked = await room.ask("a telling key")
    await here.claim(asked)
    await here.finish(asked, ANSWER)
    [stored] = await room.rows()
    for plain in (b"secret", b"telling", b"simulated"):
        assert plain not in stored
    with pytest.raises(Unavailable) as caught:
        await room.process(1, secret=b"t" * 32).claim(await room.ask("a telling key"))
    assert caught.value.code == "unreadable_secret"


async def test_what_is_kept_is_bounded_and_never_carried_out_again(room: Room) -> None:
    """An answer that is too long, and one too many for its user, are not kept: who asks again is told so."""
    here, there = room.process(0, BOUNDS), room.process(1, BOUNDS)

    async def kept(key: str, size: int) -> bool:
        asked = await room.ask(key)
        assert await here.claim(asked) is None
        return await here.finish(asked, Kept(200, b"", b"x" * size))

    assert [await kept("a", 1001), await kept("b", 1000), await kept("c", 1000), await kept("d", 1000)] == [
        False,
        True,
        True,
        False,
    ]
    for process in (here, there):
        for key in "ad":
            assert await told(process, await room.ask(key)) == "idempotency_answer_not_kept"
    asked = await room.ask("e", user="bob")
    await there.claim(asked)
    assert await there.finish(asked, ANSWER), "another user has room of their own"


async def test_nobody_claims_without_end(room: Room) -> None:
    """More keys than a user may have are refused until the first of them go; those there are answer on."""
    here = room.process(0, BOUNDS)
    for number in range(4):
        assert await here.claim(await room.ask(f"{number}")) is None
    ended = await room.ask("ended")
    await here.claim(ended)
    await here.finish(ended, ANSWER)
    with pytest.raises(TooMany):
        await here.claim(await room.ask("one more"))
    with pytest.raises(TooMany):
        await room.process(1, BOUNDS).claim(await room.ask("one more"))
    assert await here.claim(await room.ask("0", user="bob")) is None
    assert await here.claim(await room.ask("ended")) == ANSWER
    room.clock.now += 31
    assert await here.claim(await room.ask("0")) is None, "in the place of one that is dead"
    room.clock.now += 24 * 3600
    await here.sweep()
    assert await here.claim(await room.ask("one more")) is None


async def test_long_bodies_and_answers_are_as_short_ones(room: Room) -> None:
    """Hashed and sealed in a thread, they come out the same."""
    here = room.process(0)
    long = Kept(200, b"", b"x" * (4 << 20), stream=True)
    asked = await room.ask(body=b"y" * (4 << 20))
    await here.claim(asked)
    assert await here.finish(asked, long)
    assert await here.claim(await room.ask(body=b"y" * (4 << 20))) == long


async def test_without_its_database_nothing_is_claimed(room: Room) -> None:
    """A refusal that says to try again; the keeper goes on."""
    here = room.process(0)
    with room.place.away():
        with pytest.raises(Unavailable) as caught:
            await here.claim(await room.ask())
        await Keeper(here).turn(0)
    assert caught.value.retryable
    assert await here.claim(await room.ask()) is None


async def test_a_database_that_says_nothing_holds_nobody(room: Room) -> None:
    """A claim is refused, an answer leaves, in seconds; what came of it is kept later."""
    here = room.process(0, Bounds(patience_s=0.5))
    asked, other = await room.ask(), await room.ask("other")
    await here.claim(asked)
    async with room.databases[0].write() as connection:
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql("LOCK TABLE idempotency_claims")
        for attempt in (here.finish(asked, ANSWER), here.claim(other), here.release(other)):
            with pytest.raises(Unavailable):
                await attempt
    here.bounds = PATIENT
    await Keeper(here).turn(1)
    assert await here.claim(await room.ask()) == ANSWER


async def test_an_answer_waits_for_its_database(room: Room) -> None:
    """What has ended while it was away is under way for everybody else, and kept when it is back."""
    here, there = room.process(0), room.process(1)
    asked = await room.ask()
    await here.claim(asked)
    with room.place.away():
        with pytest.raises(Unavailable):
            await here.finish(asked, ANSWER)
        await Keeper(here).turn(1)
    assert await told(there, await room.ask()) == "idempotency_in_progress"
    await Keeper(here).turn(2)
    assert await there.claim(await room.ask()) == ANSWER


async def test_it_goes_with_its_user(room: Room) -> None:
    """A user who is erased leaves no answers."""
    here = room.process(0)
    asked = await room.ask()
    await here.claim(asked)
    await here.finish(asked, ANSWER)
    async with room.databases[0].write() as connection:
        await connection.execute(delete(USERS).where(USERS.c.id == "ann"))
    assert await room.rows() == []


async def test_no_border_between_what_is_hashed_can_be_moved(room: Room) -> None:
    """A path and a body that join to the same bytes are two requests; so are a user and a key."""
    one = await room.names.of("ann", "k", (b"ab", b"c"), "r")
    other = await room.names.of("ann", "k", (b"a", b"bc"), "r")
    assert one.digest != other.digest
    assert (await room.names.of("an", "nk", (), "r")).id != (await room.names.of("ann", "k", (), "r")).id
