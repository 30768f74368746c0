"""A stream that breaks off and goes on with another provider: its caller does not see the seam."""

import json
from collections.abc import Sequence
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from baton.core.dialect import Dialect
from baton.upstream.dialects.joining import Resumption
from tests.contracts import accepted
from tests.contracts.events import read_events
from tests.contracts.facts.reading import streamed_answer_of
from tests.upstream.telling import DIALECTS, Stage, Told, asking, stream_of

TEXTS = ("The ", "quick\r\nbrown ", "fo\u0308x ", "🦊 jumps", " over", "\n\nthe lazy dog.")
FIRST = Told(TEXTS)
THOUGHTFUL = Told(TEXTS, ("Let ", "me think."))
PIECES = ("Th", "e quick\r\nbr", "own fo", "\u0308x 🦊", " jumps over\n\nthe lazy dog.")
SECOND = Told(PIECES, model="second")
PING = "no SDK knows an event 'ping'"
HOWS = (Resumption.SPLICE, Resumption.CONTINUE)


def rest_of(sent: str, how: Resumption, dialect: Dialect) -> list[bytes]:
    """What the second provider says when asked this way: all of it, or what comes behind."""
    if how is Resumption.SPLICE or not sent:
        return stream_of(dialect, SECOND)
    rest = FIRST.text[len(sent) :]
    return stream_of(dialect, Told((rest[:3], rest[3:]), model="second"))


@pytest.mark.parametrize("told", [FIRST, THOUGHTFUL], ids=["text", "thoughts"])
@pytest.mark.parametrize("first", DIALECTS)
@pytest.mark.parametrize("caller", DIALECTS)
async def test_a_stream_cut_at_any_event_goes_on_unseen(caller: Dialect, first: Dialect, told: Told) -> None:
    """Whatever dialects caller, first and second provider speak, and however the second is asked: the text is
    whole, ends once, and keeps its id."""
    asks = asking(caller)
    events = stream_of(first, told)
    resumed = 0
    for cut in range(1, len(events)):
        for second in DIALECTS:
            for how in HOWS:
                stage = Stage()
                broken, begun = await stage.begin(asks, first, events[:cut])
                if broken.seen.complete or not broken.seen.said:
                    continue
                assert broken.seen.failure is not None
                sent = broken.sent
                assert sent.resumable
                assert FIRST.text.startswith(sent.text)
                stream, rest = await stage.resume(asks, broken, second, rest_of(sent.text, how, second), how)
                assert not stream.diverged
                assert stream.sent.text == FIRST.text
                check_whole(caller, begun + rest)
                if second is DIALECTS[cut % len(DIALECTS)]:  # these judges are slow
                    assert set(accepted.stream_problems(caller, begun + rest)) <= {PING}
                    check_sdk(caller, begun + rest)
                resumed += 1
    assert resumed >= 30


def check_whole(caller: Dialect, body: bytes) -> None:
    """The text is whole; ids, indices and numbers go on; there is one end."""
    answer = streamed_answer_of(caller, body)
    assert (answer.said[0].text, answer.said[0].end) == (FIRST.text, "stop")
    events = read_events(body)
    told = [json.loads(event.data) for event in events if event.data != "[DONE]"]
    match caller:
        case Dialect.OPENAI:
            assert [event.data for event in events].count("[DONE]") == 1
            assert len({chunk["id"] for chunk in told}) == 1
            assert len({chunk["created"] for chunk in told}) == 1
            assert told[-1]["model"] == "second"
            assert (
                sum(bool(chunk["choices"]) and bool(chunk["choices"][0]["finish_reason"]) for chunk in told)
                == 1
            )
        case Dialect.GOOGLE:
            assert len({chunk["responseId"] for chunk in told}) == 1
            assert told[-1]["modelVersion"] == "second"
        case Dialect.OPENAI_RESPONSES:
            numbers = [event["sequence_number"] for event in told]
            assert numbers == list(range(len(numbers)))
            assert told[-1]["type"] == "response.completed"
            assert told[-1]["response"]["model"] == "second"
            assert told[-1]["response"]["id"] == told[0]["response"]["id"]
            check_items(told)
        case _:
            kinds = [event["type"] for event in told]
            assert kinds.count("message_start") == kinds.count("message_stop") == 1
            assert kinds.count("message_delta") == 1
            check_blocks(told)


def check_items(told: Sequence[dict[str, Any]]) -> None:
    """Every item that began ends, and stands in the last event as it ended."""
    began = [event["item"]["id"] for event in told if event["type"] == "response.output_item.added"]
    ended = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    assert began == [item["id"] for item in ended]
    assert told[-1]["response"]["output"] == ended
    assert len(set(began)) == len(began)
    for event in told:
        if event["type"] == "response.output_text.done":
            assert event["text"] == FIRST.text


def check_blocks(told: Sequence[dict[str, Any]]) -> None:
    """Blocks begin and end one behind the other, their deltas between."""
    blocks = [event for event in told if event["type"].startswith("content_block")]
    at, is_open = -1, False
    for event in blocks:
        if event["type"] == "content_block_start":
            assert not is_open
            at, is_open = at + 1, True
        assert event["index"] == at
        assert is_open
        is_open = event["type"] != "content_block_stop"
    assert not is_open
    texts = [event for event in blocks if event.get("content_block", {}).get("type") == "text"]
    assert len(texts) == 1


def check_sdk(caller: Dialect, body: bytes) -> None:
    """The official SDK's own accumulator puts the answer together."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": "text/event-stream"})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    match caller:
        case Dialect.OPENAI:
            client = openai.OpenAI(api_key="k", http_client=http)
            with client.chat.completions.stream(model="m", messages=[]) as chat:
                assert chat.get_final_completion().choices[0].message.content == FIRST.text
        case Dialect.OPENAI_RESPONSES:
            client = openai.OpenAI(api_key="k", http_client=http)
            with client.responses.stream(model="m", input="Tell.") as stream:
                assert stream.get_final_response().output_text == FIRST.text
        case Dialect.ANTHROPIC:
            claude = anthropic.Anthropic(api_key="k", http_client=http)
            with claude.messages.stream(model="m", max_tokens=9, messages=[]) as message:
                assert message.get_final_text() == FIRST.text
        case _:
            pass
