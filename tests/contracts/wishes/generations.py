"""Requests for Google's generateContent, in either of the spellings that it takes."""

import re
from typing import Any

from tests.contracts.wishes.wish import Tool, Wish, medium, properties

_SAMPLING = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "seed": "seed",
    "stopSequences": "stop",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "candidateCount": "n",
    "maxOutputTokens": "max_tokens",
    "responseLogprobs": "logprobs",
    "logprobs": "logprobs",
}
_KNOWN_CONFIG = {
    *_SAMPLING,
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "thinkingConfig",
}
_KNOWN = {"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
_FREE = ("args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema")
"""Fields whose names inside are the caller's own."""


def read(body: dict[str, Any]) -> Wish:
    """A request."""
    body = _camel(body)
    wish = Wish()
    parts = (body.get("systemInstruction") or {}).get("parts") or []
    for part in [parts] if isinstance(parts, dict) else parts:
        wish.say("system", part["text"])
    for content in body["contents"] if isinstance(body["contents"], list) else [body["contents"]]:
        for part in content.get("parts") or []:
            _add(wish, content.get("role") or "user", part)
    tools = body.get("tools") or []
    for tool in [tools] if isinstance(tools, dict) else tools:
        for function in tool.get("functionDeclarations") or []:
            schema = function.get("parameters") or function.get("parametersJsonSchema")
            wish.tools[function["name"]] = Tool(function.get("description") or "", properties(schema))
        wish.server_tools += [name for name in tool if name != "functionDeclarations"]
    config = body.get("toolConfig") or {}
    calling = config.get("functionCallingConfig")
    if calling is not None:
        mode: dict[str, str] = {"any": "required", "validated": "auto", "mode_unspecified": "auto"}
        word: str = calling.get("mode", "auto").lower()
        wish.choice = (mode.get(word, word), tuple(calling.get("allowedFunctionNames") or ()))
    wish.unknown = [f"toolConfig.{name}" for name in config if name != "functionCallingConfig"]
    _add_config(wish, body.get("generationConfig") or {})
    wish.unknown += [name for name, value in body.items() if name not in _KNOWN and value is not None]
    return wish


def _add_config(wish: Wish, config: dict[str, Any]) -> None:
    for name, called in _SAMPLING.items():
        if config.get(name) is not None:
            wish.sampling[called] = config[name]
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema is not None:
        wish.format = ("schema", properties(schema))
    elif config.get("responseMimeType") == "application/json":
        wish.format = ("object", frozenset())
    thinking = config.get("thinkingConfig") or {}
    if "thinkingBudget" in thinking or "thinkingLevel" in thinking:
        wish.thinks = "off" if thinking.get("thinkingBudget") == 0 else "on"
    wish.unknown += [
        f"generationConfig.{name}"
        for name, value in config.items()
        if name not in _KNOWN_CONFIG and value not in (None, ["TEXT"])
    ]


def _add(wish: Wish, role: str, part: dict[str, Any]) -> None:
    role = {"model": "assistant", "function": "user"}.get(role, role)
    if part.get("thought"):
        wish.thoughts += 1
    elif "text" in part:
        wish.say(role, part["text"])
    elif "functionCall" in part:
        call = part["functionCall"]
        # Where calls have no ids, results belong to them in their order.
        wish.call(call.get("id") or f"{call['name']}#{len(wish.calls)}", call["name"], call.get("args") or {})
    elif "functionResponse" in part:
        _give(wish, part["functionResponse"])
    elif "inlineData" in part:
        blob = part["inlineData"]
        if blob["mimeType"].startswith("text/plain"):
            wish.media.append(medium("document", data=blob["data"]))
        else:
            wish.media.append(medium(_kind(blob["mimeType"]), data=blob["data"]))
    elif "fileData" in part:
        file = part["fileData"]
        wish.media.append(medium(_kind(file.get("mimeType") or ""), url=file["fileUri"]))
    else:
        wish.steps += [name for name in part if name not in ("thoughtSignature", "thought")]


def _give(wish: Wish, answer: dict[str, Any]) -> None:
    call_id = answer.get("id")
    if not call_id or call_id not in wish.call_ids:
        given = {result.call for result in wish.results}
        named = [n for n, (name, _) in enumerate(wish.calls) if name == answer["name"]]
        call_id = next((wish.call_ids[n] for n in named if n not in given), "")
    response: dict[str, Any] = answer.get("response") or {}
    wish.give(call_id, response, is_error=set(response) == {"error"})
    for part in answer.get("parts") or []:
        _add(wish, "tool", part)


def _kind(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


def _camel(value: Any) -> Any:
    """With one spelling of every field but those whose names are the caller's."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, inner in value.items():
        word = re.sub(r"_(.)", lambda match: match[1].upper(), name)
        found[word] = inner if word in _FREE else _camel(inner)
    return found
