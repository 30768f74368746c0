"""Where one answer goes on in another's stream: what may, what may not, and what the second one is asked."""

import json
from typing import Any

import pytest

from baton.core.answer import TextDelta
from baton.core.dialect import Dialect
from baton.core.errors import AttemptFailed
from baton.core.failures import Kind
from baton.upstream.dialects.joining import Resumption
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseReader
from tests.contracts import accepted
from tests.contracts.events import read_events
from tests.contracts.facts.reading import streamed_answer_of
from tests.upstream.telling import DIALECTS, PATIENT, SPECS, Stage, Told, asking, route_of, stream_of

FIRST = Told(("One ", "two ", "three ", "four."))
SECOND = Told(("One two ", "three four."), model="second")
OPENAI, RESPONSES, CLAUDE, GEMINI = DIALECTS
PING = "no SDK knows an event 'ping'"
SPLICE, CONTINUE = Resumption.SPLICE, Resumption.CONTINUE
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"a"'}}


def chunk(delta: dict[str, Any], **more: Any) -> bytes:
    """One of OpenAI's."""
    choice = {"index": 0, "delta": delta, "finish_reason": None} | more
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "first"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


SAID = [chunk({"role": "assistant", "content": "One "}), chunk({"content": "two "})]


def text_in(caller: Dialect, body: bytes) -> str:
    """The text of a stream, also of one that has not ended."""
    reader, sse = CODECS[caller].reader(SPECS["openai"]), SseReader()
    told = [said for event in sse.feed(body) for said in reader.read(event)]
    return "".join([said.text for said in told if isinstance(said, TextDelta)])


@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize(
    "strange",
    [
        {"tool_calls": [CALL]},
        {"refusal": "I will not."},
        {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        {
            "annotations": [
                {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "a"}}
            ]
        },
    ],
    ids=["tool call", "refusal", "image", "citation"],
)
async def test_nobody_goes_on_with_more_than_text(caller: Dialect, strange: dict[str, Any]) -> None:
    """A half-sent call, a refusal, a picture: no other provider can know what comes next. What a caller has
    not been sent does not count."""
    stage, asks = Stage(), asking(caller)
    broken, begun = await stage.begin(asks, OPENAI, [*SAID, chunk(strange)])
    unsent = begun == (await stage.begin(asks, OPENAI, SAID))[1]
    assert broken.sent.resumable is unsent
    if caller is GEMINI:  # it gets calls when they are whole, and citations at the end
        assert unsent == bool({"tool_calls", "annotations"} & strange.keys())
    elif "images" not in strange:  # Anthropic's callers never get them
        assert not unsent


async def test_a_call_that_has_left_late_was_sent_all_the_same() -> None:
    """Google's callers get it with the words behind it."""
    stage, asks = Stage(), asking(GEMINI)
    broken, begun = await stage.begin(asks, OPENAI, [*SAID, chunk({"tool_calls": [CALL]}), SAID[1]])
    assert b"functionCall" in begun
    assert not broken.sent.resumable


async def test_text_of_no_item_is_nobodys_to_go_on_with() -> None:
    """Some endpoints leave out the events that frame a text: where it stands nobody knows."""
    events = [one for one in stream_of(RESPONSES, FIRST) if b"created" in one or b"text.delta" in one]
    broken, begun = await Stage().begin(asking(RESPONSES), RESPONSES, events)
    assert text_in(RESPONSES, begun) == FIRST.text
    assert not broken.sent.resumable


async def test_nobody_goes_on_with_several_choices() -> None:
    """Each would have to be told apart in what the other one says."""
    broken, _ = await Stage().begin(asking(OPENAI), OPENAI, [*SAID, chunk({"content": "Uno"}, index=1)])
    assert not broken.sent.resumable


async def test_nobody_goes_on_where_nobody_remembered() -> None:
    """Streams that cannot be rescued pay nothing, and say that they cannot."""
    stage, asks = Stage([(SAID, True)]), asking(OPENAI)
    stream = await stage.upstream.stream(route_of(OPENAI), asks, PATIENT)
    assert b"".join([piece async for piece in stream.pieces()])
    assert not stream.sent.resumable


async def test_a_call_that_was_not_sent_is_made_by_the_next() -> None:
    """Google's callers get calls whole: of a half one they have seen nothing."""
    stage, asks = Stage(), asking(GEMINI)
    broken, begun = await stage.begin(asks, OPENAI, [*SAID, chunk({"tool_calls": [CALL]})])
    whole = {**CALL, "function": {"name": "look", "arguments": '{"b":1}'}}
    ends = [chunk({"tool_calls": [whole]}), chunk({}, finish_reason="tool_calls"), b"data: [DONE]\n\n"]
    _, rest = await stage.resume(asks, broken, OPENAI, [*SAID, *ends])
    answer = streamed_answer_of(GEMINI, begun + rest).said[0]
    assert (answer.text, [call.arguments for call in answer.calls]) == ("One two ", [{"b": 1}])


