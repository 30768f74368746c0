"""Contents ⇄ messages."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Foreign,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.provider import Quirks
from baton.upstream.dialects.google.parts import (
    HOME,
    joined,
    json_object,
    read_call,
    read_said,
    signed,
    write_call,
    write_media,
    write_thought,
)
from baton.upstream.dialects.google.spelling import each, inner
from baton.upstream.dialects.wire import Fields, as_object

ROLES = frozenset({"user", "model", "function", "tool"})
"""`function` is an older word; results come from the user."""

_OUTPUT = "output"
_ERROR = "error"


class _Open:
    """The calls that wait for their result, so that results without an id find theirs by name and order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, str]] = []
        self._made = 0

    def made(self) -> str:
        """An id for a call that has none, the same for the same contents."""
        self._made += 1
        return f"call_{self._made}"

    def called(self, call: ToolCall) -> None:
        """A call waits."""
        self._waiting.append((call.name, call.id))

    def answered(self, name: str, call_id: str | None) -> str:
        """The id of the call that a result is for."""
        for at, (waits, waiting_id) in enumerate(self._waiting):
            if waiting_id == call_id or (call_id is None and waits == name):
                del self._waiting[at]
                return waiting_id
        return call_id or self.made()


def read_contents(contents: list[Fields], unread: list[str]) -> list[Message]:
    """The messages of a conversation; what nobody reads is added to `unread`.

    Raises:
        Invalid: a role or a part that cannot be.
    """
    waiting = _Open()
    messages: list[Message] = []
    for content in contents:
        role = (content.text("role") or "user").lower()
        if role not in ROLES:
            raise content.refuse("role", "please use a valid role: user, model")
        said = _read_parts(each(content, "parts"), waiting, unread)
        unread += content.left
        for message in _messages(role, said):
            _append(messages, message)
    return messages


def _messages(role: str, said: list[Part]) -> list[Message]:
    """One content as messages: what tools brought back is a message of its own."""
    if role == "model":
        return [Message(role=Role.ASSISTANT, parts=tuple(said))]
    messages: list[Message] = []
    for part in said or [None]:
        spoken = Role.TOOL if isinstance(part, ToolResult) else Role.USER
        parts = () if part is None else (part,)
        if messages and messages[-1].role is spoken:
            messages[-1] = Message(role=spoken, parts=(*messages[-1].parts, *parts))
        else:
            messages.append(Message(role=spoken, parts=parts))
    return messages


def _append(messages: list[Message], message: Message) -> None:
    """Clients give a streamed answer back as one content for each chunk, and may do so with results."""
    if messages and messages[-1].role is message.role and message.role in (Role.ASSISTANT, Role.TOOL):
        before = messages[-1].parts
        together = (
            joined(before, message.parts) if message.role is Role.ASSISTANT else (*before, *message.parts)
        )
        messages[-1] = Message(role=message.role, parts=together)
    else:
        messages.append(message)


def _read_parts(parts: list[Fields], waiting: _Open, unread: list[str]) -> list[Part]:
    said: list[Part] = []
    for fields in parts:
        if "functionCall" in fields.rest:
            part: Part = read_call(fields, "")
            if not part.id:
                part = msgspec.structs.replace(part, id=waiting.made())
            waiting.called(part)
        elif "functionResponse" in fields.rest:
            part = _read_result(fields, waiting, unread)
        else:
            part = read_said(fields)
        if not isinstance(part, Foreign):
            unread += fields.left
        if isinstance(part, Reasoning) and said and isinstance(said[-1], Reasoning):
            said = list(joined(said, [part]))
        else:
            said.append(part)
    return said


def _read_result(fields: Fields, waiting: _Open, unread: list[str]) -> ToolResult:
    fields.raw("thoughtSignature")
    result = inner(fields, "functionResponse")
    name = result.text("name") or ""
    text, failed = _read_response(result.raw("response"))
    media = [read_said(part) for part in each(result, "parts")]
    call_id = waiting.answered(name, result.text("id"))
    unread += result.left
    said = [] if text is None else [Text(text=text)]
    return ToolResult(call_id=call_id, parts=(*said, *media), name=name, is_error=failed)


