"""Answers that are JSON to a quick reader and none to a thorough one: wherever it shows, it ends clean."""

import json
from dataclasses import replace
from typing import Any

import pytest

from baton.core.dialect import Dialect
from tests.chaos.conftest import Stage
from tests.chaos.homes import EVENTS, HOMES, frame, house, objects, with_field
from tests.chaos.provider import answering, closing, head, whole
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.wire import Reply, line_to, post
from tests.contracts.canned import good

__all__ = ("house",)

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MARK = "a mark to put it in place of"
_HALF = "half a surrogate pair"
POISONS = {
    "a number of ten thousand digits": b"9" * 10_000,
    "a number without end": b"1e400",
    "a text that is no UTF-8": b'"\xff"',
    _HALF: b'"\\ud800"',
    "a list without a ground": b"[" * 100_000 + b"]" * 100_000,
    "a name that is no UTF-8": b'1, "\xff": 1',
}


@pytest.fixture(params=HOMES, ids=[dialect.value for dialect in HOMES])
def home(request: pytest.FixtureRequest) -> Dialect:
    """The dialect in which the provider is asked."""
    return request.param


def poisoned(value: dict[str, Any], poison: bytes) -> list[bytes]:
    """The value with the poison in a new field, at each of its objects in turn."""
    marked = (with_field(value, path, _MARK) for path in objects(value))
    return [json.dumps(each).encode().replace(json.dumps(_MARK).encode(), poison) for each in marked]


async def ask(stage: Stage, speech: Speech, model: str, *, stream: bool, **fields: Any) -> Reply:
    if stream and not speech.streams_by_path:
        fields["stream"] = True
    body = speech.body(model, **fields)
    async with line_to(stage.baton.url) as line:
        path = speech.where(model, stream=stream)
        await line.send(post(stage.baton.key, body, "x-baton-tags: a=b", path=path))
        reply = await line.reply()
    # Where nobody had to look, bytes that are no text go on as they came; this is how a client reads them.
    return replace(reply, body=reply.body.decode("utf-8", "replace").encode())


async def ends_clean(stage: Stage, speech: Speech, reply: Reply, *, stream: bool) -> None:
    """Either an answer and a row that says so, or an error in the caller's dialect and a row that says so."""
    row, _ = await stage.row(reply)
    if row.status == "ok":
        assert speech.finished(reply) if stream else reply.status == 200
        return
    assert row.status == "provider_malformed_answer", (row.status, reply.body[-300:])
    if reply.status == 200:
        speech.broken(reply)
    else:
        speech.refused(reply, 502)


@pytest.mark.parametrize("what", POISONS)
@pytest.mark.parametrize("caller", SPEECHES)
async def test_a_poisoned_stream_ends_clean(stage: Stage, home: Dialect, caller: str, what: str) -> None:
    """At every object of every event, in the provider's dialect and translated."""
    speech, frames = SPEECHES[caller], [frame(event) for event in EVENTS[home]]
    for at, event in enumerate(EVENTS[home]):
        for bad in poisoned(event, POISONS[what]):
            stage.provider.act = closing(head(), *frames[:at], frame(event, bad), *frames[at + 1 :])
            reply = await ask(stage, speech, HOMES[home], stream=True)
            await ends_clean(stage, speech, reply, stream=True)


@pytest.mark.parametrize("what", POISONS)
@pytest.mark.parametrize("caller", SPEECHES)
async def test_a_poisoned_answer_ends_clean(stage: Stage, home: Dialect, caller: str, what: str) -> None:
    """At every object of it, asked for whole or as a stream."""
    for bad in poisoned(json.loads(good(home)), POISONS[what]):
        stage.provider.act = answering(whole(bad))
        for stream in (False, True):
            reply = await ask(stage, SPEECHES[caller], HOMES[home], stream=stream)
            await ends_clean(stage, SPEECHES[caller], reply, stream=stream)


@pytest.mark.parametrize("caller", SPEECHES)
async def test_half_a_character_costs_nobody_the_answer(stage: Stage, home: Dialect, caller: str) -> None:
    """Providers may cut texts between UTF-16 units: it is an answer, streamed or whole, in any dialect."""
    speech, frames, half = SPEECHES[caller], [frame(event) for event in EVENTS[home]], POISONS[_HALF]
    for at, event in enumerate(EVENTS[home]):
        for bad in poisoned(event, half):
            stage.provider.act = closing(head(), *frames[:at], frame(event, bad), *frames[at + 1 :])
            reply = await ask(stage, speech, HOMES[home], stream=True)
            assert speech.finished(reply)
            assert (await stage.row(reply))[0].status == "ok"
    for bad in poisoned(json.loads(good(home)), half):
        stage.provider.act = answering(whole(bad))
        reply = await ask(stage, speech, HOMES[home], stream=False)
        assert reply.status == 200
        assert (await stage.row(reply))[0].status == "ok"


async def test_arguments_that_are_no_text_do_not_break_a_judged_stream(stage: Stage) -> None:
    """Whoever listens to an answer that shall be JSON hears nothing of them; the bytes go on."""
    google, home = SPEECHES["google"], Dialect.GOOGLE
    call = {"functionCall": {"name": "f", "args": {"a": _MARK}}}
    begun, ended = EVENTS[home]
    begun = {"candidates": [{"content": {"role": "model", "parts": [call]}, "index": 0}]}
    bad = json.dumps(begun).encode().replace(json.dumps(_MARK).encode(), POISONS["a text that is no UTF-8"])
    stage.provider.act = closing(head(), frame(begun, bad), frame(ended))
    config = {"responseMimeType": "application/json"}
    reply = await ask(stage, google, HOMES[home], stream=True, generationConfig=config)
    assert google.finished(reply)
    assert (await stage.row(reply))[0].status == "ok"
