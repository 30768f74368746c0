"""Answers: what is unknown costs nothing, what is another dialect's comes home, blocks are well nested."""

import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.answer import (
    Began,
    ChatResponse,
    Choice,
    Cited,
    Finish,
    Finished,
    ForeignDelta,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
)
from baton.core.dialect import Dialect
from baton.core.errors import AllAttemptsFailed, Invalid, NotFound, Unavailable
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.messages import Citation, Message, Part, Reasoning, Role, Signature, Text, ToolCall
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.codec import NotAnAnswer
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.retelling import stream_of
from tests.upstream.dialects.anthropic.recorded import HELLO, SPEC, envelope_of, gathered, write

USAGE = Usage(prompt=30, completion=9, cached=10, cache_write=5, reasoning=4)
BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": True}


def event(**fields: Any) -> bytes:
    return f"event: {fields['type']}\ndata: {json.dumps(fields)}\n\n".encode()


START = event(
    type="message_start",
    message={"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}},
)
BEGIN = event(type="content_block_start", index=0, content_block={"type": "text", "text": ""})
WORD = event(type="content_block_delta", index=0, delta={"type": "text_delta", "text": "hi"})
CLOSE = event(type="content_block_stop", index=0)
DELTA = event(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 5})
STOP = event(type="message_stop")


def streamed(*events: StreamEvent) -> tuple[dict[str, Any], Losses]:
    """What a client makes of a stream; nesting is checked on the way."""
    losses = Losses()
    writer = CODEC.writer(losses)
    body = b"".join(map(writer.write, (Began("id-1", "m", 7), *events))) + writer.finale(USAGE, None)
    assert losses.features <= set(CODEC.cannot) | set(CODEC.adjusts)
    return gathered(body), losses


def relay() -> Handing:
    return Handing(CODEC.relay(envelope_of(BODY), SPEC))


def translation() -> Handing:
    return Handing(Translation(CODEC.reader(SPEC), CODEC.writer(Losses())))


def test_calls_told_in_turns_are_each_whole() -> None:
    """Some providers tell several calls at once: a block ends when its arguments are complete."""
    told, _ = streamed(
        TextDelta("Both:"),
        ToolCallBegan(0, "a", "look"),
        ToolCallBegan(1, "b", "listen"),
        ToolCallDelta(0, '{"at":'),
        ToolCallDelta(1, "{}"),
        ToolCallDelta(0, '"x"}'),
        ToolCallBegan(2, "c", "smell"),
        ToolCallDelta(2, '{"n": 1}'),
        TextDelta("Well."),
        Finished(Finish.TOOL_CALLS),
    )
    inputs = [(block["id"], block["input"]) for block in told["content"] if block["type"] == "tool_use"]
    assert inputs == [("a", {"at": "x"}), ("b", {}), ("c", {"n": 1})]
    assert [block["type"] for block in told["content"]] == ["text", *["tool_use"] * 3, "text"]
    assert told["stop_reason"] == "tool_use"


def test_usage_is_told_as_the_dialect_counts() -> None:
    """What was read from the cache and written to it stands beside the input, not in it."""
    told, _ = streamed(TextDelta("hi"), Finished(Finish.STOP))
    assert told["usage"] == {
        "input_tokens": 15,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 10,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
    }


@pytest.mark.parametrize(
    ("finish", "native", "reason", "noted"),
    [
        (Finish.STOP, "stop", "end_turn", False),
        (Finish.STOP, "stop_sequence", "stop_sequence", False),
        (Finish.LENGTH, "length", "max_tokens", False),
        (Finish.TOOL_CALLS, None, "tool_use", False),
        (Finish.REFUSAL, None, "refusal", False),
        (Finish.PAUSE, None, "pause_turn", False),
        (Finish.CONTENT_FILTER, "SAFETY", "refusal", True),
        (Finish.OTHER, "odd", "end_turn", True),
    ],
)
def test_why_it_ended_is_told_in_the_dialects_words(
    finish: Finish, native: str | None, reason: str, noted: bool
) -> None:
    """One of the seven, whoever answered; where it says less, that is reported."""
    told, losses = streamed(TextDelta("hi"), Finished(finish, native=native))
    assert (told["stop_reason"], bool(losses)) == (reason, noted)