@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("how", [SPLICE, CONTINUE])
async def test_an_answer_that_begins_with_a_call(caller: Dialect, how: Resumption) -> None:
    """It is another answer where the text should have come again, and what comes next where it should not."""
    stage, asks = Stage(), asking(caller)
    broken, begun = await stage.begin(asks, OPENAI, SAID)
    whole = {**CALL, "function": {"name": "look", "arguments": '{"b":1}'}}
    call = [chunk({"tool_calls": [whole]}), chunk({}, finish_reason="tool_calls"), b"data: [DONE]\n\n"]
    stream, rest = await stage.resume(asks, broken, OPENAI, call, how)
    if how is SPLICE:
        assert (stream.diverged, rest) == (True, b"")
        return
    answer = streamed_answer_of(caller, begun + rest).said[0]
    assert (answer.text, len(answer.calls)) == ("One two ", 1)
    assert answer.end == ("stop" if caller is GEMINI else "tools")
    assert accepted.stream_problems(caller, begun + rest) == []


@pytest.mark.parametrize("second", DIALECTS)
async def test_a_diverging_answer_passes_nothing(second: Dialect) -> None:
    """Neither its text nor an end; one that ends too early is read to its end, for its usage."""
    for caller in DIALECTS:
        for other in (("#",), ("O#",), ("One two#",), ("One two three ", "four#"), ("One ", "two")):
            stage, asks = Stage(), asking(caller)
            broken, _ = await stage.begin(asks, CLAUDE, stream_of(CLAUDE, FIRST)[:-2])
            assert broken.sent.text == FIRST.text
            stream, rest = await stage.resume(asks, broken, second, stream_of(second, Told(other)))
            assert (stream.diverged, rest, stream.sent.resumable) == (True, b"", False)
            assert stream.seen.failure is None
            usage = stream.seen.usage
            assert other[-1] != "two" or (usage is not None and usage.completion == 7)


@pytest.mark.parametrize("caller", DIALECTS)
async def test_a_stream_is_resumed_as_often_as_it_breaks(caller: Dialect) -> None:
    """Each provider breaks off at some event of its own; what was sent is what all of them said."""
    for cuts in [(2, 3, 4), (4, 4, 5), (5, 3, 3), (3, 5, 6), (6, 6, 6)]:
        for providers in zip(DIALECTS, DIALECTS[1:], DIALECTS[2:], strict=False):
            stage, asks = Stage(), asking(caller)
            stream, body = await stage.begin(asks, providers[0], stream_of(providers[0], FIRST)[: cuts[0]])
            if not stream.seen.said:
                continue
            first = stream.sent.id
            for at, provider in enumerate(providers):
                events = stream_of(provider, Told(FIRST.texts, ("Hm.",), model=f"m{at}"))[: cuts[at]]
                stream, more = await stage.resume(asks, stream, provider, events, breaks=True)
                body += more
                assert stream.sent.resumable
            stream, more = await stage.resume(asks, stream, caller, stream_of(caller, SECOND))
            assert stream.sent.text == text_in(caller, body + more) == FIRST.text
            assert stream.sent.id == first
            assert set(accepted.stream_problems(caller, body + more)) <= {PING}


FAILURES = {
    OPENAI: (b'data: {"error":{"message":"Too busy.","type":"server_error"}}\n\n', b"data: {no JSON\n\n"),
    RESPONSES: (
        b'event: error\ndata: {"type":"error","code":"server_error","message":"Too busy."}\n\n',
        b"event: response.output_text.delta\ndata: {no JSON\n\n",
    ),
    CLAUDE: (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Too busy."}}\n\n',
        b"event: content_block_delta\ndata: {no JSON\n\n",
    ),
    GEMINI: (
        b'data: {"error":{"code":503,"message":"Too busy.","status":"UNAVAILABLE"}}\n\n',
        b"data: {no JSON\n\n",
    ),
}


@pytest.mark.parametrize("first", DIALECTS)
@pytest.mark.parametrize("which", [0, 1], ids=["error event", "malformed chunk"])
async def test_what_left_with_a_failure_was_sent_and_nothing_behind_it(first: Dialect, which: int) -> None:
    """One packet holds text, the failure, and more text: the caller has the first text, and the rest comes
    once."""
    for caller in DIALECTS:
        stage, asks = Stage(), asking(caller)
        events = stream_of(first, FIRST)
        last = next(at for at, event in enumerate(events) if b"three" in event)
        packets = [*events[:last], b"".join([events[last], FAILURES[first][which], *events[last + 1 :]])]
        broken, begun = await stage.begin(asks, first, packets)
        assert broken.seen.failure is not None
        assert text_in(caller, begun) == broken.sent.text
        _, rest = await stage.resume(asks, broken, OPENAI, stream_of(OPENAI, SECOND))
        assert text_in(caller, begun + rest) == FIRST.text


