"""What is read and written again means the same: recorded requests and answers, through the core and back.

What may differ, all of it, stands in `request_again` and in `recorded.said`.
"""

import json
from typing import Any

from baton.core.losses import Feature, Losses
from baton.upstream.dialects.responses.answers import read_answer
from baton.upstream.dialects.responses.codec import CODEC
from baton.upstream.dialects.responses.requests import read_request, write_request
from tests.contracts.description import problems
from tests.upstream.dialects.responses.recorded import answers, envelope_of, recorded, said

NOT_KEPT = {
    "openai-af97571a4b": "a temperature below 0, which the provider refused",
    "deepseek-b02a6c04e1": "a thought that is no cipher, which only DeepSeek takes",
}


def test_a_recorded_request_is_written_as_it_was_read() -> None:
    """Roles, parts, calls and results, thoughts, tools, choices, formats, unknown fields: nothing is lost."""
    for exchange, spec in recorded():
        if exchange.id in NOT_KEPT:
            continue
        losses = Losses()
        read = read_request(json.dumps(exchange.request).encode())
        written = json.loads(write_request(read, exchange.request["model"], spec, losses))
        assert written == request_again(exchange.request), exchange.id
        if Feature.CACHE_MARKS not in losses.features:
            assert read_request(json.dumps(written).encode()).messages == read.messages, exchange.id
        assert losses.features <= {*CODEC.cannot, *CODEC.adjusts}, exchange.id


def request_again(request: dict[str, Any]) -> dict[str, Any]:
    """A request as it comes out again: nothing is stored, instructions are the first message, items have no
    ids, and what the core has no word for is reported (`ChatRequest.unread`)."""
    body = {name: value for name, value in request.items() if value is not None}
    items = body["input"]
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    items = [item_again(item) for item in items]
    told = body.pop("instructions", None)
    if told is not None:
        items.insert(0, message("system", [{"type": "input_text", "text": told}]))
    body["input"] = joined(items)
    body["store"] = False
    if not body.get("stream"):
        body.pop("stream", None)
    if body.get("include") in ([], ["reasoning.encrypted_content"]):
        del body["include"]
    if body.get("service_tier") == "auto":
        del body["service_tier"]
    if "tools" in body:
        body["tools"] = [tool_again(tool) for tool in body["tools"]]
    if "text" in body:
        body["text"] = {"format": {"strict": False, **body["text"]["format"]}}
    wish = body.pop("reasoning", None) or {}
    wish.setdefault("summary", wish.get("generate_summary"))
    told = {name: wish[name] for name in ("effort", "summary") if wish.get(name)}
    if told:
        body["reasoning"] = told
    if told or any("encrypted_content" in item for item in body["input"]):
        body.setdefault("include", ["reasoning.encrypted_content"])
    return body


def message(role: str, content: list[Any]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def item_again(item: dict[str, Any]) -> dict[str, Any]:
    match item.get("type", "message"):
        case "message":
            kind = "output_text" if item["role"] == "assistant" else "input_text"
            content = item["content"]
            if isinstance(content, str):
                content = [{"type": kind, "text": content}]
            return message(item["role"], [part_again(part) for part in content])
        case "function_call":
            return {name: item[name] for name in ("type", "call_id", "name", "arguments")}
        case "function_call_output":
            return {name: item[name] for name in ("type", "call_id", "output")}
        case "reasoning":
            text = "\n\n".join(part["text"] for part in item["summary"])
            again = {name: item[name] for name in ("type", "id", "encrypted_content") if name in item}
            return again | {"summary": [{"type": "summary_text", "text": text}] if text else []}
        case _:
            return item


def part_again(part: dict[str, Any]) -> dict[str, Any]:
    """Without marks of the prompt's cache; a model's words with a list of annotations."""
    known = {
        name: value for name, value in part.items() if name not in ("prompt_cache_breakpoint", "logprobs")
    }
    return {"annotations": [], **known} if part["type"] == "output_text" else known


def joined(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A model's messages one behind the other are one."""
    found: list[dict[str, Any]] = []
    for item in items:
        last = found[-1] if found else {}
        if item.get("role") == "assistant" and last.get("role") == "assistant":
            found[-1] = message("assistant", last["content"] + item["content"])
        else:
            found.append(item)
    return found


def tool_again(tool: dict[str, Any]) -> dict[str, Any]:
    if tool["type"] != "function":
        return tool
    known = {name: tool.get(name) for name in ("type", "name", "description", "parameters")}
    return {name: value for name, value in known.items() if value is not None} | {
        "strict": bool(tool["strict"])
    }


def test_a_recorded_answer_is_written_as_it_was_read() -> None:
    """Texts, citations, thoughts and ciphers, calls, server-side tools, usage, and what is repeated of the
    request: nothing is lost on the way."""
    for exchange, spec in answers():
        losses = Losses()
        read = read_answer(exchange.body, spec)
        write = envelope_of(exchange.request).write
        assert write is not None
        written = json.loads(write(read, losses))
        assert losses.features <= {Feature.REASONING_SIGNATURE}, exchange.id  # the ids of thoughts
        assert said(written) == said(exchange.parsed), exchange.id
        for name in ("instructions", "tool_choice", "parallel_tool_calls", "content_filters"):
            if exchange.parsed.get(name) is not None:
                assert written[name] == exchange.parsed[name], exchange.id


def test_an_answer_of_another_dialect_is_as_openai_describes_it() -> None:
    """The same answers, without what their provider said beside them, are valid by the API description."""
    for exchange, spec in answers():
        read = read_answer(exchange.body, spec)
        foreign = json.loads(exchange.body)
        plain = {name: foreign[name] for name in ("id", "model", "output", "status", "created_at")}
        read = read_answer(json.dumps(plain).encode(), spec)
        written = json.loads(CODEC.write_answer(read, Losses()))
        assert problems("Response", written) == [], exchange.id