def test_only_the_first_of_several_answers_is_told() -> None:
    """The dialect has one; the others are reported."""
    told, losses = streamed(
        TextDelta("one"), TextDelta("two", 1), Finished(Finish.STOP, 1), Finished(Finish.LENGTH)
    )
    assert ([block["text"] for block in told["content"]], told["stop_reason"]) == (["one"], "max_tokens")
    assert list(losses.dropped) == ["n"]


def test_a_refusal_is_a_text_and_an_end() -> None:
    """The SDKs know a refusal by its stop reason."""
    told, losses = streamed(RefusalDelta("I will "), RefusalDelta("not."), Finished(Finish.STOP))
    assert ([block["text"] for block in told["content"]], told["stop_reason"]) == (["I will not."], "refusal")
    assert list(losses.adjusted) == ["refusal", "finish=refusal"]


def test_a_link_is_a_citation_and_ends_its_text() -> None:
    """What follows belongs to another block; a citation without a link is reported."""
    link = Citation(url="https://x.test", title="X", quote="words")
    told, losses = streamed(
        TextDelta("It is so."), Cited(link), Cited(Citation(title="Y")), TextDelta(" And so on.")
    )
    assert [block["text"] for block in told["content"]] == ["It is so.", " And so on."]
    assert told["content"][0]["citations"][0]["url"] == "https://x.test"
    assert list(losses.dropped) == ["citations"]


CARRIED: tuple[Part, ...] = (
    Reasoning(text="I think.", encrypted=Signature(origin=Dialect.OPENAI_RESPONSES, value="c"), id="rs_1"),
    Reasoning(text="More.", signature=Signature(origin=Dialect.GOOGLE, value="g")),
    Reasoning(encrypted=Signature(origin=Dialect.OPENAI, value="o")),
    Text(text="So:", signature=Signature(origin=Dialect.GOOGLE, value="t")),
    ToolCall(id="a", name="look", arguments="{}", signature=Signature(origin=Dialect.GOOGLE, value="s")),
    ToolCall(id="b", name="look", arguments='{"n": 1}'),
)


def test_what_others_signed_comes_home_with_the_next_request() -> None:
    """Thoughts, ciphers, ids, signatures of texts and calls: the client brings them all back."""
    response = ChatResponse(
        id="i",
        model="m",
        created=0,
        choices=(Choice(index=0, parts=CARRIED, finish=Finish.TOOL_CALLS),),
        usage=USAGE,
    )
    whole = json.loads(CODEC.write_answer(response, Losses()))
    told, _ = streamed(*stream_of(response)[1:])
    assert told["content"] == whole["content"]
    turns = [{"role": "assistant", "content": told["content"]}]
    again = envelope_of({**BODY, "messages": [*BODY["messages"], *turns]}).open()
    assert again.messages[1].parts == CARRIED
    assert again.unread == ()


def test_no_model_is_shown_what_others_signed() -> None:
    """On the way to Anthropic it is left out: its API refuses signatures that are not its own."""
    turn = Message(role=Role.ASSISTANT, parts=CARRIED)
    request = ChatRequest(model="m", messages=(HELLO, turn, HELLO), max_tokens=9)
    body, losses = write(request, "claude-sonnet-4-5")
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use", "tool_use"]
    assert set(losses.dropped) == {"reasoning", "reasoning_signature"}


@pytest.mark.parametrize(
    "change",
    [
        {"content": [{"type": "hologram", "depth": 3}, {"type": "text", "text": "hi", "odd": [1]}]},
        {"stop_reason": "tired"},
        {"stop_reason": 7},
        {"usage": None},
        {"usage": {"input_tokens": "3", "output_tokens": 2}},
        {"usage": {"input_tokens": 3, "output_tokens": 2, "output_tokens_details": [1]}},
        {"role": "oracle"},
        {"id": 7},
        {"stop_details": {"type": "odd"}, "brand_new": {"a": 1}},
    ],
)
def test_an_unknown_word_in_a_paid_answer_costs_that_word_only(change: dict[str, Any]) -> None:
    """Whole: a glance sees the rest of it, and so does whoever reads it."""
    answer: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 2},
    } | change
    body = json.dumps(answer).encode()
    assert CODEC.glance(body, SPEC).chars >= 2
    try:
        read = CODEC.read_answer(body, SPEC)
    except Invalid:
        assert change in ({"stop_reason": 7},)
    else:
        assert any(isinstance(part, Text) for part in read.choices[0].parts)
        CODEC.write_answer(read, Losses())