def _read_response(response: Raw | None) -> tuple[str | None, bool]:
    """The text of what a tool brought back, and whether that is an error: its own words where it is put as
    Google's documentation has it (`output`, `error`), else the JSON as it was written."""
    if response is None:
        return None, False
    fields = as_object(msgspec.json.decode(response))
    if not fields:
        return (None, False) if bytes(response).strip() == b"{}" else (bytes(response).decode(), False)
    for name in (_OUTPUT, _ERROR):
        if set(fields) == {name} and isinstance(fields[name], str):
            return fields[name], name == _ERROR
    return bytes(response).decode(), False


def read_system(fields: Fields) -> list[Message]:
    """The system instruction: a content, or (leniently) a text."""
    value = fields.rest.get("systemInstruction")
    if value is not None and bytes(value).lstrip()[:1] == b'"':
        return [Message(role=Role.SYSTEM, parts=(Text(text=fields.text("systemInstruction") or ""),))]
    content = inner(fields, "systemInstruction")
    parts = [read_said(part) for part in each(content, "parts")]
    return [Message(role=Role.SYSTEM, parts=tuple(parts))] if parts else []


class ContentsWriter:
    """Writes messages as contents."""

    def __init__(self, own: bool, quirks: Quirks, model: str, losses: Losses) -> None:
        """`own`: the messages came in this dialect."""
        self._own = own
        self._losses = losses
        self._checks_signatures = quirks.checks_signatures(model)
        self._results_hold_media = quirks.results_hold_media(model)
        self._names: dict[str, str] = {}
        """Call id → the tool's name, which a result must repeat."""

    def write(self, messages: tuple[Message, ...]) -> tuple[list[Any], list[Any]]:
        """(parts of the system instruction, contents)."""
        system: list[Any] = []
        contents: list[dict[str, Any]] = []
        last: Role | None = None
        for message in messages:
            self._note(message)
            if message.role in (Role.SYSTEM, Role.DEVELOPER):
                if contents:
                    self._losses.adjust(Feature.SYSTEM_POSITION)
                system += self._system(message)
                continue
            parts = self._results(message) if message.role is Role.TOOL else self._said(message)
            parts = [part for part in parts if part != _EMPTY]
            role = "model" if message.role is Role.ASSISTANT else "user"
            if not parts:
                self._losses.adjust(Feature.EMPTY_CONTENT)
                if role == "model":
                    continue
                parts = [{"text": _NOTHING}]
            if message.role is last and message.role is not Role.USER:
                self._losses.adjust(Feature.ALTERNATION)
                contents[-1]["parts"] += parts
            else:
                contents.append({"role": role, "parts": parts})
            last = message.role
        if not contents:  # they must not be empty
            self._losses.adjust(Feature.SYSTEM_POSITION)
            contents, system = [{"role": "user", "parts": system or [{"text": _NOTHING}]}], []
        return system, contents

    def _system(self, message: Message) -> list[Any]:
        """The parts of a system message."""
        if message.role is Role.DEVELOPER:
            self._losses.adjust(Feature.DEVELOPER_ROLE)
        said = [part for part in self._said(message) if part != _EMPTY]
        if not said:
            self._losses.adjust(Feature.EMPTY_CONTENT)
        return said

    def _note(self, message: Message) -> None:
        if message.name is not None:
            self._losses.drop(Feature.MESSAGE_NAME)
        for name in message.extras:
            self._losses.drop(Feature.UNKNOWN_FIELDS, f"messages.{name}")

    def _said(self, message: Message) -> list[Any]:
        """The parts of what people and models say."""
        parts: list[Any] = []
        pending: Signature | None = None
        calls = 0
        for part in message.parts:
            match part:
                case Reasoning():
                    lone = _lone_signature(part)
                    parts += _sealed(pending)
                    parts += self._thought(part) if lone is None else []
                    pending = lone
                    continue
                case ToolCall():
                    parts.append(self._call(part, pending, first=calls == 0))
                    calls += 1
                case Text():
                    if part.cache_mark is not None:
                        self._losses.drop(Feature.CACHE_MARKS)
                    if part.citations:
                        self._losses.drop(Feature.CITATIONS)
                    own = _at_home(part.signature)
                    if own != part.signature:
                        self._losses.drop(Feature.REASONING_SIGNATURE)
                    parts += [] if own is None else _sealed(pending)
                    parts.append(signed({"text": part.text}, own or pending))
                case _:
                    parts += [*_sealed(pending), *self._other(part)]
            pending = None
        return parts + _sealed(pending)

    def _other(self, part: Part) -> list[Any]:
        match part:
            case Media():
                written = write_media(part, self._losses)
                return [] if written is None else [written]
            case Foreign() if part.dialect is HOME:
                return [part.raw]
            case Foreign():
                self._losses.drop(Feature.FOREIGN_PARTS, part.kind)
                return []
            case Refusal():
                self._losses.adjust(Feature.REFUSAL)
                return [{"text": part.text}]
            case _:
                return []

    def _thought(self, thought: Reasoning) -> list[Any]:
        """A thought goes back to its own model only."""
        ours = [each for each in (thought.signature, thought.encrypted) if each is not None]
        if any(each.origin is not HOME for each in ours) or thought.details is not None or thought.id:
            self._losses.drop(Feature.REASONING_SIGNATURE)
            return []
        if not ours and not self._own:
            self._losses.drop(Feature.REASONING)
            return []
        return write_thought(thought)

    def _call(self, call: ToolCall, pending: Signature | None, *, first: bool) -> dict[str, Any]:
        self._names[call.id] = call.name
        if call.cache_mark is not None:
            self._losses.drop(Feature.CACHE_MARKS)
        if call.signature is not None and call.signature.origin is not HOME:
            self._losses.drop(Feature.REASONING_SIGNATURE)
        signature = _at_home(call.signature) or pending
        if signature is None and first and self._checks_signatures:
            self._losses.adjust(Feature.REASONING_SIGNATURE)
            signature = Signature(origin=HOME, value=UNSIGNED)
        return write_call(msgspec.structs.replace(call, signature=signature), self._losses)

    def _results(self, message: Message) -> list[Any]:
        """All results, as those of one turn must stand together, and behind them what they cannot hold."""
        results: list[Any] = []
        behind: list[Any] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                response, shown = self._result(part)
                results.append({"functionResponse": response})
                if shown and len(message.parts) > 1:
                    behind.append({"text": f"The result of the tool call {part.call_id}:"})
                behind += shown
            else:
                behind += [{"text": part.text}] if isinstance(part, Text) else self._other(part)
        return results + behind

    def _result(self, result: ToolResult) -> tuple[dict[str, Any], list[Any]]:
        """A result, and the media that it cannot hold."""
        if result.cache_mark is not None:
            self._losses.drop(Feature.CACHE_MARKS)
        texts = [part.text for part in result.parts if isinstance(part, Text) and part.text]
        response: dict[str, Any] = {
            "name": self._names.get(result.call_id) or result.name or "tool",
            "response": _write_response("\n".join(texts), result.is_error)
            if texts or result.is_error
            else {},
        }
        if result.call_id:
            response["id"] = result.call_id
        media = [part for part in result.parts if isinstance(part, Media)]
        shown = [written for part in media if (written := write_media(part, self._losses)) is not None]
        if any(not isinstance(part, Text | Media) for part in result.parts):
            self._losses.drop(Feature.FOREIGN_PARTS)
        if not shown:
            return response, []
        if self._results_hold_media:
            return {**response, "parts": shown}, []
        self._losses.adjust(Feature.TOOL_RESULT_MEDIA)
        return response, shown