async def test_text_beside_an_error_was_not_sent() -> None:
    """A chunk that holds both is not passed on."""
    last = json.loads(chunk({"content": "three "})[6:]) | {"error": {"message": "Too busy."}}
    stage, asks = Stage(), asking(OPENAI)
    broken, begun = await stage.begin(asks, OPENAI, [*SAID, b"data: " + json.dumps(last).encode() + b"\n\n"])
    assert broken.sent.text == text_in(OPENAI, begun) == "One two "


@pytest.mark.parametrize("caller", DIALECTS)
async def test_thoughts_of_two_models_do_not_mix(caller: Dialect) -> None:
    """Half a thought is closed, and the next model's, with its signature, stand in a place of their own.
    Once text was sent its thoughts are kept back."""
    thinks = Told(FIRST.texts, ("Half a", " thought"))
    again = Told(FIRST.texts, ("Another.",), model="second")
    stage, asks = Stage(), asking(caller)
    events = stream_of(caller, thinks)
    half = next(at for at, event in enumerate(events) if b"Half a" in event)
    broken, begun = await stage.begin(asks, caller, events[: half + 1])
    assert (broken.sent.text, broken.sent.resumable) == ("", True)
    _, rest = await stage.resume(asks, broken, CLAUDE, stream_of(CLAUDE, again))
    answer = streamed_answer_of(caller, begun + rest).said[0]
    assert answer.text == FIRST.text
    assert "Another." in answer.thought
    assert "Half a" in answer.thought
    assert accepted.stream_problems(caller, begun + rest) in ([], ["no SDK knows an event 'ping'"])
    spoke = next(at for at, event in enumerate(events) if b"two" in event)
    broken, begun = await stage.begin(asks, caller, events[: spoke + 1])
    _, rest = await stage.resume(asks, broken, CLAUDE, stream_of(CLAUDE, again))
    assert b"Another." not in rest
    assert b"signed by second" not in rest
    assert text_in(caller, begun + rest) == FIRST.text


async def test_a_signature_stands_on_its_own_models_thought() -> None:
    """In Anthropic's blocks: the first model's half thought is marked as unsigned."""
    stage, asks = Stage(), asking(CLAUDE)
    broken, begun = await stage.begin(asks, CLAUDE, stream_of(CLAUDE, Told(("x",), ("Half",)))[:4])
    again = Told(FIRST.texts, ("Another.",), model="second")
    _, rest = await stage.resume(asks, broken, CLAUDE, stream_of(CLAUDE, again))
    told = [json.loads(event.data) for event in read_events(begun + rest)]
    deltas = [(one["index"], one["delta"]) for one in told if "signature" in one.get("delta", {})]
    signed = [(at, delta["signature"]) for at, delta in deltas]
    assert signed == [(0, "baton.unsigned."), (1, "signed by second")]