@pytest.mark.parametrize(
    "odd",
    [
        event(type="aurora", colours=[1, 2]),
        event(type="content_block_delta", index=0, delta={"type": "hue_delta", "hue": 3}),
        event(type="content_block_delta", index=9, delta={"type": "text_delta", "text": "?"}),
        event(type="content_block_delta", index=0, delta=None),
        event(type="content_block_start", index=1, content_block={"type": "hologram", "depth": 3})
        + event(type="content_block_stop", index=1),
        event(type="content_block_stop", index=5),
        b'event: ping\ndata: {"type": "ping"}\n\n',
        b"data: {}\n\n",
    ],
)
def test_an_unknown_event_costs_nothing_else(odd: bytes) -> None:
    """Streamed: in the same dialect it goes on as it came, in another it is left out."""
    stream = START + BEGIN + WORD + odd + CLOSE + DELTA + STOP
    for handing in (relay(), translation()):
        passed = handing.feed(stream)
        assert (handing.seen.complete, handing.seen.failure) == (True, None)
        assert handing.seen.usage == Usage(prompt=3, completion=5)
        assert b'"hi"' in passed
    assert relay().feed(stream).replace(odd, b"") == START + BEGIN + WORD + CLOSE


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("overloaded_error", Kind.SERVER),
        ("api_error", Kind.SERVER),
        ("rate_limit_error", Kind.RATE_LIMIT),
        ("authentication_error", Kind.CREDENTIAL),
        ("something_new", Kind.SERVER),
    ],
)
def test_an_error_inside_a_stream_ends_it(kind: str, meant: Kind) -> None:
    """With what its type means; nothing that came before is taken back, nothing comes after."""
    broken = START + BEGIN + WORD + event(type="error", error={"type": kind, "message": "Overloaded"}) + STOP
    for handing in (relay(), translation()):
        handing.feed(broken)
        failure = handing.seen.failure
        assert failure is not None
        assert (failure.kind, failure.message, failure.type) == (meant, "Overloaded", kind)
        assert not handing.seen.complete


@pytest.mark.parametrize("cut_off", [START, START + BEGIN + WORD, START + BEGIN + WORD + CLOSE])
def test_a_stream_that_was_cut_never_looks_finished(cut_off: bytes) -> None:
    """Without a stop reason there is no end."""
    for handing in (relay(), translation()):
        handing.feed(cut_off)
        handing.close()
        assert handing.seen.failure is not None
    whole = relay()
    assert whole.feed(START + BEGIN + WORD + CLOSE + DELTA) + whole.close() == START + BEGIN + WORD + CLOSE
    assert whole.seen.complete
    assert whole.finale(Usage(), None) == DELTA + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_a_lone_ping_is_not_a_word() -> None:
    """It waits for the next event, so that a provider that only pings is known to say nothing."""
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    handing = relay()
    assert handing.feed(START) == START
    assert [handing.feed(ping), handing.feed(ping)] == [b"", b""]
    assert handing.feed(BEGIN) == ping + BEGIN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{",
        b"[]",
        b'{"type":"message"}',
        b'{"type":"error","error":{"type":"api_error","message":"x"}}',
    ],
)
def test_a_200_without_an_answer_is_none(body: bytes) -> None:
    """Empty, a page, half a JSON, no content, an error."""
    with pytest.raises(NotAnAnswer):
        CODEC.glance(body, SPEC)
    with pytest.raises(NotAnAnswer):
        CODEC.read_answer(body, SPEC)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (529, {"type": "overloaded_error", "message": "Overloaded"}, Kind.SERVER),
        (429, {"type": "rate_limit_error", "message": "x"}, Kind.RATE_LIMIT),
        (413, {"type": "request_too_large", "message": "x"}, Kind.CONTEXT_LENGTH),
        (402, {"type": "billing_error", "message": "x"}, Kind.EXHAUSTED),
        (403, {"type": "permission_error", "message": "x"}, Kind.CREDENTIAL),
        (404, {"type": "not_found_error", "message": "model: x"}, Kind.MODEL_GONE),
        (
            400,
            {"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1 maximum"},
            Kind.CONTEXT_LENGTH,
        ),
        (
            400,
            {"type": "invalid_request_error", "message": "Your credit balance is too low to access"},
            Kind.EXHAUSTED,
        ),
        (
            400,
            {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"},
            Kind.CONTENT_FILTER,
        ),
        (400, {"type": "invalid_request_error", "message": "x"}, Kind.BAD_REQUEST),
        (400, "x", Kind.BAD_REQUEST),
        (502, None, Kind.SERVER),
    ],
)
def test_an_error_answer_is_understood(status: int, error: Any, kind: Kind) -> None:
    """By its status, and by its words where the status says too little."""
    body = b"" if error is None else json.dumps({"type": "error", "error": error}).encode()
    headers = {"retry-after": "7", "anthropic-ratelimit-requests-remaining": "0"}
    failure = CODEC.read_failure(SPEC, status, headers, body, 0.0)
    assert (failure.kind, failure.status, failure.retry_after_s) == (kind, status, 7.0)
    assert failure.message


