"""Messages and system prompts ⇄ core.

The API knows two speakers who take turns. Results of tools come from the user, at the beginning of a turn.
"""

from typing import Any

from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Foreign,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.provider import Family
from baton.core.request import ChatRequest
from baton.upstream.dialects.anthropic.parts import (
    call_block,
    media_block,
    read_parts,
    text_block,
    usable_id,
)
from baton.upstream.dialects.wire import Fields, as_object

_OWN = Dialect.ANTHROPIC
ROLES = frozenset({"user", "assistant", "system"})
SYSTEM_ROLES = (Role.SYSTEM, Role.DEVELOPER)
_NOTHING = "."
"""What stands for a user's turn that says nothing: the API refuses empty ones."""

_GO_ON = "Go on from where you stopped."
"""What the user says behind an answer to be gone on with, where the model wants to be asked."""


def read_system(fields: Fields, unread: list[str]) -> list[Message]:
    """The system prompt: a text, or blocks of text."""
    parts = _read_content(fields, "system", unread)
    return [Message(role=Role.SYSTEM, parts=parts)] if parts else []


def read_messages(message: Fields, unread: list[str]) -> list[Message]:
    """One message, in several where a user's holds results of tools beside what the user says."""
    name = message.text("role")
    if name not in ROLES:
        raise message.refuse("role", f"'{name}' is no role")
    role = Role(name)
    parts = _read_content(message, "content", unread)
    turns: list[Message] = []
    for speaker, said in _runs(parts, role):
        turns.append(Message(role=speaker, parts=said))
    if not turns:
        turns.append(Message(role=role))
    unread.extend(message.path(field) for field in message.rest)
    return turns


def _read_content(fields: Fields, name: str, unread: list[str]) -> tuple[Part, ...]:
    written = fields.rest.get(name)
    if written is not None and bytes(written).lstrip().startswith(b'"'):
        return (Text(text=fields.text(name) or ""),)
    return read_parts(fields.list(name), unread)


def _runs(parts: tuple[Part, ...], role: Role) -> list[tuple[Role, tuple[Part, ...]]]:
    """The parts in runs of results and of what is said."""
    runs: list[tuple[Role, list[Part]]] = []
    for part in parts:
        speaker = Role.TOOL if isinstance(part, ToolResult) else role
        if not runs or runs[-1][0] is not speaker:
            runs.append((speaker, []))
        runs[-1][1].append(part)
    return [(speaker, tuple(said)) for speaker, said in runs]


def write_conversation(
    request: ChatRequest, family: Family, losses: Losses
) -> tuple[str | list[Any] | None, list[dict[str, Any]]]:
    """The system prompt and the messages."""
    written = _Conversation(family, request.dialect is _OWN, losses)
    for at, message in enumerate(request.messages):
        _note_unsaid(message, at, losses)
        if message.role in SYSTEM_ROLES:
            written.add_system(message)
        else:
            written.add_turn(message)
    return written.finish()


class _Conversation:
    """The turns written so far."""

    def __init__(self, family: Family, own: bool, losses: Losses) -> None:
        """`own`: the request came in this dialect."""
        self._family = family
        self._own = own
        self._losses = losses
        self._system: list[Any] = []
        self._turns: list[dict[str, Any]] = []
        self._waiting: list[Any] = []
        """Of later system messages: their place is behind a turn of the user's."""

    def add_system(self, message: Message) -> None:
        """A system message: part of the prompt, or, where the model takes it, a turn behind a user's."""
        if message.role is Role.DEVELOPER:
            self._losses.adjust(Feature.DEVELOPER_ROLE)
        blocks = self._blocks(message)
        if not blocks:
            self._losses.adjust(Feature.EMPTY_CONTENT)
        elif not self._turns:
            self._system += blocks
        elif self._family.takes_system_turns:
            if self._turns[-1]["role"] != "user":
                self._losses.adjust(Feature.SYSTEM_POSITION)
            self._waiting += blocks
        else:
            self._losses.adjust(Feature.SYSTEM_POSITION)
            self._system += blocks

    def add_turn(self, message: Message) -> None:
        """What somebody says; turns of one speaker in a row are joined."""
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        blocks = self._blocks(message)
        if not blocks:
            self._losses.adjust(Feature.EMPTY_CONTENT)
            if role == "assistant":
                return
            blocks = [text_block(_NOTHING)]
        if role == "user" and self._waiting:
            self._losses.adjust(Feature.SYSTEM_POSITION)
        if role == "assistant":
            self._tell_waiting()
            if not self._turns:
                self._losses.adjust(Feature.ALTERNATION)
                self._turns.append({"role": "user", "content": [text_block(_NOTHING)]})
        if self._turns and self._turns[-1]["role"] == role:
            if role == "assistant" or not _is_results(self._turns[-1]["content"]):
                self._losses.adjust(Feature.ALTERNATION)
            self._turns[-1]["content"].extend(blocks)
        else:
            self._turns.append({"role": role, "content": blocks})

    def finish(self) -> tuple[str | list[Any] | None, list[dict[str, Any]]]:
        """The system prompt and the messages, ended as the model takes it."""
        turns = self._turns
        self._tell_waiting()
        if self._waiting:
            self._system += self._waiting
        if not turns and self._system:
            self._losses.adjust(Feature.SYSTEM_POSITION)
            turns.append({"role": "user", "content": self._system})
            self._system = []
        elif turns and turns[-1]["role"] == "assistant":
            self._end_with_assistant(turns)
        for turn in turns:
            turn["content"] = _short(turn["content"])
        return _short(self._system) or None, turns

    def _blocks(self, message: Message) -> list[Any]:
        return [block for part in message.parts for block in _blocks(part, self._own, self._losses)]

    def _tell_waiting(self) -> None:
        """Put what waits behind the user's turn, if the last one is that."""
        if self._waiting and self._turns and self._turns[-1]["role"] == "user":
            self._turns.append({"role": "system", "content": self._waiting})
            self._waiting = []

    def _end_with_assistant(self, turns: list[dict[str, Any]]) -> None:
        """An answer to be gone on with: it may not end in white space, and newer models take none."""
        if not self._family.takes_prefill:
            self._losses.adjust(Feature.PREFILL)
            turns.append({"role": "user", "content": [text_block(_GO_ON)]})
            return
        last = as_object(turns[-1]["content"][-1])
        text = last.get("text")
        if isinstance(text, str) and text != text.rstrip():
            self._losses.adjust(Feature.PREFILL)
            turns[-1]["content"][-1] = {**last, "text": text.rstrip()}


