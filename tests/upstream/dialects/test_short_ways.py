"""A chunk that is one text and nothing else is read and written by a short way: to the same end."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from baton.core.answer import Began, StreamEvent, TextDelta, Unread
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec, Quirks
from baton.upstream.dialects.google import streams as google
from baton.upstream.dialects.openai import streams as openai
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.sse import SseEvent

TEXTS = st.sampled_from(["", "word", " über\n", '"quoted"', "漢 \u2028"])
FURTHER: list[dict[str, Any]] = [
    {},
    {"role": "assistant"},
    {"reasoning_content": None, "refusal": None, "something": []},
    {"reasoning_content": "thought"},
    {"reasoning_details": [{"type": "reasoning.summary", "summary": "s", "id": "r", "index": 0}]},
    {"refusal": "no"},
    {"annotations": [{"type": "url_citation", "url_citation": {"url": "http://a.test"}}]},
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
    {"something": "else"},
]
CONTENTS = st.one_of(TEXTS, TEXTS, st.sampled_from([None, 7, [{"type": "text", "text": "part"}]]))
CHUNKS = st.builds(
    lambda content, further, finish: {"delta": {"content": content, **further}, "finish_reason": finish},
    CONTENTS,
    st.sampled_from(FURTHER),
    st.sampled_from([None, None, None, "stop"]),
)
SIGNED = {"delta": FURTHER[4]}
TEXT = {"delta": {"content": "word"}}
BESIDE = st.sampled_from(
    [
        {},
        {},
        {"usage": None},
        {"usage": {"prompt_tokens": 1}},
        {"beside": {"usage": {"prompt_tokens": 2}}},
        {"error": {"message": "x"}},
    ]
)


def spec(dialect: Dialect, quirks: Quirks) -> ProviderSpec:
    return ProviderSpec(name="p", title="P", base_url="http://p.test", dialect=dialect, quirks=quirks)


def event(value: Any) -> SseEvent:
    data = json.dumps(value).encode()
    return SseEvent(data, b"data: " + data + b"\n\n")


@given(st.lists(st.tuples(CHUNKS, BESIDE), max_size=6), st.sampled_from([None, "beside"]))
@example([(SIGNED, {}), (TEXT, {})], None)
@example([(TEXT, {}), (TEXT, {"beside": {"usage": {"prompt_tokens": 2}}})], "beside")
def test_nothing_beside_a_text_of_chat_is_overlooked(
    chunks: list[tuple[dict[str, Any], dict[str, Any]]], usage_in: str | None
) -> None:
    """Whatever stands beside a text, in the delta, the choice or the chunk: read the short way or (where an
    index is null) the long one, a stream says the same. Only names of fields that nobody reads are taken from
    the other chunks, its first and its last: looking for them in each would cost more than they are worth."""

    def told(index: dict[str, Any]) -> list[StreamEvent]:
        reader = openai.StreamReader(spec(Dialect.OPENAI, Quirks(usage_in=usage_in)))
        said: list[StreamEvent] = []
        for choice, beside in chunks:
            said += reader.read(event({"id": "i", "model": "m", "choices": [{**choice, **index}], **beside}))
        return [told for told in said if not isinstance(told, Unread)]

    assert told({}) == told({"index": None})


@given(st.lists(TEXTS, max_size=5))
def test_a_text_of_google_is_the_same_alone_and_in_company(texts: list[str]) -> None:
    """A part that holds nothing but its text says what one does that also says that it is no thought."""

    def told(more: dict[str, Any]) -> list[StreamEvent]:
        reader = google.StreamReader(spec(Dialect.GOOGLE, Quirks()))
        said: list[StreamEvent] = []
        for text in texts:
            parts = [{"text": text, **more}]
            said += reader.read(event({"candidates": [{"content": {"parts": parts}}], "responseId": "r"}))
        return said

    assert told({}) == told({"thought": False})


@given(st.lists(st.tuples(TEXTS, st.integers(0, 1)), max_size=6))
def test_every_chunk_of_text_for_a_chat_has_the_same_shape(texts: list[tuple[str, int]]) -> None:
    """The head, the choice and the text stand in each of them; the role in the first of a choice."""
    writer = StreamWriter(include_usage=False, losses=Losses())
    writer.write(Began("id", "model", 7))
    begun: set[int] = set()
    for text, choice in texts:
        written = writer.write(TextDelta(text, choice))
        first = {} if choice in begun else {"role": "assistant"}
        begun.add(choice)
        assert written.startswith(b"data: ")
        assert written.endswith(b"}\n\n")
        assert json.loads(written[6:]) == {
            "id": "id",
            "object": "chat.completion.chunk",
            "created": 7,
            "model": "model",
            "choices": [{"index": choice, "delta": {**first, "content": text}, "finish_reason": None}],
        }
