"""Messages → the items of a request's input."""

import hashlib
from collections.abc import Iterable
from typing import Any

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Foreign, Media, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from baton.upstream.dialects.responses.parts import write_said
from baton.upstream.dialects.responses.thoughts import HOME, write_summary

_LONGEST_ID = 64
"""Characters of a call's id that OpenAI takes (its API description)."""

_OPENAIS = frozenset({Dialect.OPENAI, Dialect.OPENAI_RESPONSES})
"""Which know the same files."""

_JOINED = frozenset({Role.ASSISTANT, Role.TOOL})
"""Of these roles there are only items: turns in a row cannot be told apart."""


class Turns:
    """Puts messages into items."""

    def __init__(self, losses: Losses, source: Dialect, *, no_developers: bool) -> None:
        """`source`: the dialect they came in; `no_developers`: the provider refuses that role."""
        self.items: list[Any] = []
        self._losses = losses
        self._no_developers = no_developers
        self._source = source
        self._customs: set[str] = set()
        """Ids of the calls of custom tools."""

    def write(self, messages: Iterable[Message]) -> list[Any]:
        """The items of all messages."""
        before: Role | None = None
        for message in messages:
            if message.role is before and before in _JOINED:
                self._losses.adjust(Feature.ALTERNATION)
            self._write(message)
            before = message.role
        return self.items

    def _write(self, message: Message) -> None:
        if message.name is not None:
            self._losses.drop(Feature.MESSAGE_NAME)
        if self._source is not HOME:
            for name in message.extras:
                self._losses.drop(Feature.UNKNOWN_FIELDS, name)
        said: list[Any] = []
        held = len(self.items)
        for part in message.parts:
            if isinstance(part, Text) and part.signature is not None:
                self._losses.drop(Feature.REASONING_SIGNATURE)
            if isinstance(part, Reasoning | ToolCall | ToolResult) or _is_item(part):
                self._say(message.role, said)
                said = []
                self._write_item(part)
            else:
                line = self._line(part, message.role)
                if line is not None:
                    said.append(line)
        self._say(message.role, said)
        if len(self.items) == held and message.role is not Role.TOOL:
            self._write_nothing(message)

    def _line(self, part: Part, role: Role) -> Any:
        """A part inside a message or a result; None: it cannot be said."""
        unknown = isinstance(part, Media) and part.data is None and part.url is None
        if unknown and self._source not in _OPENAIS:
            self._losses.drop(Feature.FILE_ID)
            return None
        return write_said(part, role, self._losses)

    def _write_nothing(self, message: Message) -> None:
        """A turn without words is left out, but for a user's: somebody has to have asked."""
        self._losses.adjust(Feature.EMPTY_CONTENT)
        if message.role is Role.USER:
            self.items.append({"type": "message", "role": "user", "content": ""})

    def _say(self, role: Role, said: list[Any]) -> None:
        if said:
            speaker = Role.USER if role is Role.TOOL else role
            if role is Role.DEVELOPER and self._no_developers:
                speaker = Role.SYSTEM
                self._losses.adjust(Feature.DEVELOPER_ROLE, speaker.value)
            self.items.append({"type": "message", "role": speaker.value, "content": said})

    def _write_item(self, part: Part) -> None:
        match part:
            case Reasoning():
                self._write_thought(part)
            case ToolCall():
                self.items.append(self._write_call(part))
            case ToolResult():
                self.items.append(self._write_result(part))
            case Foreign():
                self.items.append(part.raw)
            case _:
                pass

    def _write_thought(self, thought: Reasoning) -> None:
        """Only a thought in this dialect's own cipher means something here."""
        sealed = thought.encrypted
        if sealed is None or sealed.origin is not HOME:
            self._losses.drop(Feature.REASONING if thought.text else Feature.REASONING_SIGNATURE)
            return
        if thought.signature is not None or thought.details is not None:
            self._losses.drop(Feature.REASONING_SIGNATURE)
        item: dict[str, Any] = {"type": "reasoning", "summary": write_summary(thought.text)}
        if thought.id is not None:
            item["id"] = thought.id
        self.items.append(item | {"encrypted_content": sealed.value})

    def _write_call(self, call: ToolCall) -> dict[str, Any]:
        if call.signature is not None:
            self._losses.drop(Feature.REASONING_SIGNATURE)
        if call.cache_mark is not None:
            self._losses.drop(Feature.CACHE_MARKS)
        call_id = self._call_id(call.id)
        if call.kind == "custom":
            self._customs.add(call.id)
            return {
                "type": "custom_tool_call",
                "call_id": call_id,
                "name": call.name,
                "input": call.arguments,
            }
        return {
            "type": "function_call",
            "call_id": call_id,
            "name": call.name,
            "arguments": call.arguments,
        }

    def _write_result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self._losses.drop(Feature.TOOL_RESULT_ERROR)
        if result.cache_mark is not None:
            self._losses.drop(Feature.CACHE_MARKS)
        return {
            "type": "custom_tool_call_output" if result.call_id in self._customs else "function_call_output",
            "call_id": self._call_id(result.call_id),
            "output": self._write_output(result.parts),
        }

    def _write_output(self, parts: Iterable[Part]) -> Any:
        written = [(part, self._line(part, Role.TOOL)) for part in parts]
        said = [(part, line) for part, line in written if line is not None]
        if not said:
            return ""
        alone = said[0][0]
        return alone.text if len(said) == 1 and isinstance(alone, Text) else [line for _, line in said]

    def _call_id(self, call_id: str) -> str:
        """The id within bounds; a longer one becomes the same other one for the call and for its result."""
        if len(call_id) <= _LONGEST_ID:
            return call_id
        self._losses.adjust(Feature.TOOL_CALL_ID)
        return "call_" + hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _is_item(part: Part) -> bool:
    """Whether a part of this dialect is an item of its own: those that are not, stand inside a message."""
    return (
        isinstance(part, Foreign)
        and part.dialect is Dialect.OPENAI_RESPONSES
        and not part.kind.startswith(("input_", "output_"))
        and part.kind not in ("summary_text", "reasoning_text")
    )