def _note_unsaid(message: Message, at: int, losses: Losses) -> None:
    if message.name is not None:
        losses.drop(Feature.MESSAGE_NAME)
    for name in message.extras:
        losses.drop(Feature.UNKNOWN_FIELDS, f"messages[{at}].{name}")


def _is_results(blocks: list[dict[str, Any] | Raw]) -> bool:
    """Whether a turn holds results of tools alone: that what the user says follows them is the usual way."""
    return all(isinstance(block, dict) and block.get("type") == "tool_result" for block in blocks)


def _short(blocks: list[Any]) -> Any:
    """A lone text without a mark as the string that says the same."""
    only = as_object(blocks[0]) if len(blocks) == 1 else {}
    return only["text"] if set(only) == {"type", "text"} else blocks


def _blocks(part: Part, own: bool, losses: Losses) -> list[Any]:
    """The blocks of one part, for a model."""
    match part:
        case Text():
            if part.signature is not None:
                losses.drop(Feature.REASONING_SIGNATURE)
            if not part.text.strip():
                if part.text or part.citations:
                    losses.adjust(Feature.EMPTY_CONTENT)
                return []
            return [_text(part, losses)]
        case Media():
            block = media_block(part, own, losses)
            return [] if block is None else [block]
        case Reasoning():
            return thought_blocks(part, losses)
        case Refusal():
            losses.adjust(Feature.REFUSAL)
            return [text_block(part.text)] if part.text.strip() else []
        case ToolCall():
            if part.signature is not None:
                losses.drop(Feature.REASONING_SIGNATURE)
            return [{**call_block(part, losses), "id": usable_id(part.id, losses)}]
        case ToolResult():
            return [_result(part, own, losses)]
        case Foreign():
            if part.dialect is _OWN:
                return [part.raw]
            losses.drop(Feature.FOREIGN_PARTS, part.kind or None)
            return []


def _text(part: Text, losses: Losses) -> dict[str, Any]:
    block = text_block(part.text, part.cache_mark)
    own = [note.raw for note in part.citations if note.origin is _OWN and note.raw is not None]
    if len(own) < len(part.citations):
        losses.drop(Feature.CITATIONS)
    return {**block, "citations": own} if own else block


def thought_blocks(part: Reasoning, losses: Losses) -> list[dict[str, Any]]:
    """A thought for a model of this dialect's: its own, signed, or none."""
    signature, cipher = part.signature, part.encrypted
    blocks: list[dict[str, Any]] = []
    if signature is not None and signature.origin is _OWN:
        blocks.append({"type": "thinking", "thinking": part.text, "signature": signature.value})
    elif part.text:
        losses.drop(Feature.REASONING)
    if cipher is not None and cipher.origin is _OWN:
        blocks.append({"type": "redacted_thinking", "data": cipher.value})
    foreign = [mark for mark in (signature, cipher) if mark is not None and mark.origin is not _OWN]
    if foreign or part.id is not None or part.details is not None:
        losses.drop(Feature.REASONING_SIGNATURE)
    return blocks


def _result(result: ToolResult, own: bool, losses: Losses) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": usable_id(result.call_id, losses)}
    inner = [said for part in result.parts for said in _blocks(part, own, losses)]
    if inner:
        block["content"] = _short(inner)
    if result.is_error:
        block["is_error"] = True
    if result.cache_mark is not None:
        block["cache_control"] = result.cache_mark
    return block
