"""Whole answers ⇄ core."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.messages import Foreign, Media, MediaKind, Part, Signature, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.core.usage import Usage
from baton.upstream.dialects.callids import told_apart
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.failures import malformed
from baton.upstream.dialects.leniency import glimpse, or_empty
from baton.upstream.dialects.responses.draft import Draft, whole
from baton.upstream.dialects.responses.echo import SILENCE, Echo, is_told
from baton.upstream.dialects.responses.errors import failure_inside
from baton.upstream.dialects.responses.finishes import native_finish, read_finish
from baton.upstream.dialects.responses.parts import read_part
from baton.upstream.dialects.responses.thoughts import Loose, Stand, read_reasoning
from baton.upstream.dialects.responses.usage import (
    WireUsage,
    read_usage,
    usage_leniently,
    work_of,
    write_usage,
)
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.dialects.unsaid import left_in, note_unsaid
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, raw


class _GlancePart(Struct):
    text: Any = None
    refusal: Any = None


class _GlanceItem(Struct):
    content: list[_GlancePart] | None = None
    summary: list[_GlancePart] | None = None
    arguments: Any = None
    input: Any = None
    type: Any = None
    action: Any = None


class _GlanceBody(Struct):
    output: list[_GlanceItem] | None = None
    id: Any = None
    model: Any = None
    status: Any = None
    incomplete_details: Any = None
    usage: WireUsage | None = None
    service_tier: Any = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_GlanceBody)


def glance(body: bytes, spec: ProviderSpec) -> Glance:
    """Look at a whole answer without taking it apart.

    Raises:
        NotAnAnswer: empty, HTML, half a JSON, no output, an answer that failed.
    """
    seen = glimpse(body, _DECODER, _glance_leniently)
    if seen.error or seen.status == "failed":
        raise NotAnAnswer(failure_inside(spec, seen.error))
    if seen.output is None:
        raise NotAnAnswer(malformed(body, "there is no output in it"))
    reason = as_text(as_object(seen.incomplete_details).get("reason"))
    return Glance(
        id=str(seen.id or ""),
        model=str(seen.model or ""),
        usage=_usage(seen),
        finish=native_finish(as_text(seen.status), reason),
        chars=sum(map(_chars, seen.output)),
    )


def _usage(seen: _GlanceBody) -> Usage | None:
    if seen.usage is None:
        return None
    work = work_of((item.type, item.action) for item in seen.output or ())
    return read_usage(seen.usage, seen.service_tier, work)


def _chars(item: _GlanceItem) -> int:
    """Characters of text, reasoning and arguments in an item."""
    said: list[Any] = [item.arguments, item.input]
    for part in (*(item.content or ()), *(item.summary or ())):
        said += [part.text, part.refusal]
    return sum(len(text) for text in said if isinstance(text, str))


def _glance_leniently(fields: dict[str, Any]) -> _GlanceBody:
    plain = ("id", "model", "status", "incomplete_details", "error", "service_tier")
    seen = _GlanceBody(**{name: fields.get(name) for name in plain})
    if isinstance(fields.get("output"), list):
        seen.output = [or_empty(item, _GlanceItem) for item in as_list(fields["output"])]
    seen.usage = usage_leniently(fields.get("usage"))
    return seen


def read_answer(body: bytes, spec: ProviderSpec) -> ChatResponse:
    """A whole answer, taken apart; an item that cannot be understood stays as it was written.

    Raises:
        NotAnAnswer: as `glance`.
        Invalid: it is no JSON object.
    """
    seen = glance(body, spec)
    fields = Fields.of(body)
    return read_fields(fields, seen)


KNOWN = (
    "id",
    "model",
    "object",
    "status",
    "incomplete_details",
    "error",
    "output",
    "usage",
    "created_at",
)
"""Fields of an answer that are read."""


def read_fields(fields: Fields, seen: Glance) -> ChatResponse:
    """A whole answer from its fields.

    Raises:
        Invalid: its output is no array of objects.
    """
    unread: list[str] = []
    parts = read_output(fields.list("output"), unread)
    usage = fields.raw("usage")
    created: Any = fields.get("created_at", object)
    for known in KNOWN:
        fields.raw(known)
    response = ChatResponse(
        id=seen.id,
        model=seen.model,
        created=int(created) if isinstance(created, int | float) else 0,
        choices=(
            Choice(
                index=0,
                parts=parts,
                finish=finish_of(seen.finish or "completed", parts),
                native_finish=seen.finish,
            ),
        ),
        usage=seen.usage,
        dialect=Dialect.OPENAI_RESPONSES,
        usage_raw=usage,
        extras={name: value for name, value in fields.rest.items() if is_told(name, value)},
        unread=tuple(dict.fromkeys(unread)),
    )
    return told_apart(response)


def finish_of(native: str, parts: tuple[Part, ...]) -> Finish:
    """Why an answer of these parts ended."""
    return read_finish(native, called=any(isinstance(part, ToolCall) for part in parts))


def read_output(items: list[Fields], unread: list[str]) -> tuple[Part, ...]:
    """The parts of an answer; a signature that stands alone is put where it belongs."""
    parts: list[Part] = []
    of_call: Signature | None = None
    for found in (found for item in items for found in read_item(item, unread)):
        last = parts[-1] if parts else None
        match found:
            case Loose(stand=Stand.CALL):
                of_call = found.signature
            case Loose():
                if isinstance(last, Text):
                    parts[-1] = structs.replace(last, signature=found.signature)
                else:
                    parts.append(Text(text="", signature=found.signature))
            case ToolCall():
                parts.append(structs.replace(found, signature=of_call))
                of_call = None
            case _:
                parts.append(found)
    return tuple(parts)


def read_item(fields: Fields, unread: list[str]) -> list[Part | Loose]:
    """The parts of one item; one that cannot be understood stays as it was written. Paths of what nobody
    reads of the others are added to `unread`."""
    as_written = raw(fields.rest)
    kind = str(fields.get("type", object) or "")
    try:
        parts = _read_known(fields, kind, unread)
    except Invalid:
        parts = None
    foreign = Foreign(dialect=Dialect.OPENAI_RESPONSES, kind=kind, raw=as_written)
    if parts is None:
        return [foreign]
    unread += left_in(fields, _OF_ITEMS)
    return list(parts)


_OF_ITEMS = frozenset({"id", "status", "role"})
"""Of an item as OpenAI stores it; they say nothing more."""


def _read_known(fields: Fields, kind: str, unread: list[str]) -> Sequence[Part | Loose] | None:
    match kind:
        case "message":
            content = fields.list("content")
            parts = [read_part(part) for part in content]
            for part, read in zip(content, parts, strict=True):
                unread += [] if isinstance(read, Foreign) else left_in(part)
            return parts
        case "reasoning":
            return [read_reasoning(fields)]
        case "function_call" | "custom_tool_call":
            return [read_call(fields, kind)]
        case "image_generation_call":
            data = fields.text("result")
            form = fields.text("output_format") or "png"
            image = Media(kind=MediaKind.IMAGE, data=data, media_type=f"image/{form}")
            return None if data is None else [image]
        case _:
            return None


def read_call(fields: Fields, kind: str) -> ToolCall:
    """One tool call of an answer.

    Raises:
        Invalid: a field of it is of another kind.
    """
    call_id = fields.text("call_id") or fields.text("id") or ""
    name = fields.text("name") or ""
    if kind == "custom_tool_call":
        return ToolCall(id=call_id, name=name, arguments=fields.text("input") or "", kind="custom")
    arguments: Any = fields.get("arguments", object)
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else bytes(raw(arguments)).decode()
    return ToolCall(id=call_id, name=name, arguments=arguments)


def write_answer(response: ChatResponse, losses: Losses, echo: Echo = SILENCE) -> bytes:
    """A whole answer; `echo` is what it repeats of its request."""
    draft = Draft(echo, losses)
    for event in stream_of(response):
        draft.take(event)
    at_home = response.dialect is Dialect.OPENAI_RESPONSES
    usage = response.usage_raw if at_home else None
    if usage is None and response.usage is not None:
        usage = write_usage(response.usage)
    body = whole(draft.close(usage))
    if at_home:
        body |= response.extras
    else:
        note_unsaid(response, losses)
    return msgspec.json.encode(body)
