"""Requests for OpenAI's Responses."""

from typing import Any

from tests.contracts.facts.fact import parsed
from tests.contracts.wishes.wish import Tool, Wish, medium, properties

_SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_logprobs": "logprobs",
    "max_output_tokens": "max_tokens",
    "user": "user",
}
_KNOWN = {
    *_SAMPLING,
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "stream",
    "stream_options",
}

_ANYWAY: dict[str, tuple[Any, ...]] = {
    "store": (False,),
    "background": (False,),
    "service_tier": ("auto", "default"),
    "truncation": ("disabled",),
    "include": ([], ["reasoning.encrypted_content"]),
}
"""Values that ask for what is so anyway: nobody stores anything, and thoughts come back in cipher."""


def read(body: dict[str, Any]) -> Wish:
    """A request."""
    wish = Wish()
    wish.say("system", body.get("instructions") or "")
    if isinstance(body["input"], str):
        wish.say("user", body["input"])
    else:
        for item in body["input"]:
            _add(wish, item)
    for tool in body.get("tools") or []:
        if tool["type"] == "function":
            wish.tools[tool["name"]] = Tool(tool.get("description") or "", properties(tool.get("parameters")))
        else:
            wish.server_tools.append(tool["type"])
    wish.choice = _choice(body.get("tool_choice"))
    wish.parallel = body.get("parallel_tool_calls")
    wish.format = _format((body.get("text") or {}).get("format"))
    for name, called in _SAMPLING.items():
        if body.get(name) is not None:
            wish.sampling[called] = body[name]
    effort = (body.get("reasoning") or {}).get("effort")
    if effort is not None:
        wish.thinks = "off" if effort == "none" else "on"
    wish.unknown = [name for name, value in body.items() if name not in _KNOWN and not _anyway(name, value)]
    return wish


def _anyway(name: str, value: Any) -> bool:
    return value is None or value in _ANYWAY.get(name, ())


def _add(wish: Wish, item: dict[str, Any]) -> None:
    match item.get("type", "message"):
        case "message":
            role = "system" if item["role"] == "developer" else item["role"]
            content = item["content"]
            if isinstance(content, str):
                wish.say(role, content)
            for part in content if isinstance(content, list) else []:
                _add_part(wish, role, part)
        case "function_call":
            wish.call(item["call_id"], item["name"], parsed(item["arguments"]))
        case "custom_tool_call":
            wish.call(item["call_id"], item["name"], item["input"])
        case "function_call_output" | "custom_tool_call_output":
            output = item["output"]
            if isinstance(output, list):
                texts = "".join(part.get("text", "") for part in output)
                wish.give(item["call_id"], texts)
                for part in output:
                    if part["type"] not in ("input_text", "output_text"):
                        _add_part(wish, "tool", part)
            else:
                wish.give(item["call_id"], output)
        case "reasoning":
            wish.thoughts += 1
        case kind:
            wish.steps.append(kind)


def _add_part(wish: Wish, role: str, part: dict[str, Any]) -> None:
    match part["type"]:
        case "input_text" | "output_text" | "text":
            wish.say(role, part["text"])
        case "refusal":
            wish.say(role, part["refusal"])
        case "input_image":
            wish.media.append(medium("image", url=part.get("image_url") or part.get("file_id")))
        case "input_file":
            data = part.get("file_data")
            if data is not None:
                data = data if ":" in data else f"data:,{data}"
            wish.media.append(medium("document", url=data or part.get("file_url") or part.get("file_id")))
        case "input_audio":
            wish.media.append(medium("audio", data=part["input_audio"]["data"]))
        case kind:
            wish.steps.append(kind)


def _choice(choice: Any) -> tuple[str, tuple[str, ...]] | None:
    if choice is None or isinstance(choice, str):
        return None if choice is None else (choice, ())
    if choice["type"] == "allowed_tools":
        return choice["mode"], tuple(tool["name"] for tool in choice["tools"])
    return "required", (choice.get("name") or choice["type"],)


def _format(wished: dict[str, Any] | None) -> tuple[str, frozenset[str]] | None:
    if wished is None or wished["type"] == "text":
        return None
    if wished["type"] == "json_object":
        return "object", frozenset()
    return "schema", properties(wished["schema"])
