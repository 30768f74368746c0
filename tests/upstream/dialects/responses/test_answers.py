"""Answers that nobody foresaw: a paid one is never lost for a strange word; what is none is a failure."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from baton.core.answer import ChatResponse, Choice, Cited, Finish, StreamEvent
from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.losses import Losses
from baton.core.messages import Citation, Foreign, Media, MediaKind, Part, Reasoning, Refusal, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.core.usage import Usage
from baton.upstream.dialects.codec import NotAnAnswer
from baton.upstream.dialects.responses.codec import CODEC
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.dialects.sse import SseReader
from tests.contracts.description import problems
from tests.contracts.events import read_events
from tests.upstream.dialects.responses.recorded import Gathered

SPEC = ProviderSpec(name="made-up", title="Made up", base_url="http://provider.test/v1")
TEXT = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}


def answer(*items: Any, **fields: Any) -> bytes:
    plain = {"id": "resp_1", "model": "m", "created_at": 1, "status": "completed", "output": items}
    usage = {"input_tokens": 3, "output_tokens": 2}
    return json.dumps({**plain, "usage": usage, **fields}).encode()


@pytest.mark.parametrize(
    "strange",
    [
        {"type": "message", "content": 7},
        {"type": "message", "content": [{"type": "output_text", "text": 7}]},
        {"type": "message", "content": [{"type": "output_hologram", "x": 1}]},
        {"type": "reasoning", "summary": "none"},
        {"type": "function_call", "name": ["f"]},
        {"type": "telepathy_call", "thought": {}},
        {"type": 7},
        {},
    ],
)
def test_a_strange_item_costs_itself_only(strange: dict[str, Any]) -> None:
    """What stands beside it arrives, and so does the bill."""
    body = answer(strange, TEXT)
    seen = CODEC.glance(body, SPEC)
    assert (seen.usage, seen.finish) == (Usage(prompt=3, completion=2), "completed")
    read = CODEC.read_answer(body, SPEC)
    *others, last = read.choices[0].parts
    assert last == Text(text="Hi")
    assert all(isinstance(part, Foreign) for part in others)


@pytest.mark.parametrize(
    "fields",
    [
        {"usage": {"input_tokens": 3, "output_tokens": 2, "input_tokens_details": "none"}},
        {"created_at": "yesterday"},
        {"incomplete_details": "none"},
        {"status": 7},
        {"model": None, "id": 5},
        {"metadata": [1], "x": {"y": 1}},
    ],
)
def test_a_strange_field_costs_itself_only(fields: dict[str, Any]) -> None:
    """The answer's text arrives."""
    body = answer(TEXT, **fields)
    assert CODEC.glance(body, SPEC).usage == Usage(prompt=3, completion=2)
    assert CODEC.read_answer(body, SPEC).choices[0].parts == (Text(text="Hi"),)


def test_arguments_that_came_as_an_object_are_text() -> None:
    """As the model wrote them."""
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": {"a": 1}}
    read = CODEC.read_answer(answer(call), SPEC)
    assert read.choices[0].parts == (ToolCall(id="c", name="f", arguments='{"a":1}'),)
    assert read.choices[0].finish is Finish.TOOL_CALLS


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", Kind.MALFORMED),
        (b"<html>", Kind.MALFORMED),
        (b'{"id":', Kind.MALFORMED),
        (b"[]", Kind.MALFORMED),
        (b"{}", Kind.MALFORMED),
        (answer(output=None), Kind.MALFORMED),
        (answer(output="none"), Kind.MALFORMED),
        (answer(status="failed"), Kind.SERVER),
        (answer(status="failed", error={"code": "rate_limit_exceeded", "message": "x"}), Kind.RATE_LIMIT),
        (answer(error={"code": "invalid_prompt", "message": "x"}), Kind.BAD_REQUEST),
        (b'{"error":{"message":"x","code":"server_error"}}', Kind.SERVER),
    ],
)
def test_what_is_no_answer_is_a_failure(body: bytes, kind: Kind) -> None:
    """A 200 does not make an answer."""
    for look in (CODEC.glance, CODEC.read_answer):
        with pytest.raises(NotAnAnswer) as refused:
            look(body, SPEC)
        assert refused.value.failure.kind is kind


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", Finish.LENGTH), ("content_filter", Finish.CONTENT_FILTER), ("moon", Finish.OTHER)],
)
def test_an_incomplete_answer_says_why(reason: str, finish: Finish) -> None:
    """In the provider's word, and in the core's."""
    body = answer(TEXT, status="incomplete", incomplete_details={"reason": reason})
    assert CODEC.glance(body, SPEC).finish == reason
    choice = CODEC.read_answer(body, SPEC).choices[0]
    assert (choice.finish, choice.native_finish) == (finish, reason)


