"""What failed attempts are recorded as: by whose fault they ended, and what they cost all the same."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec import structs

from baton.gateway.resilience import courses
from baton.gateway.resilience.deadline import Limits
from tests.chaos.conftest import KEY, Stage, refused
from tests.chaos.provider import (
    Act,
    Caller,
    answer,
    answering,
    chunked,
    closing,
    completion,
    event,
    head,
    raw_provider,
    whole,
)
from tests.chaos.sayings import SAYINGS
from tests.conftest import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
AGAIN = "x-baton-max-retries: 1"
USAGE = {"prompt_tokens": 77, "completion_tokens": 5, "total_tokens": 82}
HALF = json.dumps(completion()).encode()[:60]
WORDLESS = event({"choices": [{"index": 0, "delta": {"role": "assistant"}}]})


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    """A Baton for each test: others' failures would spend what it may try again."""
    async with raw_provider() as provider:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.url}
        environment |= {"CEREBRAS_API_KEY": KEY, "CEREBRAS_BASE_URL": provider.url}
        async with serving(environment, tmp_path, {"retries": 0}) as baton:
            yield Stage(baton, provider)


async def silent(caller: Caller) -> None:
    await caller.left()


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a tenth of a second for the first byte."""
    monkeypatch.setattr(courses, "WHOLE", structs.replace(courses.WHOLE, first_byte_s=0.1))
    monkeypatch.setattr(Limits, "stream", structs.replace(Limits().stream, first_byte_s=0.1))


EMPTY: dict[str, tuple[dict[str, Any], int, str]] = {
    "and an error": (
        {"choices": [], "error": {"message": "The model is overloaded.", "code": 503}},
        503,
        "provider_error",
    ),
    "alone": ({"choices": []}, 502, "provider_malformed_answer"),
}


@BOTH
@pytest.mark.parametrize("what", EMPTY)
async def test_choices_that_are_empty_are_no_answer(stage: Stage, what: str, stream: bool) -> None:
    """An empty list of choices in a 200 is an error to the caller, and no row says that it was an answer."""
    body, status, kind = EMPTY[what]
    stage.provider.act = answering(whole(json.dumps(body).encode()))
    reply = await stage.ask(stream=stream)
    refused(reply, status)
    row, attempts = await stage.row(reply)
    assert (row.status, [attempt.status for attempt in attempts]) == (kind, [kind])


@BOTH
@pytest.mark.parametrize("what", EMPTY)
async def test_choices_that_are_empty_are_asked_for_again(stage: Stage, what: str, stream: bool) -> None:
    """They are retried like any failure of the provider's, and the caller gets the second answer."""
    body, _, kind = EMPTY[what]

    async def act(caller: Caller) -> None:
        first = len(stage.provider.calls) == 1
        await caller.send(whole(json.dumps(body).encode()) if first else answer())

    stage.provider.act = act
    reply = await stage.ask(AGAIN, stream=stream)
    assert (reply.status, reply.headers["x-baton-attempts"]) == (200, "2")
    assert [attempt.status for attempt in (await stage.row(reply))[1]] == [kind, "ok"]


BILLED: dict[str, tuple[Act, bool]] = {
    "half a JSON": (answering(whole(HALF)), False),
    "half a JSON for a stream": (answering(whole(HALF)), True),
    "no choices": (answering(whole(b'{"choices": []}')), False),
    "a cut": (closing(head("content-length: 500", kind="application/json"), HALF), False),
    "no first byte": (silent, False),
    "no first byte of a stream": (silent, True),
    "a stream cut before a word": (closing(*chunked(WORDLESS, end=False)), True),
    "a stream ended before a word": (closing(*chunked(WORDLESS)), True),
    "a stream ended by its mark before a word": (answering(*chunked(b"data: [DONE]\n\n")), True),
    "a stream malformed before a word": (answering(*chunked(b"data: {oops}\n\n")), True),
}


