"""One log that several processes follow: what each hears, whatever becomes of Redis."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from baton.core.clock import SystemClock
from baton.storage.keyvalue.line import Line
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication, ReplicationSettings
from baton.storage.keyvalue.replication.shared_log import SCRIPTS, Place, SharedLog
from tests.redis_server import RedisServer
from tests.replicas import Together, together, until

ABOUT, ENTRIES, CLOCK = (f"{{baton}}:log:1:{part}" for part in ("about", "entries", "clock"))
CLOCKS = SystemClock()


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


class List(Replica):
    """All that was heard, in its order."""

    def __init__(self, replication: Replication, topic: str = "list") -> None:
        self._replication = replication
        self._topic = topic
        self.words: list[Any] = []
        self.at: list[float] = []
        self.left: list[str] = []
        self.lazy: list[Word] = []
        replication.follow(topic, self)

    def say(self, *words: str) -> None:
        for word in words:
            self._replication.say(self._topic, word)

    async def ask(self, word: str) -> Any:
        return await self._replication.ask(self._topic, word)

    def heard(self, word: Word, *, ours: bool) -> object:
        del ours
        self.words.append(word[0])
        self.at.append(self._replication.now_s())
        return len(self.words)

    def gone(self, process: str) -> None:
        self.left.append(process)

    def due(self) -> Iterable[Word]:
        lazy, self.lazy = self.lazy, []
        return lazy

    def export(self) -> Any:
        return list(self.words)

    def restore(self, state: Any) -> None:
        self.words = list(state or [])

    def missed(self, own: Any, since_s: float) -> Iterable[Word]:
        del since_s
        return [[word] for word in own if word not in self.words]


@asynccontextmanager
async def lists(
    server: RedisServer,
    processes: int = 2,
    settings: ReplicationSettings | None = None,
    at: Callable[[], float] | None = None,
) -> AsyncGenerator[tuple[Together, list[List]]]:
    async with together(server, CLOCKS, at, processes=processes, settings=settings) as found:
        each = [List(replication) for replication in found.replications]
        await found.start()
        yield found, each


async def test_all_hear_the_same_in_one_order(redis_server: RedisServer) -> None:
    """What three say at once, each in its own order, is one order for all."""
    redis_server.flush()
    async with lists(redis_server, 3) as (found, all_of_them):
        for number in range(300):
            all_of_them[number % 3].say(f"{number % 3}-{number}")
            if number % 7 == 0:
                await asyncio.sleep(0)
        await found.settle()
        first = all_of_them[0].words
        assert len(first) == 300
        assert all(each.words == first for each in all_of_them)
        for process in range(3):
            said = [word for word in first if word.startswith(f"{process}-")]
            assert said == sorted(said, key=lambda word: int(word[2:]))


async def test_an_answer_is_what_a_word_came_to_in_its_turn(redis_server: RedisServer) -> None:
    """Of words asked at once each has a number of its own."""
    redis_server.flush()
    async with lists(redis_server) as (_, (one, two)):
        asked = [each.ask(str(number)) for number in range(20) for each in (one, two)]
        assert sorted(await asyncio.gather(*asked)) == list(range(1, 41))


async def test_what_was_a_hurry_elsewhere_is_heard_within_a_beat(redis_server: RedisServer) -> None:
    """A quarter of a second and a little; sooner while something goes wrong."""
    redis_server.flush()
    async with lists(redis_server) as (_, (one, two)):
        began_s = time.monotonic()
        one.say("first")
        await until(lambda: two.words == ["first"], 0.5)
        assert time.monotonic() - began_s < 0.4


async def test_traffic_makes_no_more_entries_than_beats(redis_server: RedisServer) -> None:
    """However much there is to say that is no hurry, it is said four times a second."""
    redis_server.flush()
    async with lists(redis_server) as (found, (one, _)):
        before = entries(redis_server)
        ends_s = time.monotonic() + 1.5
        while time.monotonic() < ends_s:
            one.lazy.append(["lazy"])
            await asyncio.sleep(0.001)
        await found.settle()
        assert 4 <= entries(redis_server) - before <= 16


async def test_without_redis_each_hears_itself_and_tells_later(own: RedisServer) -> None:
    """Back, with all that it knew, everybody knows what each has heard alone, once."""
    async with lists(own) as (found, (one, two)):
        one.say("both")
        await found.settle()
        own.save()
        own.kill()
        one.say("on its way")
        await until(lambda: not any(each.in_step for each in found.replications))
        one.say("one alone")
        two.say("two alone")
        assert await one.ask("asked alone") == len(one.words)
        assert "one alone" not in two.words
        own.start()
        await until(lambda: all(each.in_step for each in found.replications))
        await found.settle()
        assert one.words == two.words
        assert sorted(one.words) == sorted(["both", "on its way", "one alone", "two alone", "asked alone"])


@pytest.mark.parametrize("noticed", [False, True])
async def test_an_older_redis_is_not_believed(own: RedisServer, noticed: bool) -> None:
    """Put back to a time before a word, also where all have noticed that it was away."""
    async with lists(own) as (found, (one, two)):
        one.say("before")
        await found.settle()
        own.save()
        two.say("after")
        await found.settle()
        own.kill()
        if noticed:
            await until(lambda: not any(each.in_step for each in found.replications))
        own.start()
        await until(lambda: all(each.in_step for each in found.replications))
        await found.settle()
        assert one.words == two.words == ["before", "after"]


async def test_an_older_redis_that_grew_again_is_not_believed(own: RedisServer) -> None:
    """Another process has said more in it by now than it had forgotten: its words are others."""
    async with lists(own) as (found, (one, _)):
        one.say("before")
        await found.settle()
        own.save()
        one.say("after")
        await found.settle()
        place = place_of(found.replications[0])
        await found.cut_off(0)
        await found.cut_off(1)
        own.kill()
        own.start()
        async with together(own, CLOCKS, None, processes=1, name="new") as late:
            third = List(late.replications[0])
            await late.start()
            for number in range(10):
                await third.ask(str(number))
            assert place_of(late.replications[0]) > place
            await found.come_back(0)
            assert one.words[:2] == ["before", "after"]
            await late.settle()
            await until(lambda: third.words[:2] == ["before", "after"])


async def test_an_emptied_redis_begins_with_what_is_known(own: RedisServer) -> None:
    """And two that begin it at once begin one log."""
    async with lists(own) as (found, (one, two)):
        one.say("a", "b")
        await found.settle()
        own.flush()
        await asyncio.sleep(0.6)
        two.say("c")
        await found.settle()
        assert one.words == two.words == ["a", "b", "c"]


@pytest.mark.parametrize("part", ["id", "head", "base", "kept", "mark", "state", "", "entries"])
async def test_a_log_of_which_a_part_is_missing_is_begun_anew(own: RedisServer, part: str) -> None:
    """Nobody waits for an answer for good, and nothing is forgotten; `""`: all that tells of it."""
    async with lists(own) as (found, (one, two)):
        one.say("a", "b")
        await found.settle()
        if part == "entries":
            own.say("DEL", ENTRIES)
        elif part:
            own.say("HDEL", ABOUT, part)
        else:
            own.say("DEL", ABOUT)
        async with asyncio.timeout(5):
            await two.ask("c")
            await found.settle()
        assert one.words == two.words == ["a", "b", "c"]


async def test_a_redis_that_writes_nothing_is_no_redis(own: RedisServer) -> None:
    """Each hears itself, what is no hurry too; joined again it says what was missed."""
    async with lists(own, 1) as (found, (one,)):
        own.say("CONFIG", "SET", "min-replicas-to-write", "1")
        async with asyncio.timeout(5):
            await one.ask("alone")
            one.lazy.append(["lazy"])
            await until(lambda: "lazy" in one.words)
        own.say("CONFIG", "SET", "min-replicas-to-write", "0")
        await until(lambda: found.replications[0].in_step)
        async with together(own, CLOCKS, None, processes=1, name="new") as late:
            other = List(late.replications[0])
            await late.start()
            await until(lambda: set(other.words) == {"alone", "lazy"})


async def test_the_log_stays_short(redis_server: RedisServer) -> None:
    """After so many entries a state has them in it; who was a little behind finds what comes next."""
    redis_server.flush()
    async with lists(redis_server, 3, ReplicationSettings(keep_every=10)) as (found, all_of_them):
        for number in range(200):
            await all_of_them[number % 2].ask(str(number))
        await found.settle()
        assert entries(redis_server) <= 40
        assert all(each.words == [str(number) for number in range(200)] for each in all_of_them)
        async with together(redis_server, CLOCKS, None, processes=1, name="new") as late:
            other = List(late.replications[0])
            await late.start()
            assert other.words == all_of_them[0].words


async def test_an_older_version_forgets_nothing_that_it_does_not_know(redis_server: RedisServer) -> None:
    """It keeps no state once it has heard a word of a topic that it does not follow."""
    redis_server.flush()
    settings = ReplicationSettings(keep_every=5)
    async with together(redis_server, CLOCKS, None, settings=settings) as found:
        new, old = found.replications
        known, unknown = List(new), List(new, "newer")
        List(old)
        await found.start()
        await unknown.ask("something")
        for number in range(30):
            old.say("list", str(number))
            await found.settle()
        async with together(redis_server, CLOCKS, None, processes=1, name="late") as late:
            also = List(late.replications[0], "newer")
            await late.start()
            assert also.words == ["something"]
        assert len(known.words) == 30


async def test_who_says_nothing_is_gone(redis_server: RedisServer) -> None:
    """And who ends says so."""
    redis_server.flush()
    async with lists(redis_server, 2, ReplicationSettings(alive_s=0.6)) as (found, (one, _)):
        await found.cut_off(1)
        await until(lambda: one.left == [found.replications[1].process], 3)
        async with together(redis_server, CLOCKS, None, processes=1, name="new") as late:
            List(late.replications[0])
            await late.start()
        await until(lambda: one.left[1:] == [late.replications[0].process], 0.5)


async def test_the_time_of_the_log_never_goes_back(own: RedisServer) -> None:
    """Also where Redis's does, and where an emptied Redis is of a machine that is behind."""
    async with lists(own) as (found, (one, two)):
        await one.ask("a")
        ahead_us = int((time.time() + 3600) * 1_000_000)
        own.say("HSET", CLOCK, "last", str(ahead_us))
        await one.ask("b")
        await two.ask("c")
        assert one.at[1] > time.time() + 3590
        own.flush()
        await asyncio.sleep(0.6)
        await one.ask("d")
        await found.settle()
        assert one.at == sorted(one.at)
        assert two.at[-1] > time.time() + 3590


