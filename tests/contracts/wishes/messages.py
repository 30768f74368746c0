"""Requests for Anthropic's Messages."""

from base64 import b64encode
from typing import Any

from tests.contracts.wishes.wish import Tool, Wish, medium, properties

_SAMPLING = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop_sequences": "stop",
    "max_tokens": "max_tokens",
}
_KNOWN = {
    *_SAMPLING,
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
    "stream",
}
_CHOICES = {"auto": "auto", "none": "none", "any": "required", "tool": "required"}


def read(body: dict[str, Any]) -> Wish:
    """A request."""
    wish = Wish()
    system = body.get("system") or ""
    wish.say("system", system if isinstance(system, str) else "".join(block["text"] for block in system))
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for block in blocks:
            _add(wish, message["role"], block)
    for tool in body.get("tools") or []:
        if tool.get("type", "custom") == "custom":
            schema = properties(tool.get("input_schema"))
            wish.tools[tool["name"]] = Tool(tool.get("description") or "", schema)
        else:
            wish.server_tools.append(tool["type"])
    choice = body.get("tool_choice")
    if choice is not None:
        wish.choice = (_CHOICES[choice["type"]], (choice["name"],) if "name" in choice else ())
        if choice.get("disable_parallel_tool_use") is not None:
            wish.parallel = not choice["disable_parallel_tool_use"]
    output: dict[str, Any] = body.get("output_config") or {}
    wished = output.get("format") or body.get("output_format")
    if wished is not None:
        wish.format = ("schema", properties(wished["schema"]))
    for name, called in _SAMPLING.items():
        if body.get(name) is not None:
            wish.sampling[called] = body[name]
    if (body.get("metadata") or {}).get("user_id"):
        wish.sampling["user"] = body["metadata"]["user_id"]
    thinking = (body.get("thinking") or {}).get("type")
    if thinking is not None:
        wish.thinks = "off" if thinking == "disabled" else "on"
    elif output.get("effort") is not None:
        wish.thinks = "on"
    wish.unknown = [name for name, value in body.items() if name not in _KNOWN and value is not None]
    wish.unknown += [f"output_config.{name}" for name in output if name not in ("format", "effort")]
    return wish


def _add(wish: Wish, role: str, block: dict[str, Any]) -> None:
    match block["type"]:
        case "text":
            wish.say(role, block["text"])
        case "image" | "document":
            _add_medium(wish, block)
        case "tool_use":
            wish.call(block["id"], block["name"], block["input"])
        case "tool_result":
            content = block.get("content") or ""
            if isinstance(content, str):
                texts = content
            else:
                texts = "".join(part["text"] for part in content if part["type"] == "text")
                for part in content:
                    if part["type"] in ("image", "document"):
                        _add_medium(wish, part)
                    elif part["type"] != "text":
                        wish.steps.append(part["type"])
            wish.give(block["tool_use_id"], texts, is_error=bool(block.get("is_error")))
        case "thinking" | "redacted_thinking":
            wish.thoughts += 1
        case kind:
            wish.steps.append(kind)


def _add_medium(wish: Wish, block: dict[str, Any]) -> None:
    source = block["source"]
    match source["type"]:
        case "base64":
            wish.media.append(medium(block["type"], data=source["data"]))
        case "url":
            wish.media.append(medium(block["type"], url=source["url"]))
        case "file":
            wish.media.append(medium(block["type"], url=source["file_id"]))
        case "text":
            wish.media.append(medium("document", data=b64encode(source["data"].encode()).decode()))
        case kind:
            wish.steps.append(kind)
