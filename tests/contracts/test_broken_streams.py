"""Streams that a provider breaks off, which nobody recorded in every dialect: recorded beginnings with an
error behind them as the provider of each dialect writes it, or nothing."""

from pathlib import Path

import pytest

from baton.core.dialect import Dialect
from tests.conftest import serving
from tests.contracts.callers import DIALECTS, short
from tests.contracts.contract import Variant, contract
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.refused import error_event_problems, error_inside
from tests.contracts.replay import Cuts, replaying
from tests.contracts.stage import environment, specs

PROVIDERS = {
    Dialect.OPENAI: "openai",
    Dialect.OPENAI_RESPONSES: "openai",
    Dialect.ANTHROPIC: "anthropic",
    Dialect.GOOGLE: "google",
}
ERRORS = {
    Dialect.OPENAI: (
        'data: {"error":{"message":"Too busy.","type":"server_error","param":null,"code":null}}\n\n'
    ),
    Dialect.OPENAI_RESPONSES: (
        'event: error\ndata: {"type":"error","code":"server_error","message":"Too busy.","param":null,'
        '"sequence_number":9}\n\n'
    ),
    Dialect.ANTHROPIC: (
        'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Too busy."}}\n\n'
    ),
    Dialect.GOOGLE: 'data: {"error":{"code":503,"message":"Too busy.","status":"UNAVAILABLE"}}\n\n',
}
"""By each dialect's own reference."""


def beginning(dialect: Dialect, error: str) -> Exchange:
    """The first half of the recorded stream with the most events, and an error behind it."""
    provider = PROVIDERS[dialect]
    streams = exchanges(lambda one: one.streamed and (one.provider, one.dialect) == (provider, dialect))
    whole = max(streams, key=lambda one: len(read_events(one.body)))
    events = read_events(whole.body)
    half = events[: len(events) // 2]
    said = "".join(f"event: {event.name}\ndata: {event.data}\n\n" for event in half)
    response = {**whole.fields["response"], "sse": said + error}
    return Exchange({**whole.fields, "id": f"{whole.id}, broken off", "response": response})


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_inside_a_stream_reaches_every_caller(dialect: Dialect, tmp_path: Path) -> None:
    """What was said before it is there, the error is in the caller's shape with the provider's words, and
    nothing looks like the end of an answer."""
    exchange = beginning(dialect, ERRORS[dialect])
    provider = exchange.provider
    assert error_inside(exchange) is not None
    async with replaying() as replay:
        settings = environment(provider, dialect, replay.url, exchange.base_path)
        async with serving(settings, tmp_path, {}, specs()) as baton, contract(baton, replay) as between:
            for caller in DIALECTS:
                between.play(exchange, Variant(True, Cuts.EVENTS))
                ask = short(caller, f"{provider}/{exchange.model}", stream=True)
                answered = await between.send(ask)
                assert answered.status == 200
                assert error_event_problems(exchange, caller, answered.body) == [], caller


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stream_that_just_ends_is_an_error_for_every_caller(dialect: Dialect, tmp_path: Path) -> None:
    """Half an answer is never a whole one."""
    exchange = beginning(dialect, "")
    provider = exchange.provider
    async with replaying() as replay:
        settings = environment(provider, dialect, replay.url, exchange.base_path)
        async with serving(settings, tmp_path, {}, specs()) as baton, contract(baton, replay) as between:
            for caller in DIALECTS:
                between.play(exchange, Variant(True, Cuts.EVENTS))
                ask = short(caller, f"{provider}/{exchange.model}", stream=True)
                answered = await between.send(ask)
                *_, last = read_events(answered.body)
                assert '"error"' in last.data, caller
