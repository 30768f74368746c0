"""Time: latency, tokens per second, and the limits of a call in process; all on a clock that is slept on."""

import pytest

from baton.core.errors import AttemptFailed
from baton.core.failures import Kind
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.transport import Deadlines, UpstreamRequest
from tests.upstream.simulated.conftest import Ask, Time, body_of

NONE = Deadlines(connect_s=None, first_byte_s=None, idle_s=None, total_s=None)


async def test_a_stream_keeps_its_pace(ask: Ask, time: Time) -> None:
    """The first token after the latency, the others a fiftieth of a second apart."""
    await ask("echo;latency=200;tps=50;notice=off", "one two three four", stream=True)
    assert time.slept == [0.2, 0.02, 0.02, 0.02]


async def test_a_whole_answer_takes_as_long_as_its_tokens(ask: Ask, time: Time) -> None:
    """Before its headers: latency, then the time of the tokens after the first."""
    await ask("echo;latency=200;tps=50;notice=off", "one two three four")
    assert sum(time.slept) == pytest.approx(0.26)


async def test_no_pace_is_no_wait(ask: Ask, time: Time) -> None:
    """Without settings nothing is waited for."""
    await ask("lorem", stream=True)
    assert time.slept == []


@pytest.mark.parametrize(
    ("model", "deadlines", "after_s"),
    [
        ("echo;latency=9000", Deadlines(first_byte_s=2, total_s=None), 2),
        ("echo;fault=silence", Deadlines(first_byte_s=3, total_s=None), 3),
        ("echo;fault=silence", Deadlines(first_byte_s=9, total_s=4), 4),
        ("echo;fault=slow;wait=60", Deadlines(first_byte_s=1, idle_s=20, total_s=None), 20),
        ("echo;fault=stall", Deadlines(first_byte_s=1, idle_s=7, total_s=None), 7),
        ("echo;tps=0.1", Deadlines(first_byte_s=1, idle_s=9, total_s=None), 9),
        ("echo;tps=0.1", Deadlines(first_byte_s=1, idle_s=11, total_s=25), 25),
        ("echo;fault=pings", Deadlines(first_byte_s=1, idle_s=5, total_s=30), 30),
    ],
)
async def test_limits_end_a_call(
    transport: SimulatedTransport, time: Time, model: str, deadlines: Deadlines, after_s: float
) -> None:
    """First byte, silence between chunks and total each end a call exactly when they are reached."""
    began = time.now
    body = body_of(model, "one two three four five six", stream=True)
    request = UpstreamRequest(url="simulated:/chat/completions", headers={}, body=body)

    async def ask() -> None:
        response = await transport.send(request, deadlines)
        async for _ in response.chunks(1 << 20):
            pass

    with pytest.raises(AttemptFailed) as caught:
        await ask()
    assert caught.value.failure.kind is Kind.TIMEOUT
    assert time.now - began == pytest.approx(after_s)


async def test_read_takes_the_whole_body_within_its_limit(transport: SimulatedTransport) -> None:
    """`read` gives all of it; beyond its limit it is malformed, announced or not."""
    for fault, limit in (("", 100_000), ("", 10), (";fault=huge", 1000), (";fault=flood", 1000)):
        request = UpstreamRequest(
            url="simulated:/x/chat/completions", headers={}, body=body_of(f"echo{fault}")
        )
        response = await transport.send(request, NONE)
        if limit == 100_000:
            assert b"simulated provider" in await response.read(limit)
            assert response.headers["Content-Type"] == "application/json"
        else:
            with pytest.raises(AttemptFailed) as caught:
                await response.read(limit)
            assert caught.value.failure.kind is Kind.MALFORMED
        await response.close()
