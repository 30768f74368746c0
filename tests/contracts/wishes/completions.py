"""Requests for OpenAI's chat completions."""

from typing import Any

from tests.contracts.facts.fact import parsed
from tests.contracts.wishes.wish import Tool, Wish, medium, properties

_SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "n": "n",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "logit_bias": "logit_bias",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "stop": "stop",
    "user": "user",
}
_KNOWN = {
    *_SAMPLING,
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "stream",
    "stream_options",
}

_ANYWAY: dict[str, tuple[Any, ...]] = {"store": (False,), "service_tier": ("auto", "default")}
"""Values that ask for what is so anyway."""


def read(body: dict[str, Any]) -> Wish:
    """A request."""
    wish = Wish()
    for message in body["messages"]:
        _add(wish, message)
    for tool in body.get("tools") or []:
        function = tool.get("function")
        if function is None:
            wish.server_tools.append(tool["type"])
        else:
            schema = properties(function.get("parameters"))
            wish.tools[function["name"]] = Tool(function.get("description") or "", schema)
    wish.choice = _choice(body.get("tool_choice"))
    wish.parallel = body.get("parallel_tool_calls")
    wish.format = _format(body.get("response_format"))
    for name, called in _SAMPLING.items():
        value = body.get(name)
        if value is not None:
            wish.sampling[called] = [value] if name == "stop" and isinstance(value, str) else value
    if body.get("reasoning_effort") is not None:
        wish.thinks = "off" if body["reasoning_effort"] == "none" else "on"
    wish.unknown = [name for name, value in body.items() if name not in _KNOWN and not _anyway(name, value)]
    return wish


def _anyway(name: str, value: Any) -> bool:
    return value is None or value in _ANYWAY.get(name, ())


def _add(wish: Wish, message: dict[str, Any]) -> None:
    said: str = message["role"]
    role = {"developer": "system", "function": "tool"}.get(said, said)
    content: Any = message.get("content")
    if role == "tool":
        texts = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        wish.give(message.get("tool_call_id") or "", texts)
        wish.media += [_medium(part) for part in content if isinstance(part, dict) and part["type"] != "text"]
        return
    if message.get("reasoning_content") or message.get("reasoning") or message.get("reasoning_details"):
        wish.thoughts += 1
    if isinstance(content, str):
        wish.say(role, content)
    for part in content if isinstance(content, list) else []:
        if part["type"] == "text":
            wish.say(role, part["text"])
        elif part["type"] == "thinking":
            wish.thoughts += 1
        elif part["type"] == "refusal":
            wish.say(role, part["refusal"])
        elif part["type"] in ("image_url", "input_audio", "file"):
            wish.media.append(_medium(part))
        else:
            wish.steps.append(part["type"])
    if message.get("refusal"):
        wish.say(role, message["refusal"])
    for call in message.get("tool_calls") or []:
        inside = call.get("function") or call["custom"]
        arguments = inside.get("arguments", inside.get("input"))
        wish.call(call["id"], inside["name"], parsed(arguments) if isinstance(arguments, str) else arguments)


def _medium(part: dict[str, Any]) -> tuple[str, str]:
    match part["type"]:
        case "image_url":
            image = part["image_url"]
            return medium("image", url=image if isinstance(image, str) else image["url"])
        case "input_audio":
            return medium("audio", data=part["input_audio"]["data"])
        case _:
            file = part["file"]
            if file.get("file_id"):
                return medium("document", url=file["file_id"])
            data = file.get("file_data") or ""
            return medium("document", url=data if ":" in data else f"data:,{data}")


def _choice(choice: Any) -> tuple[str, tuple[str, ...]] | None:
    if choice is None or isinstance(choice, str):
        return None if choice is None else ("required" if choice == "any" else choice, ())
    if choice["type"] == "allowed_tools":
        tools = choice["allowed_tools"]["tools"]
        names = tuple(tool["function"]["name"] for tool in tools)
        return choice["allowed_tools"]["mode"], names
    return "required", ((choice.get("function") or choice["custom"])["name"],)


def _format(wished: dict[str, Any] | None) -> tuple[str, frozenset[str]] | None:
    if wished is None or wished["type"] == "text":
        return None
    if wished["type"] == "json_object":
        return "object", frozenset()
    return "schema", properties(wished["json_schema"].get("schema"))
