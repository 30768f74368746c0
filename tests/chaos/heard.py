"""What a caller of each dialect has heard: the words, why they ended, how often, what they are said to have
taken. Read from the bytes by hand, so that no code of Baton's judges Baton."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from baton.core.dialect import Dialect
from tests.chaos.wire import Reply


@dataclass
class Heard:
    """One answer, whole or streamed."""

    text: str = ""
    finishes: list[str] = field(default_factory=list[str])
    """Every reason that was given for the end."""
    ends: int = 0
    """Terminal events of a finished stream; 1 for a whole answer."""
    last: bool = False
    """Whether nothing came behind the terminal event."""
    errors: list[Any] = field(default_factory=list[Any])
    models: list[str] = field(default_factory=list[str])
    """Who is said to speak, without repetitions."""
    ids: set[str] = field(default_factory=set[str])
    prompt: int | None = None
    completion: int | None = None

    def name(self, model: str | None) -> None:
        """Note who speaks."""
        if model and (not self.models or self.models[-1] != model):
            self.models.append(model)

    @property
    def finished(self) -> bool:
        """Whether the caller takes it for a finished answer."""
        return bool(self.finishes or self.ends)


def _chat(heard: Heard, data: Any) -> None:
    if data.get("error"):
        heard.errors.append(data)
        return
    heard.name(data.get("model"))
    heard.ids.add(data["id"])
    for choice in data["choices"]:
        said = choice.get("delta") or choice.get("message") or {}
        heard.text += said.get("content") or ""
        if choice.get("finish_reason"):
            heard.finishes.append(choice["finish_reason"])
    if data.get("usage"):
        heard.prompt = data["usage"]["prompt_tokens"]
        heard.completion = data["usage"]["completion_tokens"]


def _chat_whole(data: Any) -> Heard:
    heard = Heard(ends=1, last=True)
    _chat(heard, data)
    return heard


def _chat_stream(events: list[str]) -> Heard:
    heard = Heard(ends=events.count("[DONE]"), last=bool(events) and events[-1] == "[DONE]")
    for event in events:
        if event != "[DONE]":
            _chat(heard, json.loads(event))
    return heard


def _response(heard: Heard, answer: Any) -> str:
    """Note the end of a response; the text in it."""
    heard.name(answer.get("model"))
    heard.ids.add(answer["id"])
    heard.finishes.append((answer.get("incomplete_details") or {}).get("reason") or answer["status"])
    if answer.get("usage"):
        heard.prompt = answer["usage"]["input_tokens"]
        heard.completion = answer["usage"]["output_tokens"]
    return "".join(
        part.get("text", "")
        for item in answer["output"]
        if item["type"] == "message"
        for part in item["content"]
    )


def _response_whole(data: Any) -> Heard:
    heard = Heard(ends=1, last=True)
    heard.text = _response(heard, data)
    return heard


_ENDED = {"response.completed", "response.incomplete"}


def _response_stream(events: list[str]) -> Heard:
    heard = Heard()
    for event in events:
        data = json.loads(event)
        heard.last = data["type"] in _ENDED
        match data["type"]:
            case "response.output_text.delta":
                heard.text += data["delta"]
            case "response.completed" | "response.incomplete":
                heard.ends += 1
                told = _response(heard, data["response"])
                assert told == heard.text, (told, heard.text)
            case "response.created" | "response.in_progress":
                heard.name(data["response"].get("model"))
                heard.ids.add(data["response"]["id"])
            case "error" | "response.failed":
                heard.errors.append(data)
            case _:
                pass
    return heard


def _message_whole(data: Any) -> Heard:
    heard = Heard(text="".join(part.get("text", "") for part in data["content"]), ends=1, last=True)
    heard.finishes.append(data["stop_reason"])
    heard.name(data["model"])
    heard.ids.add(data["id"])
    heard.prompt, heard.completion = data["usage"]["input_tokens"], data["usage"]["output_tokens"]
    return heard


def _message_stream(events: list[str]) -> Heard:
    heard = Heard()
    for event in events:
        data = json.loads(event)
        heard.last = data["type"] == "message_stop"
        match data["type"]:
            case "message_start":
                heard.name(data["message"]["model"])
                heard.ids.add(data["message"]["id"])
                heard.prompt = data["message"]["usage"]["input_tokens"]
            case "content_block_delta":
                heard.text += data["delta"].get("text", "")
            case "message_delta":
                if data["delta"].get("stop_reason"):
                    heard.finishes.append(data["delta"]["stop_reason"])
                heard.name(data.get("model"))
                used = data.get("usage") or {}
                heard.prompt = used.get("input_tokens", heard.prompt)
                heard.completion = used.get("output_tokens")
            case "message_stop":
                heard.ends += 1
            case "error":
                heard.errors.append(data)
            case _:
                pass
    return heard


def _generation(heard: Heard, data: Any) -> None:
    if "error" in data:
        heard.errors.append(data)
        return
    heard.name(data.get("modelVersion"))
    heard.ids.add(data.get("responseId") or "")
    if blocked := data.get("promptFeedback", {}).get("blockReason"):
        heard.finishes.append(blocked)
    for candidate in data.get("candidates", ()):
        heard.text += "".join(part.get("text", "") for part in candidate.get("content", {}).get("parts", ()))
        if candidate.get("finishReason"):
            heard.finishes.append(candidate["finishReason"])
    used = data.get("usageMetadata") or {}
    heard.prompt = used.get("promptTokenCount", heard.prompt)
    heard.completion = used.get("candidatesTokenCount", heard.completion)


def _generation_whole(data: Any) -> Heard:
    heard = Heard(ends=1, last=True)
    _generation(heard, data)
    return heard


def _generation_stream(events: list[str]) -> Heard:
    heard = Heard()
    for event in events:
        before = len(heard.finishes)
        data = json.loads(event)
        _generation(heard, data)
        # Usage may come behind the reason; words may not.
        heard.last = len(heard.finishes) > before or (heard.last and not data.get("candidates"))
    heard.ends = len(heard.finishes)
    return heard


_WHOLE: dict[Dialect, Callable[[Any], Heard]] = {
    Dialect.OPENAI: _chat_whole,
    Dialect.OPENAI_RESPONSES: _response_whole,
    Dialect.ANTHROPIC: _message_whole,
    Dialect.GOOGLE: _generation_whole,
}
_STREAM: dict[Dialect, Callable[[list[str]], Heard]] = {
    Dialect.OPENAI: _chat_stream,
    Dialect.OPENAI_RESPONSES: _response_stream,
    Dialect.ANTHROPIC: _message_stream,
    Dialect.GOOGLE: _generation_stream,
}
FINE = {
    Dialect.OPENAI: "stop",
    Dialect.OPENAI_RESPONSES: "completed",
    Dialect.ANTHROPIC: "end_turn",
    Dialect.GOOGLE: "STOP",
}
"""Why an answer ended that was said to its end."""


def heard_in(dialect: Dialect, reply: Reply) -> Heard:
    """Read an answer of status 200."""
    if reply.headers["content-type"].startswith("text/event-stream"):
        return _STREAM[dialect](reply.events)
    return _WHOLE[dialect](reply.json)
