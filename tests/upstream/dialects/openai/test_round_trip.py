"""What is read and written again means the same: recorded requests and answers, through the core and back.

What may differ, all of it, stands in `request_again` and `answer_again`.
"""

import json
from typing import Any

import pytest

from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.openai.answers import read_answer
from baton.upstream.dialects.openai.replies import write_answer
from baton.upstream.dialects.openai.requests import read_request, write_request
from baton.upstream.directory import declared
from tests.contracts.contract import REFUSED_BEFOREHAND
from tests.contracts.recordings import PROVIDERS, chats

SPECS = {spec.name: spec for spec in declared()}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_recorded_request_is_written_as_it_was_read(provider: str) -> None:
    """Roles, parts, tools, schemas, strictness, sampling, unknown fields: nothing is lost on the way."""
    for exchange in chats(provider):
        if exchange.id in REFUSED_BEFOREHAND:
            continue
        read = read_request(json.dumps(exchange.request).encode())
        losses = Losses()
        written = write_request(read, exchange.request["model"], SPECS[provider], losses)
        assert not losses, exchange.id
        assert said(json.loads(written)) == request_again(exchange.request, SPECS[provider]), exchange.id
        assert read_request(written).messages == read.messages, exchange.id
        assert read_request(written).tools == read.tools, exchange.id


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_recorded_answer_is_written_as_it_was_read(provider: str) -> None:
    """Text, thoughts, refusals, tool calls, citations, usage, unknown fields: nothing is lost on the way."""
    spec = SPECS[provider]
    for exchange in chats(provider):
        if exchange.status != 200 or exchange.streamed:
            continue
        read = read_answer(exchange.body, spec)
        losses = Losses()
        written = write_answer(read, losses)
        assert not losses, exchange.id
        assert json.loads(written) == answer_again(exchange.parsed), exchange.id
        assert [choice.parts for choice in read_answer(written, spec).choices] == [
            choice.parts for choice in read.choices
        ], exchange.id


def said(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that are null: they say as much as absent ones."""
    return {name: value for name, value in fields.items() if value is not None}


def request_again(request: dict[str, Any], spec: ProviderSpec) -> dict[str, Any]:
    """A request as it comes out again."""
    body = said(request)
    body["messages"] = [message_again(message) for message in body["messages"]]
    if not body.get("stream"):
        body.pop("stream", None)
        body.pop("stream_options", None)
    elif not spec.quirks.no_stream_options:
        body["stream_options"] = {"include_usage": True}
    limits = [body.pop(name, None) for name in ("max_completion_tokens", "max_tokens")]
    for limit in reversed([limit for limit in limits if limit is not None]):
        body[spec.quirks.limit_name] = limit  # the provider's own word for it
    if body.get("tool_choice") == "any":  # Mistral's word for `required`, which it takes as well
        body["tool_choice"] = "required"
    if isinstance(body.get("stop"), str):
        body["stop"] = [body["stop"]]
    if "tools" in body:
        body["tools"] = [{"type": "function", **tool} for tool in body["tools"]]
    wish = body.get("response_format")
    if wish and wish["type"] == "json_schema":
        body["response_format"] = {**wish, "json_schema": {"name": "answer", **wish["json_schema"]}}
    return body


def message_again(message: dict[str, Any]) -> dict[str, Any]:
    """A message of a request as it comes out again."""
    line = said(message)
    content = line.pop("content", None)
    if isinstance(content, list):
        parts = [part_again(part) for part in content]
        lone = parts[0] if len(parts) == 1 else {}
        content = lone["text"] if set(lone) == {"type", "text"} else parts
    if content or not line.get("tool_calls") or content == "":
        line["content"] = content or ""
    return with_calls_and_thoughts_again(line)


def part_again(part: dict[str, Any]) -> dict[str, Any]:
    """A content part: Mistral takes an image's bare URL, everybody takes the object."""
    if isinstance(part.get("image_url"), str):
        return {**part, "image_url": {"url": part["image_url"]}}
    return part


def with_calls_and_thoughts_again(line: dict[str, Any]) -> dict[str, Any]:
    """One name for thoughts; tool calls with a type, without an index, with arguments."""
    if "reasoning" in line:
        thought = line.pop("reasoning")
        line.setdefault("reasoning_content", thought)
    if "tool_calls" in line:
        calls = [{"type": "function", **said(call)} for call in line["tool_calls"]]
        for call in calls:
            call.pop("index", None)
            if "function" in call:
                call["function"] = {"arguments": "", **call["function"]}
        line["tool_calls"] = calls
    return line


def without_thinking_parts(line: dict[str, Any]) -> dict[str, Any]:
    """Mistral's content in parts is thoughts and text."""
    content = line.get("content")
    if not isinstance(content, list):
        return line
    thoughts = [part["thinking"] for part in content if part["type"] == "thinking"]
    texts = [part["text"] for part in content if part["type"] == "text"]
    thought = "".join(piece["text"] for pieces in thoughts for piece in pieces)
    return {**line, "content": "".join(texts), "reasoning_content": thought}


def link(url: str) -> dict[str, Any]:
    """A source that belongs to no place in the text."""
    return {
        "type": "url_citation",
        "url_citation": {"url": url, "title": url, "start_index": 0, "end_index": 0},
    }


def answer_again(answer: dict[str, Any]) -> dict[str, Any]:
    """A whole answer as it comes out again: OpenAI's required fields are there, null where unknown."""
    choices: list[dict[str, Any]] = []
    for choice in answer["choices"]:
        message = said(choice.get("message", {}))
        line = without_thinking_parts(with_calls_and_thoughts_again(message))
        message = {"role": "assistant", "content": None, "refusal": None, **line}
        told = "".join(detail.get("summary", "") for detail in line.get("reasoning_details", []))
        if told:  # a text that stood in the details only
            message.setdefault("reasoning_content", told)
        if message.get("annotations") == []:
            del message["annotations"]
        if isinstance(answer.get("citations"), list):  # Perplexity's sources are the text's, too
            message["annotations"] = [link(url) for url in dict.fromkeys(answer["citations"])]
        if "function_call" in message:  # a tool call by its older name; it had no id
            function = message.pop("function_call")
            call = {"id": f"call_{answer['id']}_0", "type": "function", "function": function}
            message["tool_calls"] = [call]
        usual = {"logprobs": None, "finish_reason": "stop"}
        line = {**usual, **said(choice), "message": message}
        if line["finish_reason"] == "eos":  # Together's word, which OpenAI's clients do not know
            line["finish_reason"] = "stop"
        choices.append(line)
    return {**answer, "choices": choices}
