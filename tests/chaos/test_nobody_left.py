"""Where all have failed, or nobody can go on: one error that says all, and no answer that looks finished."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.heard import heard_in
from tests.chaos.matrix import DIALECTS, TEXT, House, open_house
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.wire import Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}}
_SCHEMA |= {"required": ["city", "day"]}
_FUNCTION = {"name": "weather", "description": "The weather.", "parameters": _SCHEMA}
TOOLS: dict[Dialect, dict[str, Any]] = {
    Dialect.OPENAI: {"tools": [{"type": "function", "function": _FUNCTION}]},
    Dialect.OPENAI_RESPONSES: {"tools": [{"type": "function", **_FUNCTION}]},
    Dialect.ANTHROPIC: {"tools": [{"name": "weather", "input_schema": _SCHEMA}]},
    Dialect.GOOGLE: {"tools": [{"functionDeclarations": [_FUNCTION]}]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """One for a whole module."""
    async with open_house(tmp_path_factory.mktemp("nobody")) as house:
        yield house


@pytest.fixture(params=DIALECTS)
def speech(request: pytest.FixtureRequest) -> Speech:
    """Each dialect."""
    return SPEECHES[request.param.value]


@pytest.fixture(params=[0, 2], ids=["from its own dialect", "from another"])
def home(request: pytest.FixtureRequest, speech: Speech) -> Dialect:
    """The provider's."""
    return DIALECTS[(DIALECTS.index(speech.dialect) + request.param) % len(DIALECTS)]


@BOTH
async def test_where_all_have_failed_each_attempt_is_told(
    house: House, speech: Speech, home: Dialect, stream: bool
) -> None:
    """One error, with who was asked, why that was in vain, and how long it took, in the order of asking."""
    routes = [house.route(home, f"fault={fault}") for fault in ("503", "html", "529")]
    header = f"x-baton-fallback: {','.join(routes[1:])}"
    reply = await house.ask(speech, routes[0], header, "x-baton-max-retries: 1", stream=stream)
    assert reply.status in (502, 503)
    told = reply.json.get("attempts") or reply.json["error"]["attempts"]
    assert [attempt["model"] for attempt in told] == [route for route in routes for _ in range(2)]
    assert {attempt["reason"] for attempt in told} == {"provider_error", "provider_malformed_answer"}
    assert all(isinstance(attempt["ms"], int) for attempt in told)
    row, attempts = await house.attempts(reply)
    assert (row.status, len(attempts)) == ("provider_error", 6)


def broken(speech: Speech, reply: Reply, text: str) -> None:
    """Fails where a stream that was not finished looks as if it were, or has lost what was said."""
    heard = heard_in(speech.dialect, reply)
    assert (heard.text, heard.finishes, heard.ends) == (text, [], 0)
    assert len(heard.errors) == 1
    speech.broken(reply)


async def test_where_nobody_can_go_on_it_ends_with_the_error(
    house: House, speech: Speech, home: Dialect
) -> None:
    """All who could rescue it fail as well: the words so far, one error event, and no end."""
    failing = house.route(home, "fault=cut;after=3")
    others = [house.route(home, "fault=503"), house.route(home, "fault=html")]
    header = f"x-baton-fallback: {','.join(others)}"
    reply = await house.ask(speech, failing, header, "x-baton-max-retries: 1", stream=True)
    broken(speech, reply, " ".join(TEXT.split()[:3]))
    assert all(house.calls(other) for other in others)
    row, attempts = await house.attempts(reply)
    assert row.cost_nanos == sum(attempt.cost_nanos or 0 for attempt in attempts)
    assert len(attempts) == len(house.calls(failing, *others))


async def test_a_half_sent_tool_call_is_not_gone_on_with(house: House, speech: Speech, home: Dialect) -> None:
    """Another model would call with other arguments: where some of it was sent the answer ends with the error
    event, else the other model's call is the whole one."""
    failing = house.route(home, "fault=cut;after=1", mode="tools", says=None)
    spare = house.route(home, mode="tools", says=None)
    reply = await house.ask(
        speech, failing, f"x-baton-fallback: {spare}", stream=True, **TOOLS[speech.dialect]
    )
    assert reply.status == 200, reply.body[:300]
    heard = heard_in(speech.dialect, reply)
    if b"weather" in reply.body and heard.errors:
        assert not heard.finished
        assert house.calls(spare) == []
    else:
        assert not heard.errors
        assert (len(heard.finishes), heard.ends) == (1, 1)
        assert len(house.calls(spare)) == 1
    assert speech.dialect is Dialect.GOOGLE or home is Dialect.GOOGLE or heard.errors