def test_a_limits_reset_is_a_wait() -> None:
    """Where there is no `retry-after`: the time stands in RFC 3339."""
    headers = {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "1970-01-01T00:00:30Z",
    }
    assert CODEC.read_failure(SPEC, 429, headers, b"", 10.0).retry_after_s == 20.0


def test_an_error_is_told_in_the_dialects_shape() -> None:
    """Type by what happened, the provider's own where it fits; what was tried; the field that is wrong."""

    def told(error: Any) -> dict[str, Any]:
        body = json.loads(CODEC.write_error(error, "r-1"))
        assert (body["type"], body["request_id"]) == ("error", "r-1")
        return body["error"]

    assert told(Invalid("no", param="model")) == {
        "type": "invalid_request_error",
        "message": "no",
        "param": "model",
    }
    assert told(NotFound("no"))["type"] == "not_found_error"
    assert told(Unavailable("no"))["type"] == "api_error"
    for failure, kind in (
        (Failure(kind=Kind.SERVER, message="x", status=529, type="overloaded_error"), "overloaded_error"),
        (
            Failure(kind=Kind.MODEL_GONE, message="x", status=404, type="invalid_request_error"),
            "not_found_error",
        ),
        (Failure(kind=Kind.EXHAUSTED, message="x", status=429, type="insufficient_quota"), "billing_error"),
        (Failure(kind=Kind.TIMEOUT, message="x"), "timeout_error"),
    ):
        error = told(AllAttemptsFailed([("p/m", failure, 5)]))
        assert (error["type"], error["attempts"][0]["model"]) == (kind, "p/m")
    assert CODEC.write_error_event(Invalid("no"), "r").startswith(b"event: error\ndata: {")


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/v1", "https://api.anthropic.com/v1/messages"),
        ("http://relay:1/a/b/", "http://relay:1/a/b/messages"),
        ("http://relay/{model}/v1?key=1", "http://relay/a%2Fb/v1/messages?key=1"),
    ],
)
def test_a_base_url_is_taken_with_and_without_its_version(base: str, address: str) -> None:
    """As the SDKs take theirs; behind a relay's path there is nothing to guess."""
    assert CODEC.address(base, "a/b", False) == address
    assert CODEC.counter is not None
    assert CODEC.counter.address(base, "a/b") == address.replace("/messages", "/messages/count_tokens")


def test_own_parts_of_the_dialect_are_told_whole() -> None:
    """A step of a server-side tool that comes in a whole answer is a block of the stream made of it."""
    step = {"type": "web_search_tool_result", "tool_use_id": "t", "content": []}
    told, losses = streamed(ForeignDelta({"x": Raw(json.dumps(step).encode())}, 0, Dialect.ANTHROPIC))
    assert (told["content"], bool(losses)) == ([step], False)
    told, losses = streamed(
        ForeignDelta({"odd": Raw(b"1")}, 0, Dialect.OPENAI),
        TextSigned(Signature(origin=Dialect.GOOGLE, value="x")),
    )
    assert list(losses.dropped) == ["odd"]


def test_a_thought_is_signed_where_it_ends() -> None:
    """By Anthropic's own signature as it came; one that nobody signed says so, for the next request."""
    own = Signature(origin=Dialect.ANTHROPIC, value="sig")
    told, _ = streamed(
        ReasoningDelta("a"), ReasoningSigned(signature=own), ReasoningDelta("b"), TextDelta("c")
    )
    assert [(block.get("thinking"), block.get("signature")) for block in told["content"]] == [
        ("a", "sig"),
        ("b", "baton.unsigned."),
        (None, None),
    ]