LINK = Citation(url="https://example.com", title="Example", start=0, end=2)
EVERYTHING: tuple[Part, ...] = (
    Text(text="Hi", citations=(LINK,)),
    Refusal(text="No."),
    ToolCall(id="call_1", name="f", arguments='{"a":1}'),
    ToolCall(id="call_2", name="g", arguments="free", kind="custom"),
    Media(kind=MediaKind.IMAGE, data="aGk=", media_type="image/jpeg"),
    Text(text="Bye"),
)


@pytest.mark.parametrize("finish", list(Finish))
def test_whatever_is_written_is_as_openai_describes_it(finish: Finish) -> None:
    """Whole and streamed: texts, citations, refusals, calls, images; every end there is."""
    choice = Choice(index=0, parts=EVERYTHING, finish=finish)
    usage = Usage(prompt=3, completion=2, cached=1)
    written = ChatResponse(id="chatcmpl-1", model="m", created=1, choices=(choice,), usage=usage)
    whole = json.loads(CODEC.write_answer(written, Losses()))
    assert problems("Response", whole) == []
    cut = finish in (Finish.LENGTH, Finish.CONTENT_FILTER)
    assert whole["status"] == ("incomplete" if cut else "completed")
    assert [item["type"] for item in whole["output"]] == [
        "message",
        "function_call",
        "custom_tool_call",
        "image_generation_call",
        "message",
    ]
    writer = CODEC.writer(Losses())
    pieces = [writer.write(event) for event in stream_of(written)[:-2]]
    stream = b"".join(pieces) + writer.finale(usage, {"cost": "1"})
    for event in read_events(stream):
        assert problems("ResponseStreamEvent", json.loads(event.data)) == []
    gathered = Gathered(stream)
    assert gathered.whole == whole
    assert gathered.last["baton"] == {"cost": "1"}
    states = [item["status"] for item in whole["output"]]
    assert states == ["completed"] * 4 + [whole["status"]], "what was cut short is the last"
    assert len({item["id"] for item in whole["output"]}) == len(whole["output"])
    assert all(len(item["id"]) <= 64 for item in whole["output"])


def test_only_the_first_of_several_choices_is_told() -> None:
    """The others are reported."""
    choices = tuple(Choice(index=at, parts=(Text(text=str(at)),), finish=Finish.STOP) for at in range(2))
    written = ChatResponse(id="x", model="m", created=1, choices=choices, dialect=Dialect.OPENAI)
    losses = Losses()
    whole = json.loads(CODEC.write_answer(written, losses))
    assert [part["text"] for item in whole["output"] for part in item["content"]] == ["0"]
    assert list(losses.dropped) == ["n"]


def test_a_citation_counts_from_the_text_that_it_stands_on() -> None:
    """In an annotation from that text's own beginning, among the core's events from the answer's first."""
    source = Citation(url="https://example.com/a", title="A", start=0, end=4)
    texts = (Text(text="Before"), Reasoning(text="hm"), Text(text="Rome", citations=(source,)))
    choices = (Choice(index=0, parts=texts, finish=Finish.STOP),)
    told = stream_of(ChatResponse(id="1", model="m", created=1, choices=choices))
    assert places(told) == [(6, 10)]
    writer = CODEC.writer(Losses())
    stream = b"".join(map(writer.write, told)) + writer.finale(Usage(), None)
    events = [json.loads(event.data) for event in read_events(stream)]
    [added] = [event for event in events if event["type"] == "response.output_text.annotation.added"]
    assert (added["annotation"]["start_index"], added["annotation"]["end_index"]) == (0, 4)
    reader = CODEC.reader(SPEC)
    assert places(event for data in SseReader().feed(stream) for event in reader.read(data)) == [(6, 10)]


def places(events: Iterable[StreamEvent]) -> list[tuple[int | None, int | None]]:
    return [(event.citation.start, event.citation.end) for event in events if isinstance(event, Cited)]