_NOTHING = "."
"""What a user's turn says that has nothing to say: the API takes none without."""

_EMPTY = {"text": ""}
"""What the API takes no more than no part at all."""

UNSIGNED = "skip_thought_signature_validator"
"""What Google's documentation says to put on a call that another model made (thought signatures, FAQ)."""


def _sealed(pending: Signature | None) -> list[Any]:
    """A part for a signature that has no other to stand on."""
    return [] if pending is None else [signed({"text": ""}, pending)]


def _lone_signature(thought: Reasoning) -> Signature | None:
    """A signature of ours that travelled as a thought without words, before the part that it belongs on."""
    if thought.text or thought.details is not None:
        return None
    return _at_home(thought.signature) or _at_home(thought.encrypted)


def _at_home(signature: Signature | None) -> Signature | None:
    return signature if signature is not None and signature.origin is HOME else None


def _write_response(text: str, failed: bool) -> Any:
    """What a tool brought back, as the object that it must be."""
    if failed:
        return {_ERROR: text}
    written = json_object(text)
    if written is None:
        return {_OUTPUT: text}
    fields = as_object(msgspec.json.decode(written))
    ambiguous = len(fields) == 1 and any(isinstance(fields.get(name), str) for name in (_OUTPUT, _ERROR))
    # An empty object says that there was no text at all.
    return {_OUTPUT: text} if ambiguous or not fields else written