@pytest.mark.parametrize("what", BILLED)
async def test_a_failure_that_is_billed_costs_its_prompt(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The provider has worked for it: the prompt is estimated, priced, and part of what it all cost."""
    quick(monkeypatch)
    act, stream = BILLED[what]
    calls = stage.provider.calls

    async def fails_first(caller: Caller) -> None:
        await (act if len(calls) == 1 else answering(answer()))(caller)

    stage.provider.act = fails_first
    monkeypatch.setattr("baton.gateway.resilience.retry._BASE_S", 0.01)
    reply = await stage.ask(AGAIN, stream=stream)
    assert reply.status == 200
    row, (failed, answered) = await stage.row(reply)
    assert failed.status.startswith("provider_")
    assert (failed.usage_estimated, failed.completion_tokens) == (True, 0)
    assert failed.prompt_tokens > 0
    assert failed.cost_nanos
    assert answered.cost_nanos
    assert row.cost_nanos == failed.cost_nanos + answered.cost_nanos


REPORTS: dict[str, dict[str, Any]] = {
    "a late error": {"error": {"message": "boom boom boom", "code": 500}, "usage": USAGE},
    "a late error with choices": {
        "error": {"message": "boom boom boom", "code": 500},
        "usage": USAGE,
        "choices": [],
    },
}


@pytest.mark.parametrize("what", REPORTS)
async def test_what_a_failed_stream_reports_is_believed(stage: Stage, what: str) -> None:
    """Usage in an error before the first word is what that attempt used, and is paid for."""
    stage.provider.act = answering(*chunked(WORDLESS, event(REPORTS[what])))
    reply = await stage.ask(stream=True)
    refused(reply, 503)
    row, (failed,) = await stage.row(reply)
    assert (failed.prompt_tokens, failed.completion_tokens, failed.usage_estimated) == (77, 5, False)
    assert failed.cost_nanos
    assert row.cost_nanos == failed.cost_nanos


async def test_what_a_failed_stream_cannot_have_used_is_not_believed(stage: Stage) -> None:
    """A negative count in an error does not lower what has been spent."""
    told = {
        "error": {"message": "boom boom boom", "code": 500},
        "usage": {**USAGE, "prompt_tokens": -(10**9)},
    }
    stage.provider.act = answering(*chunked(event(told)))
    row, (failed,) = await stage.row(await stage.ask(stream=True))
    assert (failed.prompt_tokens, failed.cost_nanos, row.cost_nanos) == (0, 0, 0)


FREE: dict[str, Act] = {
    "a 500": answering(whole(b'{"error": {"message": "boom boom boom"}}', 500)),
    "a 429": answering(whole(b'{"error": {"message": "slow down please"}}', 429)),
    "a connection closed without a word": closing(),
}


@BOTH
@pytest.mark.parametrize("what", FREE)
async def test_a_failure_that_is_not_billed_costs_nothing(stage: Stage, what: str, stream: bool) -> None:
    """An error's status, or no answer at all, is no work done."""
    stage.provider.act = FREE[what]
    row, (failed,) = await stage.row(await stage.ask(stream=stream))
    assert (failed.prompt_tokens, failed.cost_nanos, row.cost_nanos) == (0, 0, 0)


@BOTH
async def test_a_caller_who_does_not_wait_blames_nobody(stage: Stage, stream: bool) -> None:
    """The caller's own deadline is told apart from the provider's silence. Its prompt is paid for, and of a
    whole answer what was likely made by then: else impatience would be a way around a budget."""
    stage.provider.act = silent
    reply = await stage.ask("x-baton-timeout: 0.1", stream=stream)
    refused(reply, 504, "deadline_exceeded")
    row, (failed,) = await stage.row(reply)
    assert (row.status, failed.status) == ("deadline_exceeded", "deadline_exceeded")
    assert failed.cost_nanos
    assert (failed.completion_tokens > 0) is not stream


@BOTH
async def test_a_provider_that_does_not_answer_is_to_blame(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """Where the caller would have waited on, it is the provider's timeout."""
    quick(monkeypatch)
    stage.provider.act = silent
    for headers in ((), ("x-baton-timeout: 9",)):
        reply = await stage.ask(*headers, stream=stream)
        refused(reply, 504, "provider_timeout")
        row, (failed,) = await stage.row(reply)
        assert (row.status, failed.status) == ("provider_timeout", "provider_timeout")


@pytest.mark.parametrize("kind", SAYINGS)
async def test_an_answer_that_nobody_counted_is_counted_by_what_it_says(stage: Stage, kind: str) -> None:
    """A whole answer without usage is recorded within a quarter of its tokens, in any script, and marked."""
    pieces = SAYINGS[kind]
    said = completion("".join(pieces)) | {"usage": None}
    stage.provider.act = answering(whole(json.dumps(said).encode()))
    assert (await stage.ask()).status == 200
    row, _ = await stage.newest()
    assert (row.status, row.usage_estimated) == ("ok", True)
    assert row.completion_tokens == pytest.approx(len(pieces), rel=0.25)
