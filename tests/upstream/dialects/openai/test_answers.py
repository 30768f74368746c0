"""Answers of OpenAI-likes: ids that are nobody's twice, thoughts with what was put on them."""

import json
from typing import Any

import pytest

from baton.core.answer import (
    Cited,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
)
from baton.core.dialect import Dialect
from baton.core.messages import Signature, ToolCall
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.openai.answers import read_answer
from baton.upstream.dialects.openai.streams import StreamReader
from baton.upstream.dialects.sse import SseEvent

SPEC = ProviderSpec(name="any", title="Any", base_url="")
CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}


def streamed(*deltas: dict[str, Any]) -> list[StreamEvent]:
    reader = StreamReader(SPEC)
    events: list[StreamEvent] = []
    for delta in (*deltas, {}):
        finish = None if delta else "stop"
        chunk = {"id": "a", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        data = json.dumps(chunk).encode()
        events += reader.read(SseEvent(data, data))
    return events[1:-1]


@pytest.mark.parametrize("ids", [["c", "c"], ["", ""], ["c", "c", "c", ""]])
def test_no_two_calls_of_an_answer_have_the_same_id(ids: list[str]) -> None:
    """Not even if the provider gave them so; the same bytes give the same ids, whole and streamed."""
    calls = [{**CALL, "id": call_id} for call_id in ids]
    body = {"id": "a", "choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    read = [read_answer(json.dumps(body).encode(), SPEC) for _ in range(2)]
    assert read[0] == read[1]
    found = [part.id for part in read[0].choices[0].parts if isinstance(part, ToolCall)]
    assert len(set(found)) == len(ids)
    assert all(found)
    told = streamed({"tool_calls": [{**call, "index": at} for at, call in enumerate(calls)]})
    assert [event.id for event in told if isinstance(event, ToolCallBegan)] == found


def test_a_thoughts_text_is_told_once() -> None:
    """It stands in its own field and in the details as well; what was put on it comes at its end."""
    detail = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    events = streamed(
        {"reasoning": "let ", "reasoning_details": [{**detail, "text": "let "}]},
        {"reasoning": "me", "reasoning_details": [{**detail, "text": "me"}]},
        {"reasoning_details": [{**detail, "signature": "s"}]},
        {"content": "well"},
    )
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == "let me"
    [signed] = [event for event in events if isinstance(event, ReasoningSigned)]
    assert signed.signature is not None
    assert signed.signature.origin is Dialect.OPENAI
    assert json.loads(signed.signature.value) == {**detail, "signature": "s"}
    assert events.index(signed) < events.index(TextDelta("well"))


def test_googles_signatures_are_read_where_its_endpoint_puts_them() -> None:
    """On a call and on a text, in `extra_content`; one that was carried here is its origin's again."""
    extra = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    carried = {"extra_content": {"google": {"thought_signature": "baton.google.c2ln"}}}
    events = streamed({"tool_calls": [{"index": 0, "id": "c", **CALL, **carried}]}, {"content": "x", **extra})
    [began] = [event for event in events if isinstance(event, ToolCallBegan)]
    assert began.signature == Signature(origin=Dialect.GOOGLE, value="c2ln")
    assert TextSigned(Signature(origin=Dialect.OPENAI, value="c2ln")) in events


def test_links_and_images_are_read() -> None:
    """Annotations and OpenRouter's `images` are the core's, streamed too."""
    link = {"url": "https://example.com", "title": "t", "start_index": 0, "end_index": 1}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    events = streamed(
        {"content": "x", "annotations": [{"type": "url_citation", "url_citation": link}]}, {"images": [image]}
    )
    [cited] = [event for event in events if isinstance(event, Cited)]
    assert (cited.citation.url, cited.citation.end) == ("https://example.com", 1)
    [shown] = [event for event in events if isinstance(event, MediaShown)]
    assert (shown.media.media_type, shown.media.data) == ("image/png", "aGk=")
