"""Answers of OpenAI's chat completions, and of its likes with their own additions."""

import json
from typing import Any

from tests.contracts.events import Event
from tests.contracts.facts.fact import Answer, Call, End, Said, Tokens, fingerprint, parsed

ENDS = {
    "stop": End.STOP,
    "eos": End.STOP,
    "length": End.LENGTH,
    "tool_calls": End.TOOLS,
    "function_call": End.TOOLS,
    "content_filter": End.FILTER,
}


def read(body: dict[str, Any]) -> Answer:
    """A whole answer."""
    said = [_said(choice) for choice in body["choices"]]
    for source in body.get("citations") or []:  # Perplexity
        said[0].cited.add(source)
    return Answer(said, _tokens(body.get("usage")), body.get("id") or "", body.get("model") or "")


def _said(choice: dict[str, Any]) -> Said:
    message: dict[str, Any] = choice.get("message") or {}
    said = Said(refusal=message.get("refusal") or "")
    # Some say the same thought in two fields.
    said.thought = message.get("reasoning_content") or message.get("reasoning") or ""
    content = message.get("content")
    if isinstance(content, str):
        said.text = content
    for part in content if isinstance(content, list) else []:
        if part["type"] == "text":
            said.text += part["text"]
        elif part["type"] == "thinking":  # Mistral
            said.thought += "".join(piece["text"] for piece in part["thinking"])
    for call in message.get("tool_calls") or []:
        said.calls.append(_call(call))
        said.sealed += _beside(call)
    said.sealed += _beside(message)
    if message.get("function_call"):  # before there were tools
        said.calls.append(_call({"id": "", "function": message["function_call"]}))
    for note in message.get("annotations") or []:
        said.cited.add(_cited(note))
    for image in message.get("images") or []:
        said.media.append(fingerprint(image["image_url"]["url"].partition(";base64,")[2]))
    if message.get("audio"):
        said.media.append(fingerprint(message["audio"]["data"]))
    said.steps = ["executed_tools"] if message.get("executed_tools") else []  # Groq
    details = message.get("reasoning_details") or []
    for detail in details:
        said.sealed += [detail[name] for name in ("signature", "data") if detail.get(name)]
    if not said.thought:  # OpenRouter may tell it there only
        said.thought = "".join(detail.get("text") or detail.get("summary") or "" for detail in details)
    said.likelihoods = bool(choice.get("logprobs"))
    word = choice.get("finish_reason")
    said.end = ENDS.get(word, End.OTHER) if word else End.NONE
    return said


def _beside(said: dict[str, Any]) -> list[str]:
    """A signature where Google's own endpoint for OpenAI's clients puts it."""
    beside = (said.get("extra_content") or {}).get("google") or {}
    return [beside["thought_signature"]] if "thought_signature" in beside else []


def _call(call: dict[str, Any]) -> Call:
    custom = call.get("custom")
    if custom is not None:
        return Call(call["id"], custom["name"], custom["input"])
    function = call["function"]
    arguments = function.get("arguments") or ""
    return Call(call["id"], function["name"], arguments if isinstance(arguments, dict) else parsed(arguments))


def _cited(note: dict[str, Any]) -> str:
    inside = note.get("url_citation") or note.get("file") or note
    return inside.get("url") or inside.get("title") or inside.get("name") or note["type"]


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if not usage:
        return None
    inside = usage.get("prompt_tokens_details") or {}
    outside = usage.get("completion_tokens_details") or {}
    return Tokens(
        usage.get("prompt_tokens", 0),
        usage.get("completion_tokens", 0),
        inside.get("cached_tokens") or 0,
        outside.get("reasoning_tokens") or 0,
    )


def read_stream(events: list[Event]) -> Answer:
    """A streamed answer, put together."""
    whole: dict[int, dict[str, Any]] = {}
    head: dict[str, Any] = {}
    usage: dict[str, Any] | None = None
    for event in events:
        if event.data == "[DONE]":
            break
        chunk = json.loads(event.data)
        head |= {name: value for name, value in chunk.items() if value and name not in ("choices", "usage")}
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for choice in chunk.get("choices") or []:
            known = whole.setdefault(choice.get("index") or 0, {"message": {}, "finish_reason": None})
            _add(known["message"], choice.get("delta") or {})
            known["logprobs"] = known.get("logprobs") or choice.get("logprobs")
            known["finish_reason"] = choice.get("finish_reason") or known["finish_reason"]
    return read({**head, "choices": [whole[at] for at in sorted(whole)], "usage": usage})


def _add(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            _add_calls(message.setdefault(name, []), value or [])
        elif isinstance(value, list):
            message[name] = _as_parts(message.get(name)) + value
        elif isinstance(message.get(name), list) and isinstance(value, str):
            message[name] = message[name] + _as_parts(value)
        elif isinstance(value, str) and name in ("content", "refusal", "reasoning", "reasoning_content"):
            message[name] = (message.get(name) or "") + value
        elif value is not None:
            message[name] = value


def _as_parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content or []


def _add_calls(calls: list[dict[str, Any]], deltas: list[dict[str, Any]]) -> None:
    for delta in deltas:
        inside = delta.get("function") or delta.get("custom") or {}
        at = delta.get("index")
        known = [call for call in calls if call["index"] == at] if at is not None else []
        if known:
            function = known[-1].get("custom") or known[-1]["function"]
            field = "input" if "custom" in known[-1] else "arguments"
            function[field] += inside.get(field) or ""
            continue
        kind = "custom" if delta.get("custom") is not None else "function"
        beside = {"extra_content": delta["extra_content"]} if "extra_content" in delta else {}
        field = "input" if kind == "custom" else "arguments"
        arguments = inside.get(field) or ""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        index = len(calls) if at is None else at
        said = {"name": inside.get("name"), field: text}
        calls.append({"index": index, "id": delta.get("id"), kind: said, **beside})
