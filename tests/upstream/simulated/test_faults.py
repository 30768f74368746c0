"""Every fault, as a client sees it: in process and over a real socket, whole and streamed."""

import json
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from baton.upstream.providers.simulated.calls import Outcome
from baton.upstream.providers.simulated.simulation import Simulation
from tests.upstream.simulated.conftest import Ask, Time, body_of, posted

pytestmark = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
SIX = "one two three four five six"
SHORT_S = 0.1
LONG_ENOUGH_S = 1.0  # for the part before the silence to arrive on a busy machine


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("400", 400, None),
        ("401", 401, "invalid_api_key"),
        ("402", 402, "insufficient_quota"),
        ("404", 404, "model_not_found"),
        ("429", 429, "rate_limit_exceeded"),
        ("500", 500, None),
        ("502", 502, None),
        ("503", 503, None),
        ("504", 504, None),
        ("529", 529, None),
        ("quota", 429, "insufficient_quota"),
        ("context", 400, "context_length_exceeded"),
        ("filter", 400, "content_filter"),
    ],
)
async def test_error_answers(ask: Ask, stream: bool, fault: str, status: int, code: str | None) -> None:
    """An error is a JSON error of that status and code, on a stream too."""
    answer = await ask(f"echo;fault={fault}", stream=stream)
    assert (answer.status, answer.error["code"], answer.broke) == (status, code, None)
    assert answer.headers["content-type"] == "application/json"


async def test_retry_after_in_each_form(ask: Ask, time: Time, stream: bool) -> None:
    """A refusal says when to come back in the form that is asked for, and only in that one."""

    async def refused(form: str, wait: str) -> tuple[dict[str, str], str]:
        answer = await ask(f"echo;fault=429;retry_form={form};retry_after={wait}", stream=stream)
        said = {name: value for name, value in answer.headers.items() if "ret" in name or "ratelimit" in name}
        return said, answer.error["message"]

    assert (await refused("seconds", "2"))[0] == {"retry-after": "2"}
    assert (await refused("ms", "1.5"))[0] == {"retry-after-ms": "1500"}
    said, _ = await refused("go", "73.588")
    assert said["x-ratelimit-reset-requests"] == "1m13.588s"
    assert said["x-ratelimit-remaining-requests"] == "0"
    said, _ = await refused("date", "90")
    assert parsedate_to_datetime(said["retry-after"]).timestamp() == int(time.wall()) + 90
    said, _ = await refused("unix-ms", "90")
    assert int(said["x-ratelimit-reset"]) == (int(time.wall()) + 90) * 1000
    said, message = await refused("body", "7")
    assert said == {}
    assert "try again in 7s" in message
    assert (await refused("none", "7"))[0] == {}


async def test_the_first_calls_fail_then_it_works(ask: Ask, simulation: Simulation, stream: bool) -> None:
    """`times=2` fails two calls of that name, and no more; other names keep their own count."""
    statuses = [(await ask("echo;fault=503;times=2", stream=stream)).status for _ in range(4)]
    assert statuses == [503, 503, 200, 200]
    assert (await ask("lorem;fault=503;times=2", stream=stream)).status == 503
    assert simulation.calls.tallies["echo;fault=503;times=2"].faults == 2


async def test_a_fault_begins_at_a_call(ask: Ask, stream: bool) -> None:
    """`skip=2;times=1` spares two calls of that name, fails one, and no more."""
    model = "echo;fault=503;skip=2;times=1"
    statuses = [(await ask(model, stream=stream)).status for _ in range(5)]
    assert statuses == [200, 200, 503, 200, 200]


@pytest.mark.parametrize(
    ("when", "failing"),
    [
        ("lasts=60", range(60)),
        ("begins=20", range(20, 400)),
        ("begins=20;lasts=60", range(20, 80)),
        ("lasts=60;every=120", [*range(60), *range(120, 180), *range(240, 300), *range(360, 400)]),
    ],
)
async def test_a_fault_has_its_time(
    ask: Ask, time: Time, stream: bool, when: str, failing: Sequence[int]
) -> None:
    """It begins, ends and comes again by the clock, counted from the first call of that name."""
    first = time.now
    seen: list[int] = []
    for at in range(0, 400, 10):
        time.now = first + at
        if (await ask(f"echo;fault=503;{when}", stream=stream)).status == 503:
            seen.append(at)
    assert seen == [at for at in failing if at % 10 == 0]


async def test_a_share_of_the_calls_fails(ask_in_process: Ask, stream: bool) -> None:
    """`rate=0.3` fails about that share, the same calls for the same seed, others for another."""

    async def failures(seed: int) -> list[bool]:
        model = f"echo;fault=500;rate=0.3;seed={seed};latency={int(stream)}"
        return [(await ask_in_process(model, stream=stream)).status == 500 for _ in range(200)]

    first, other = await failures(1), await failures(2)
    assert 40 <= sum(first) <= 80
    assert first != other


async def test_silence(ask: Ask, simulation: Simulation, stream: bool) -> None:
    """Accepted, never answered: the client's own limit ends it, and it counts as a client that left."""
    for fault in ("silence", "half-headers"):
        answer = await ask(f"echo;fault={fault}", stream=stream, patience_s=SHORT_S)
        assert (answer.status, answer.broke) == (None, "TIMEOUT")
    assert [call.status for call in simulation.calls.last] == [None, None]


