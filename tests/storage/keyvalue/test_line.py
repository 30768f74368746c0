"""Asking Redis, and doing without it."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio.connection import Connection
from structlog.testing import capture_logs

from baton.storage.keyvalue.line import Away, Line, LineSettings, ScriptFailed
from baton.storage.keyvalue.script import Script
from tests.redis_server import RedisServer

QUICK = LineSettings(call_s=0.2, connect_s=0.5)


def lua(name: str, text: str) -> Script:
    """A script of the test's own."""
    return Script.of(name, text.encode())


ECHO = lua("echo", "return ARGV[1]")
COUNT = lua("count", "return cmsgpack.pack(redis.call('INCR', 'count'))")
WRONG = lua("wrong", "return redis.call('INCR')")
SCRIPTS = (ECHO, COUNT, WRONG)


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


@asynccontextmanager
async def line_to(server: RedisServer, settings: LineSettings = QUICK) -> AsyncGenerator[Line]:
    async with Line(server.url, SCRIPTS, settings) as line:
        yield line


async def comes_back(line: Line) -> None:
    """Wait until it answers again."""
    while True:
        await line.connected()
        with suppress(Away):
            assert await line.ask(ECHO, "back") == "back"
            return


async def test_many_calls_at_once_get_their_own_answers(redis_server: RedisServer) -> None:
    """A thousand of one turn travel together, and none is mistaken for another."""
    async with line_to(redis_server, LineSettings()) as line:
        orders = [[number, f"text {number}", b"\xff"] for number in range(1000)]
        assert await asyncio.gather(*(line.ask(ECHO, order) for order in orders)) == orders


async def test_a_script_that_fails_fails_alone(redis_server: RedisServer) -> None:
    """Those beside it are answered, and so are those after it."""
    async with line_to(redis_server) as line:
        found = await asyncio.gather(
            line.ask(ECHO, 1), line.ask(WRONG, 2), line.ask(ECHO, 3), return_exceptions=True
        )
        assert found[0] == 1
        assert isinstance(found[1], ScriptFailed)
        assert "wrong" in str(found[1])
        assert found[2] == 3
        assert await line.ask(ECHO, 4) == 4


async def test_scripts_that_redis_has_forgotten_are_taught_again(redis_server: RedisServer) -> None:
    """SCRIPT FLUSH, or another server at the same address: one call is lost, the next finds them."""
    async with line_to(redis_server) as line:
        redis_server.say("SCRIPT", "FLUSH")
        with pytest.raises(Away):
            await line.ask(ECHO, 1)
        await comes_back(line)
        assert await line.ask(ECHO, 2) == 2


async def test_nobody_waits_for_a_redis_that_is_not_there(own: RedisServer) -> None:
    """Neither at the start nor later; it is said once that it is away, and once that it is back."""
    own.kill()
    with capture_logs() as logs:
        async with line_to(own) as line:
            assert not line.is_up
            with pytest.raises(Away):
                await line.ask(ECHO, 1)
            own.start()
            await comes_back(line)
            assert await line.ask(ECHO, 2) == 2
    assert [log["event"] for log in logs] == ["redis_away", "redis_back"]


async def test_calls_under_way_end_with_the_connection(own: RedisServer) -> None:
    """They may have been carried out or not: that is what is said of them."""
    async with line_to(own) as line:
        with own.hung():
            calls = [asyncio.create_task(line.ask(COUNT, 0)) for _ in range(10)]
            found = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(each, Away) for each in found)
            assert not line.is_up
        await comes_back(line)
        assert await line.ask(ECHO, 1) == 1


async def test_a_caller_who_leaves_takes_nobody_elses_answer(redis_server: RedisServer) -> None:
    """A call that was cancelled is answered all the same, to nobody."""
    async with line_to(redis_server) as line:
        gone = asyncio.create_task(line.ask(ECHO, "gone"))
        await asyncio.sleep(0)
        other = asyncio.create_task(line.ask(ECHO, "other"))
        gone.cancel()
        assert await other == "other"
        assert gone.cancelled()


async def test_it_ends_in_whatever_moment(redis_server: RedisServer) -> None:
    """Also where its connection is lost just then, and what writes to it would connect again by itself."""
    rng = random.Random(1)
    for _ in range(60):
        async with asyncio.timeout(2), Line(redis_server.url, [ECHO]) as line:

            async def ask(line: Line = line) -> None:
                with suppress(Away):
                    while True:
                        await line.ask(ECHO, ["a"])

            asking = [asyncio.create_task(ask()) for _ in range(4)]
            await asyncio.sleep(rng.random() * 0.004)
            for turn in range(rng.randrange(3)):
                asking[turn].cancel()
                await asyncio.sleep(0)
        await asyncio.gather(*asking, return_exceptions=True)


async def test_a_loop_that_has_its_own_word_for_a_closed_socket_ends_nothing(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uvloop raises RuntimeError where a connection is written to that was just lost."""
    async with line_to(redis_server) as line:
        writing = Connection.send_packed_command

        async def closed(self: Connection, *_: object, **__: object) -> None:
            monkeypatch.setattr(Connection, "send_packed_command", writing)
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>")

        monkeypatch.setattr(Connection, "send_packed_command", closed)
        with pytest.raises(Away):
            await line.ask(ECHO, 1)
        async with asyncio.timeout(5):
            await comes_back(line)