async def test_a_whole_answer_goes_on_too() -> None:
    """Where the next provider answers a wish for a stream with a whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": FIRST.text}, "finish_reason": "stop"}
    body = json.dumps({"id": "a", "model": "second", "created": 7, "choices": [choice]}).encode()
    for caller in DIALECTS:
        stage, asks = Stage(), asking(caller)
        broken, begun = await stage.begin(asks, CLAUDE, stream_of(CLAUDE, FIRST)[:5])
        stage.kind = "application/json"
        stream, rest = await stage.resume(asks, broken, OPENAI, [body])
        assert not stream.diverged
        assert text_in(caller, begun + rest) == FIRST.text
        stage.kind = "text/event-stream"
        broken, begun = await stage.begin(asks, CLAUDE, stream_of(CLAUDE, Told(("Another",)))[:5])
        stage.kind = "application/json"
        stream, rest = await stage.resume(asks, broken, OPENAI, [body])
        assert (stream.diverged, rest) == (True, b"")


async def test_googles_array_goes_on_as_an_array() -> None:
    """The stream is one JSON value."""
    stage, asks = Stage(), asking(GEMINI, array=True)
    broken, begun = await stage.begin(asks, GEMINI, stream_of(GEMINI, FIRST)[:2])
    _, rest = await stage.resume(asks, broken, OPENAI, stream_of(OPENAI, SECOND))
    chunks = json.loads(asks.opening + begun + rest)
    texts = [part["text"] for one in chunks for part in one["candidates"][0]["content"]["parts"]]
    assert "".join(texts) == FIRST.text


OLD, NEW = "claude-3-5-haiku-latest", "claude-opus-4-7"
HISTORY = [
    {"role": "user", "content": "Look."},
    {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "look", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "seen"},
]


@pytest.mark.parametrize(("model", "prefilled"), [(OLD, True), (NEW, False), ("some-model", False)])
async def test_only_a_model_that_is_known_to_take_it_is_sent_a_prefill(model: str, prefilled: bool) -> None:
    """It ends in no white space, and comes with no thinking; others are told in words. The conversation with
    its tools, and the limit less what was said, go along."""
    stage = Stage()
    asks = asking(OPENAI, messages=HISTORY, max_tokens=2000, reasoning_effort="high")
    broken, begun = await stage.begin(asks, OPENAI, SAID)
    rest = stream_of(CLAUDE, Told(("three ", "four.")))
    _, passed = await stage.resume(asks, broken, CLAUDE, rest, CONTINUE, model=model)
    assert text_in(OPENAI, begun + passed) == FIRST.text
    body = json.loads(stage.asked[-1].body)
    kinds = [[block["type"] for block in turn["content"]] for turn in body["messages"][1:3]]
    assert kinds == [["tool_use"], ["tool_result"]]
    said = body["messages"][3:]
    assert said[0]["role"] == "assistant"
    assert [turn["role"] for turn in said[1:]] == ([] if prefilled else ["user"])
    if prefilled:
        assert said[0]["content"] == "One two"
        assert body.get("thinking", {"type": "disabled"})["type"] == "disabled"
    assert body["max_tokens"] < 2000


async def test_a_prefill_is_not_sent_where_a_call_is_forced() -> None:
    """The API begins such answers itself."""
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    asks, stage = asking(OPENAI, tools=tools, tool_choice="required"), Stage()
    broken, _ = await stage.begin(asks, OPENAI, SAID)
    await stage.resume(asks, broken, CLAUDE, stream_of(CLAUDE, SECOND), CONTINUE, model=OLD)
    assert json.loads(stage.asked[-1].body)["messages"][-1]["role"] == "user"


@pytest.mark.parametrize("second", DIALECTS)
@pytest.mark.parametrize("caller", DIALECTS)
async def test_a_continuation_is_asked_for_behind_what_was_sent(caller: Dialect, second: Dialect) -> None:
    """In every dialect, at home too: the question, the answer so far, the wish; asked for as a stream."""
    stage, asks = Stage(), asking(caller)
    broken, _ = await stage.begin(asks, caller, stream_of(caller, FIRST)[:-3])
    await stage.resume(asks, broken, second, stream_of(second, SECOND), CONTINUE)
    text = stage.asked[-1].body.decode()
    assert text.index("Tell.") < text.index(json.dumps(broken.sent.text)[1:-2]) < text.index("cut off")
    assert second is GEMINI or json.loads(text)["stream"]


async def test_json_is_never_continued_but_said_again() -> None:
    """A model that is to write JSON would begin anew."""
    stage = Stage()
    wish = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    assert not stage.upstream.continues(route_of(OPENAI), asking(OPENAI, response_format=wish))
    assert stage.upstream.continues(route_of(OPENAI), asking(OPENAI))


async def test_saying_the_same_again_is_no_silence() -> None:
    """A provider that repeats what was sent for longer than a silent one is waited for is not silent."""
    stage, asks = Stage(), asking(OPENAI)
    words = tuple(f"word{at} " for at in range(50))
    broken, begun = await stage.begin(asks, OPENAI, stream_of(OPENAI, Told(words))[:-3])
    stage.second_s = 10.0
    stream, rest = await stage.resume(asks, broken, OPENAI, stream_of(OPENAI, Told((*words, "end."))))
    assert stream.seen.failure is None
    assert text_in(OPENAI, begun + rest) == "".join(words) + "end."


async def test_a_second_provider_that_fails_is_a_failed_attempt() -> None:
    """Nothing is passed on, and it says why."""
    stage, asks = Stage(), asking(OPENAI)
    broken, _ = await stage.begin(asks, OPENAI, SAID)
    stage.status = 503
    with pytest.raises(AttemptFailed) as failed:
        await stage.resume(asks, broken, CLAUDE, [b'{"type":"error","error":{"type":"api_error"}}'])
    assert failed.value.failure.kind is Kind.SERVER
    stage.status = 200
    stream, rest = await stage.resume(asks, broken, CLAUDE, stream_of(CLAUDE, FIRST)[:4], breaks=True)
    assert (rest, stream.diverged, stream.sent.text) == (b"", False, "One two ")
    assert stream.seen.failure is not None