async def test_reset(ask: Ask, simulation: Simulation, stream: bool) -> None:
    """Torn down before the headers: a failure to connect, at the provider's door."""
    answer = await ask("echo;fault=reset", stream=stream)
    assert (answer.status, answer.broke) == (None, "CONNECT")
    assert simulation.calls.last[0].outcome is Outcome.BROKEN


async def test_a_slow_first_token(ask: Ask, time: Time, stream: bool) -> None:
    """Headers at once, the first token late, then all of it."""
    answer = await ask("echo;fault=slow;wait=4;notice=off", SIX, stream=stream)
    assert (answer.text, answer.broke, time.slept) == (SIX, None, [4.0])


async def test_an_answer_that_is_cut(ask: Ask, simulation: Simulation, stream: bool) -> None:
    """The connection dies after three tokens, or half of a whole answer; what was generated is billed."""
    answer = await ask("echo;fault=cut;after=3;notice=off", SIX, stream=stream)
    call = simulation.calls.last[0]
    assert (answer.status, answer.broke, call.outcome) == (200, "CONNECT", Outcome.BROKEN)
    if stream:
        assert answer.text == "one two three"
        assert call.billed.completion == 3
    assert b"[DONE]" not in answer.body
    assert call.reported is None


async def test_an_answer_that_stalls(ask: Ask, stream: bool) -> None:
    """It falls silent in the middle and the connection stays: the limit between chunks ends it."""
    answer = await ask("echo;fault=stall;after=2;notice=off", SIX, stream=stream, patience_s=LONG_ENOUGH_S)
    assert (answer.status, answer.broke) == (200, "TIMEOUT")
    if stream:
        assert answer.text == "one two"


async def test_only_pings(
    url: str, http: aiohttp.ClientSession, simulation: Simulation, time: Time, stream: bool
) -> None:
    """Comments go on coming, one a second, and never a token."""
    async with posted(http, url, body_of("echo;fault=pings;after=0", stream=stream)) as response:
        seen = await response.content.readexactly(32)
    assert seen == (b": ping\n\n" * 4 if stream else b" " * 32)
    assert set(time.slept) == {1.0}


async def test_a_malformed_chunk(ask: Ask, stream: bool) -> None:
    """One event is half a JSON in the place of a token, and the stream goes on; a whole answer is half."""
    answer = await ask("echo;fault=malformed;after=2;notice=off", SIX, stream=stream)
    assert (answer.status, answer.broke) == (200, None)
    if not stream:
        with pytest.raises(json.JSONDecodeError):
            answer.json  # noqa: B018
        return
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.events[2])
    assert answer.events[-1] == "[DONE]"
    assert len(answer.events) == len(SIX.split()) + 2


async def test_an_error_inside_a_200(ask: Ask, stream: bool) -> None:
    """An error where an answer should be; on a stream after some tokens, and nothing after it."""
    answer = await ask("echo;fault=error;after=2;notice=off", SIX, stream=stream)
    assert (answer.status, answer.broke) == (200, None)
    error = json.loads(answer.events[-1]) if stream else answer.json
    assert error["error"]["type"] == "server_error"
    assert len(answer.events) == (3 if stream else 0)


async def test_a_missing_end(ask: Ask, stream: bool) -> None:
    """`no-done` finishes but for the end mark; `unfinished` just ends."""
    answer = await ask("echo;fault=no-done;notice=off", SIX, stream=stream)
    assert answer.text == SIX
    assert b"[DONE]" not in answer.body
    assert b'"finish_reason":"stop"' in answer.body
    answer = await ask("echo;fault=unfinished;after=2;notice=off", SIX, stream=stream)
    assert answer.broke is None
    assert b'"finish_reason":"stop"' not in answer.body


async def test_a_filtered_answer(ask: Ask, stream: bool) -> None:
    """An answer taken away in the middle finishes as `content_filter`."""
    answer = await ask("echo;fault=filtered;after=2;notice=off", SIX, stream=stream)
    assert answer.text == "one two"
    assert b'"finish_reason":"content_filter"' in answer.body


async def test_what_is_no_answer(ask: Ask, stream: bool) -> None:
    """A web page and an empty body come with 200, as they do in the wild."""
    page = await ask("echo;fault=html", stream=stream)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.body.startswith(b"<!DOCTYPE html>")
    empty = await ask("echo;fault=empty", stream=stream)
    assert (empty.status, empty.body, empty.broke) == (200, b"", None)


@pytest.mark.parametrize("fault", ["endless", "bomb", "huge", "flood"])
async def test_too_much(ask: Ask, simulation: Simulation, stream: bool, fault: str) -> None:
    """It never ends, or is gigabytes long: whoever has a limit reaches it, and the sending stops there."""
    answer = await ask(f"echo;fault={fault}", stream=stream)
    assert (answer.status, answer.broke) == (200, "MALFORMED")
    if fault == "bomb":
        assert answer.headers["content-encoding"] == "gzip"
    if fault == "huge":
        assert answer.headers["content-length"] == str(2 << 30)
