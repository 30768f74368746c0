"""Clients that go away: the provider is let go within a tenth of a second, and what was used is recorded."""

import asyncio

import pytest

from tests.chaos.conftest import MODEL, Stage, soon
from tests.chaos.provider import DONE, Caller, answer, answering, chunked, word
from tests.chaos.sayings import tokens_of
from tests.chaos.wire import chat, line_to, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE_S = 0.1
"""What may pass between the client's leaving and the provider's noticing."""


class Departure:
    """A provider's answer that the client does not wait for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.left_s: float | None = None

    async def act(self, caller: Caller) -> None:
        await caller.send(*self._pieces)
        self.left_s = await caller.left()

    async def after(self, moment_s: float) -> float:
        """Seconds between a moment and the provider's connection being closed."""
        await soon(lambda: self.left_s is not None)
        assert self.left_s is not None
        return self.left_s - moment_s


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def test_gone_before_its_body_is_complete(stage: Stage) -> None:
    """Nothing is sent to a provider, and there is no row."""
    before = await stage.count()
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL))[:-5])
        line.hang_up()
    assert await stage.count() == before
    assert stage.provider.calls == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("how", ["resets", "closes", "ends its side"])
async def test_gone_before_the_first_word(stage: Stage, stream: bool, how: str) -> None:
    """However it leaves, the call is cancelled, and the prompt is recorded as used.

    A client that only ends its own side of the connection counts as gone.
    """
    departure = Departure()
    stage.provider.act = departure.act
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, stream=stream)
        await soon(lambda: len(stage.provider.calls) == 1)
        left_s = now_s()
        if how == "resets":
            line.hang_up()
        elif how == "closes":
            line.writer.close()
        else:
            line.writer.write_eof()
        assert await departure.after(left_s) < AT_ONCE_S
        row, attempts = await stage.newest()
    assert (row.status, row.http_status, row.usage_estimated) == ("cancelled", None, True)
    assert [attempt.status for attempt in attempts] == ["cancelled"]
    assert attempts[0].prompt_tokens > 0
    assert row.cost_nanos > 0


async def test_gone_in_the_middle_of_a_stream(stage: Stage) -> None:
    """Prompt and what had come of the answer are recorded as used, estimated."""
    words = [word(f"word {at} ") for at in range(20)]
    departure = Departure(*chunked(*words, end=False))
    stage.provider.act = departure.act
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, stream=True)
        await line.head()
        async for chunk in line.chunks():
            if b"word 19" in chunk:
                break
        left_s = now_s()
        line.hang_up()
        assert await departure.after(left_s) < AT_ONCE_S
    row, attempts = await stage.newest()
    assert (row.status, row.usage_estimated) == ("cancelled", True)
    delivered = tokens_of("".join(f"word {at} " for at in range(20)))
    assert row.completion_tokens == pytest.approx(delivered, rel=0.1)
    assert attempts[0].cost_nanos == row.cost_nanos > 0


async def test_gone_in_the_middle_of_a_whole_answer(stage: Stage) -> None:
    """The provider had begun to answer: it is let go all the same."""
    departure = Departure(answer("x" * 10_000)[:5000])
    stage.provider.act = departure.act
    async with line_to(stage.baton.url) as line:
        await stage.asking(line)
        await soon(lambda: len(stage.provider.calls) == 1)
        left_s = now_s()
        line.hang_up()
        assert await departure.after(left_s) < AT_ONCE_S
    row, _ = await stage.newest()
    assert row.status == "cancelled"


async def test_gone_after_the_last_word(stage: Stage) -> None:
    """Who leaves once everything was said has been served: the row says so."""
    stage.provider.act = answering(*chunked(word("all of it", "stop"), DONE))
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, stream=True)
        await line.head()
        async for chunk in line.chunks():
            if chunk.endswith(DONE):
                break
        line.hang_up()
    row, _ = await stage.newest()
    assert (row.status, row.finish) == ("ok", "stop")


async def test_gone_while_a_retry_is_waited_for(stage: Stage) -> None:
    """The wait ends, nothing more is asked, and only the attempt that was made is recorded."""

    async def act(caller: Caller) -> None:
        await caller.send(b"HTTP/1.1 429 Slow Down\r\nretry-after: 50\r\ncontent-length: 0\r\n\r\n")

    stage.provider.act = act
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, "x-baton-max-retries: 2")
        await soon(lambda: len(stage.provider.calls) == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        line.hang_up()
        row, attempts = await stage.newest()
    assert row.status == "cancelled"
    assert [attempt.status for attempt in attempts] == ["rate_limit_exceeded"]


async def test_a_hundred_clients_that_leave_at_once(stage: Stage) -> None:
    """Every one of their calls ends, and every one has its row."""
    stage.provider.act = Departure(*chunked(word("one"), end=False)).act
    before = await stage.count()
    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(_come_and_go(stage))
    await soon(lambda: stage.baton.app.ledger.book.open_count == 0)
    assert await stage.count() == before + 100


async def _come_and_go(stage: Stage) -> None:
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, stream=True)
        await line.head()
