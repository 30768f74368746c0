"""The items of a request's input → messages: each message a turn, whatever number of items it came in."""

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.messages import (
    Foreign,
    Message,
    Part,
    Reasoning,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.upstream.dialects.responses.parts import read_part
from baton.upstream.dialects.responses.thoughts import Stand, read_reasoning
from baton.upstream.dialects.wire import Fields, raw

ROLES = frozenset({"system", "developer", "user", "assistant"})
INPUT = "input"
"""What a custom tool's function takes, in providers that know functions only: one text of this name."""

_OUTPUTS = frozenset(
    {
        "computer_call_output",
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "mcp_approval_response",
    }
)
"""What the caller brings, of tools that only this dialect knows."""


class Reading:
    """Gathers a request's items into messages; `unread` gets the paths of what only this dialect knows."""

    def __init__(self, customs: Collection[str], unread: list[str]) -> None:
        """`customs`: names of the custom tools that the request declares; their calls become functions'."""
        self.messages: list[Message] = []
        self._customs = customs
        self._custom_calls: set[str] = set()
        self._unread = unread
        self._role: Role | None = None
        self._parts: list[Part] = []
        self._names: dict[str, str] = {}
        """Call id → the tool's name."""
        self._signature: Signature | None = None
        """Of the call that comes next."""

    def take(self, fields: Fields) -> None:
        """One item.

        Raises:
            Invalid: a field of it is of another kind, or its role is none.
        """
        whole = raw(fields.rest)
        kind = fields.text("type") or "message"
        match kind:
            case "message":
                self._take_message(fields)
            case "reasoning":
                self._take_reasoning(fields)
            case "function_call" | "custom_tool_call":
                self._add(Role.ASSISTANT, self._read_call(fields, kind))
            case "function_call_output" | "custom_tool_call_output":
                self._add(Role.TOOL, self._read_result(fields))
            case _:
                fields.rest.clear()
                role = Role.TOOL if kind in _OUTPUTS else Role.ASSISTANT
                self._add(role, Foreign(dialect=Dialect.OPENAI_RESPONSES, kind=kind, raw=whole))
        for known in ("id", "status"):  # of the item as OpenAI stores it; they say nothing to a model
            fields.raw(known)
        self._unread += fields.left

    def done(self) -> tuple[Message, ...]:
        """All messages."""
        self._end_turn()
        return tuple(self.messages)

    def _add(self, role: Role, *parts: Part) -> None:
        if role is not self._role:
            self._end_turn()
            self._role = role
        self._parts += parts

    def _end_turn(self) -> None:
        if self._role is not None:
            self.messages.append(Message(role=self._role, parts=tuple(self._parts)))
        self._role, self._parts = None, []

    def _take_message(self, fields: Fields) -> None:
        role = fields.text("role")
        if role not in ROLES:
            raise fields.refuse("role", f"'{str(role)[:40]}' is no role")
        parts = self._read_content(fields, "content")
        if role == "assistant":
            self._add(Role.ASSISTANT, *parts)
            return
        self._end_turn()
        self._add(Role(role), *parts)
        self._end_turn()

    def _read_content(self, fields: Fields, name: str) -> list[Part]:
        value = fields.raw(name)
        if value is None:
            return []
        if bytes(value).startswith(b'"'):
            return [Text(text=msgspec.json.decode(value, type=str))]
        if not bytes(value).startswith(b"["):
            raise fields.refuse(name, "expected a string or an array")
        fields.rest[name] = value
        parts: list[Part] = []
        for part in fields.list(name):
            parts.append(read_part(part))
            self._unread += part.left
        return parts

    def _take_reasoning(self, fields: Fields) -> None:
        thought = read_reasoning(fields)
        if isinstance(thought, Reasoning):
            self._add(Role.ASSISTANT, thought)
        elif thought.stand is Stand.CALL:
            self._signature = thought.signature
        else:
            for at in range(len(self._parts) - 1, -1, -1):
                part = self._parts[at]
                if isinstance(part, Text) and self._role is Role.ASSISTANT:
                    self._parts[at] = structs.replace(part, signature=thought.signature)
                    return

    def _read_call(self, fields: Fields, kind: str) -> ToolCall:
        call_id, name = fields.text("call_id") or "", fields.text("name") or ""
        self._names[call_id] = name
        signature, self._signature = self._signature, None
        if kind == "function_call":
            arguments = fields.text("arguments") or ""
            return ToolCall(id=call_id, name=name, arguments=arguments, signature=signature)
        said = fields.text("input") or ""
        if name in self._customs:
            arguments = msgspec.json.encode({INPUT: said}).decode()
            return ToolCall(id=call_id, name=name, arguments=arguments, signature=signature)
        return ToolCall(id=call_id, name=name, arguments=said, signature=signature, kind="custom")

    def _read_result(self, fields: Fields) -> ToolResult:
        call_id = fields.text("call_id") or ""
        name = fields.text("name") or self._names.get(call_id)
        return ToolResult(call_id=call_id, parts=tuple(self._read_content(fields, "output")), name=name)


def read_input(fields: Fields, customs: Collection[str], unread: list[str]) -> list[Message]:
    """What the request's `input` says: a text, or items.

    Raises:
        Invalid: it is neither, or an item cannot be read.
    """
    value: Any = fields.rest.get("input")
    if value is not None and bytes(value).startswith(b'"'):
        return [Message(role=Role.USER, parts=(Text(text=fields.text("input") or ""),))]
    reading = Reading(customs, unread)
    for item in fields.list("input"):
        reading.take(item)
    return list(reading.done())
