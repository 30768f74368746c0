"""Whole answers ⇄ core."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Foreign, Media, Part, Reasoning, Refusal, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.anthropic.citations import write_citation
from baton.upstream.dialects.anthropic.errors import error_inside
from baton.upstream.dialects.anthropic.finishes import read_finish, write_finish
from baton.upstream.dialects.anthropic.parts import call_block, read_parts, text_block
from baton.upstream.dialects.anthropic.riders import beside_call, beside_text, seal
from baton.upstream.dialects.anthropic.usage import WireUsage, read_usage, usage_leniently, write_usage
from baton.upstream.dialects.callids import told_apart
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.failures import malformed
from baton.upstream.dialects.leniency import glimpse
from baton.upstream.dialects.unsaid import note_unsaid
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text

_OWN = Dialect.ANTHROPIC
_NO_CHOICE = Choice(index=0, parts=(), finish=None)
_OF_THE_CHOICE = ("stop_sequence", "stop_details")


class _GlanceBlock(Struct):
    text: Any = None
    thinking: Any = None
    input: Any = None


class _GlanceBody(Struct):
    content: list[_GlanceBlock] | None = None
    type: Any = None
    id: Any = None
    model: Any = None
    usage: WireUsage | None = None
    stop_reason: Any = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_GlanceBody)


def glance(body: bytes, spec: ProviderSpec) -> Glance:
    """Look at a whole answer without taking it apart.

    Raises:
        NotAnAnswer: empty, HTML, half a JSON, an error inside a 200, no content.
    """
    seen = glimpse(body, _DECODER, _glance_leniently)
    if seen.content is None:
        if seen.error:
            raise NotAnAnswer(error_inside(spec, seen.error))
        raise NotAnAnswer(malformed(body, "there is no content in it"))
    chars = 0
    for block in seen.content:
        for said in (block.text, block.thinking):
            chars += len(said) if isinstance(said, str) else 0
        if block.input is not None:
            chars += len(msgspec.json.encode(block.input))
    return Glance(
        id=str(seen.id or ""),
        model=str(seen.model or ""),
        usage=None if seen.usage is None else read_usage(seen.usage),
        finish=as_text(seen.stop_reason),
        chars=chars,
    )


def _glance_leniently(fields: dict[str, Any]) -> _GlanceBody:
    known = {name: fields.get(name) for name in ("type", "id", "model", "stop_reason", "error")}
    seen = _GlanceBody(usage=usage_leniently(fields.get("usage")), **known)
    if isinstance(fields.get("content"), list):
        seen.content = [
            _GlanceBlock(text=block.get("text"), thinking=block.get("thinking"), input=block.get("input"))
            for block in map(as_object, as_list(fields["content"]))
        ]
    return seen


def read_answer(body: bytes, spec: ProviderSpec) -> ChatResponse:
    """A whole answer, taken apart.

    Raises:
        NotAnAnswer: as `glance`.
        Invalid: a field of it is of a kind that cannot be understood.
    """
    seen = glance(body, spec)
    fields = Fields.of(body)
    unread: list[str] = []
    parts = read_parts(fields.list("content"), unread)
    usage = fields.raw("usage")
    native = fields.text("stop_reason")
    for known in ("id", "model", "type", "role"):
        fields.raw(known)
    told = {name: said for name in _OF_THE_CHOICE if (said := fields.raw(name)) is not None}
    choice = Choice(
        index=0,
        parts=parts,
        finish=read_finish(native) if native else None,
        native_finish=native,
        extras=told,
    )
    response = ChatResponse(
        id=seen.id,
        model=seen.model,
        created=0,
        choices=(choice,),
        usage=seen.usage,
        dialect=_OWN,
        usage_raw=usage,
        extras={name: said for name, said in fields.rest.items() if bytes(said) != b"null"},
        unread=tuple(dict.fromkeys(unread)),
    )
    return told_apart(response)


def write_answer(response: ChatResponse, losses: Losses) -> bytes:
    """A whole answer in Anthropic's shape: the first choice."""
    if len(response.choices) > 1:
        losses.drop(Feature.N)
    own = response.dialect is _OWN
    choice = response.choices[0] if response.choices else _NO_CHOICE
    stop: dict[str, Any] = {"stop_sequence": None}
    if own:
        stop |= choice.extras
    body: dict[str, Any] = {
        "id": response.id,
        "type": "message",
        "role": "assistant",
        "model": response.model,
        "content": [block for part in choice.parts for block in said_blocks(part, losses)],
        "stop_reason": stop_reason(choice, losses),
        **stop,
    }
    if own and response.usage_raw is not None:
        body["usage"] = response.usage_raw
    elif response.usage is not None:
        body["usage"] = write_usage(response.usage)
    else:
        body["usage"] = {"input_tokens": 0, "output_tokens": 0}
    if own:
        body.update(response.extras)
    else:
        note_unsaid(response, losses)
    return msgspec.json.encode(body)


def stop_reason(choice: Choice, losses: Losses) -> str:
    """Why it ended; calls and refusals end an answer as such, whatever the provider said."""
    finish = choice.finish or Finish.STOP
    if finish is Finish.STOP:
        if any(isinstance(part, ToolCall) for part in choice.parts):
            losses.adjust(Feature.FINISH, "tool_use")
            return "tool_use"
        if any(isinstance(part, Refusal) for part in choice.parts):
            losses.adjust(Feature.FINISH, "refusal")
            return "refusal"
    return write_finish(finish, choice.native_finish, losses)


def said_blocks(part: Part, losses: Losses) -> list[Any]:
    """The blocks of one part, for a caller."""
    match part:
        case Text():
            block: dict[str, Any] = text_block(part.text)
            notes = [write_citation(note, losses) for note in part.citations]
            block |= {"citations": cited} if (cited := [note for note in notes if note is not None]) else {}
            return [block] if part.signature is None else [block, redacted_block(beside_text(part.signature))]
        case Reasoning():
            return _thought(part, losses)
        case Refusal():
            losses.adjust(Feature.REFUSAL)
            return [text_block(part.text)]
        case ToolCall():
            block = call_block(part, losses)
            if part.signature is None:
                return [block]
            return [thinking_block("", beside_call(part.signature)), block]
        case Media():
            losses.drop(Feature(part.kind.value))
            return []
        case Foreign() if part.dialect is _OWN:
            return [part.raw]
        case Foreign():
            losses.drop(Feature.FOREIGN_PARTS, part.kind or None)
            return []
        case _:
            return []


def _thought(part: Reasoning, losses: Losses) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    shown = bool(part.text) or part.signature is not None or part.encrypted is None
    if shown:
        blocks.append(thinking_block(part.text, seal(part.signature, part.id)))
    if part.encrypted is not None:
        thought_id = None if shown else part.id
        blocks.append(redacted_block(seal(part.encrypted, thought_id, same=shown)))
    if part.details is not None:
        losses.drop(Feature.REASONING_SIGNATURE, "reasoning_details")
    return blocks


def thinking_block(text: str, signature: str) -> dict[str, Any]:
    """A thought that is shown."""
    return {"type": "thinking", "thinking": text, "signature": signature}


def redacted_block(data: str) -> dict[str, Any]:
    """A thought in cipher."""
    return {"type": "redacted_thinking", "data": data}
