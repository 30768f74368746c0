"""What an answer repeats of its request: the dialect's answers hold the wishes that they fulfil."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.upstream.dialects.responses.tools import custom_names
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object

_PLAIN: dict[str, Any] = {
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": False,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
}
"""What is said where nobody asked for anything else; null: it was left to the model."""

_REPEATED = frozenset(
    {
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "prompt_cache_key",
        "reasoning",
        "safety_identifier",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
_NULL = b"null"
_OF_THE_REQUEST = (
    _REPEATED
    | _PLAIN.keys()
    | {
        "billing",
        "completed_at",
        "frequency_penalty",
        "presence_penalty",
        "prompt_cache_options",
        "prompt_cache_retention",
    }
)
_USUAL_TIERS = frozenset({"auto", "default"})


class Echo(Struct, frozen=True):
    """What is repeated."""

    fields: dict[str, Any]
    customs: frozenset[str] = frozenset()
    """Names of custom tools: their calls come as functions' and go out as theirs."""


SILENCE = Echo(_PLAIN)
"""Of a request that nobody knows."""


def is_told(name: str, value: Raw) -> bool:
    """Whether a field of a provider's answer says more than what was asked, and that nothing happened."""
    if name in _OF_THE_REQUEST:
        return False
    said = msgspec.json.decode(value)
    usual = name == "service_tier" and isinstance(said, str | None) and said in _USUAL_TIERS
    return not usual and _holds_something(said)


def _holds_something(value: Any) -> bool:
    """Whether there is anything but nulls and zeros in it."""
    inner = [*as_object(value).values(), *as_list(value)]
    return any(map(_holds_something, inner)) if isinstance(value, dict | list) else bool(value)


def echo_of(body: bytes) -> Echo:
    """What an answer repeats of this request."""
    try:
        asked = msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:  # it was read before, with more room on the stack
        return SILENCE
    fields: dict[str, Any] = dict(_PLAIN)
    for name in _REPEATED & asked.keys():
        if bytes(asked[name]) != _NULL:
            fields[name] = asked[name]
    if "tools" in asked and bytes(asked["tools"]) != _NULL:
        fields["tools"] = [_tool(tool) for tool in as_list(msgspec.json.decode(asked["tools"]))]
    text = as_object(msgspec.json.decode(asked.get("text", b"null")))
    if text:
        fields["text"] = {**_PLAIN["text"], **text}
    return Echo(fields, custom_names(asked.get("tools")))


def _tool(tool: object) -> object:
    """A tool with the fields that are optional in a request only."""
    said = as_object(tool)
    if said.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **said}