async def test_a_mistake_in_one_word_deafens_nobody(redis_server: RedisServer) -> None:
    """A word that nobody understands, a replica that fails to tell, one that fails when somebody is gone."""
    redis_server.flush()

    class Sick(List):
        def heard(self, word: Word, *, ours: bool) -> object:
            if word[0] == "bad":
                raise ValueError("bad")
            return super().heard(word, ours=ours)

        def due(self) -> Iterable[Word]:
            raise ValueError("due")

        def gone(self, process: str) -> None:
            raise ValueError(process)

    async with together(redis_server, CLOCKS, None) as found:
        sick, well = Sick(found.replications[0], "sick"), List(found.replications[1])
        List(found.replications[0])
        await found.start()
        assert await sick.ask("bad") is None
        async with together(redis_server, CLOCKS, None, processes=1, name="new") as late:
            List(late.replications[0])
            await late.start()
        assert await sick.ask("good") == 1
        well.say("heard")
        await found.settle()
        assert all(each.in_step for each in found.replications)


async def test_a_word_that_was_long_on_its_way_answers_nobody_else(redis_server: RedisServer) -> None:
    """Delivered after its process has joined again, just before another one of its words."""
    redis_server.flush()
    async with lists(redis_server) as (found, (one, two)), Line(redis_server.url, SCRIPTS) as line:
        own = found.replications[0]
        await two.ask("before")
        await found.settle()
        place = await SharedLog(line, "looks").join(Place())
        assert place is not None
        late = SharedLog(line, own.process)
        last = place.entries[-1]
        at = Place(place.place.id, place.place.position + len(place.entries), last.mark)
        await late.tell(at, '[["list","late"],["list","later"]]', alive_s=10)
        assert await one.ask("asked") == 4
        await found.settle()
        assert one.words == two.words == ["before", "late", "later", "asked"]


async def test_nobody_waits_for_an_answer_at_the_end(own: RedisServer) -> None:
    """Redis hangs, and the process ends: who has asked is answered."""
    async with Line(own.url, SCRIPTS) as line:
        replication = Replication(line, CLOCKS, iter(["p", "log", "x"]).__next__)
        one = List(replication)
        async with replication:
            await until(lambda: replication.in_step)
            with own.hung():
                asked = asyncio.create_task(one.ask("a"))
                await asyncio.sleep(0.05)
                await replication.__aexit__(None, None, None)
                async with asyncio.timeout(1):
                    assert await asked == 1


def entries(server: RedisServer) -> int:
    """How many the list has."""
    return int(server.say("LLEN", ENTRIES).strip().removeprefix(b":"))


def place_of(replication: Replication) -> int:
    """How many entries it has heard."""
    return replication.position
