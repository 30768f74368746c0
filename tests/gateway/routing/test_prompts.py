"""What of a request is read before a model is chosen for it."""

import json
from typing import Any

import pytest

from baton.core.request import Envelope, Options, Outline
from baton.core.task import TaskType
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.gain.model import load_gain_model
from baton.gateway.routing.prompts import MOST_OPENED_CHARS, Prompts
from baton.gateway.routing.tasks.reading import TaskReader, load_task_reader
from baton.upstream.dialects.anthropic.envelope import read_envelope as read_anthropic
from baton.upstream.dialects.google.envelope import Asked
from baton.upstream.dialects.google.envelope import read_envelope as read_google
from baton.upstream.dialects.openai.envelope import read_envelope as read_openai
from baton.upstream.dialects.responses.envelope import read_envelope as read_responses

ASK = Ask(tier="free")
SUMMARY = "Summarize the following article in three sentences."
EARLIER = "Write a Python function that sorts a list."
READER = load_task_reader()


def chat(*messages: dict[str, Any], **fields: Any) -> Envelope:
    """A chat in OpenAI's dialect."""
    body = json.dumps({"model": "auto", "messages": messages, **fields}).encode()
    return read_openai(body, lambda _: Options(), {})


def said(content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": content}


def read(request: Outline) -> Ask:
    return Prompts(lambda: READER).read(ASK, request)


def envelopes() -> dict[str, Envelope]:
    """The same conversation in every dialect: it ends with a summary that is asked for."""
    turns = [said(EARLIER), said("def f(): ...", "assistant"), said(SUMMARY)]
    messages = {"model": "auto", "max_tokens": 9, "messages": turns}
    contents = [
        {"role": "model" if each["role"] == "assistant" else "user", "parts": [{"text": each["content"]}]}
        for each in turns
    ]

    def body(value: object) -> bytes:
        return json.dumps(value).encode()

    def nothing(_: bytes | None) -> Options:
        return Options()

    return {
        "openai": read_openai(body(messages), nothing, {}),
        "anthropic": read_anthropic(body(messages), nothing, {}),
        "responses": read_responses(body({"model": "auto", "input": turns}), nothing, {}),
        "google": read_google(body({"contents": contents}), Asked("auto"), nothing, {}),
    }


@pytest.mark.parametrize("name", envelopes())
def test_the_last_turn_says_what_is_asked(name: str) -> None:
    """In every dialect; what was asked before is only its context."""
    ask = read(envelopes()[name])
    assert ask.task is TaskType.SUMMARIZATION
    assert ask.complexity is not None
    assert any("summar" in each for each in ask.evidence)


def test_a_text_in_parts_is_read_whole() -> None:
    """Pictures beside it are needs."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    plain = read(chat(said(SUMMARY)))
    parted = read(chat(said([{"type": "text", "text": SUMMARY}, picture])))
    assert parted.task is plain.task is TaskType.SUMMARIZATION
    assert (parted.complexity or 0) > (plain.complexity or 0)


def test_what_went_before_makes_it_more_complex() -> None:
    """Turns, a long instruction, tools."""
    alone = read(chat(said("And now?"))).complexity or 0
    told = read(chat(said("x" * 9000, "system"), said("And now?"))).complexity or 0
    assert told > alone


def test_what_is_too_long_to_open_is_known_by_its_length() -> None:
    """Unsure of its kind, and complex."""
    ask = read(chat(said("word " * (MOST_OPENED_CHARS // 5 + 9))))
    assert ask.task is None
    assert (ask.complexity or 0) > (read(chat(said("word"))).complexity or 0)


def test_what_only_its_provider_can_read_is_no_mistake() -> None:
    """It is passed on as it came, and routed by what is known."""
    strange = chat({"role": "user", "content": [{"type": "hologram", "data": 1}]})
    assert read(strange).complexity is not None


def test_what_is_no_chat_is_not_read() -> None:
    """Nor is the model loaded for it."""

    def load() -> TaskReader:
        raise AssertionError

    chat_ = chat(said("hi"))
    outline = Outline(**{name: getattr(chat_, name) for name in Outline.__struct_fields__})
    assert Prompts(load).read(ASK, outline) is ASK


def test_the_model_is_loaded_once_and_when_first_needed() -> None:
    """Tens of milliseconds that an installation without `auto` never pays."""
    loaded: list[TaskReader] = []

    def load() -> TaskReader:
        loaded.append(READER)
        return READER

    prompts = Prompts(load)
    assert loaded == []
    for _ in range(3):
        prompts.read(ASK, chat(said("hi")))
    assert loaded == [READER]


ARITHMETIC = (
    "A baker makes 24 rolls every morning. He sells half of them before noon for $2 each and a third of the"
    " rest in the afternoon for $1 each. How much money does he make in a day?"
)


def test_what_a_strong_model_gains_is_known_of_what_was_recorded() -> None:
    """A problem of arithmetic; it moves how much a strong model is wanted, and says so."""
    prompts = Prompts(lambda: READER, load_gain_model)
    ask = prompts.read(ASK, chat(said(ARITHMETIC)))
    assert ask.gain is not None
    assert ask.wanted == pytest.approx(((ask.complexity or 0) + min(1, max(0, ask.gain * 2))) / 2)
    assert any("a strong model is right" in each for each in ask.evidence)


@pytest.mark.parametrize("text", [SUMMARY, EARLIER, "Hi there!", "What is the capital of France?"])
def test_of_what_is_unlike_it_there_is_no_estimate(text: str) -> None:
    """Complexity alone counts then."""
    ask = Prompts(lambda: READER, load_gain_model).read(ASK, chat(said(text)))
    assert ask.gain is None
    assert ask.wanted == ask.complexity
