"""Whole chat-completions answers ⇄ core."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.messages import Foreign, Media, MediaKind, Part, Reasoning, Refusal, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.openai.finishes import read_finish, write_finish
from baton.upstream.dialects.openai.parts import (
    read_call,
    read_citations,
    read_part,
    read_reasoning,
    read_thinking,
    write_call,
    write_citation,
)
from baton.upstream.dialects.openai.usage import WireUsage, read_usage, write_usage
from baton.upstream.dialects.wire import UNREADABLE, Fields, as_list, as_object, raw


class _GlanceFunction(Struct):
    arguments: Any = None


class _GlanceCall(Struct):
    function: _GlanceFunction | None = None


class _GlanceMessage(Struct):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[_GlanceCall] | None = None


class _GlanceChoice(Struct):
    message: _GlanceMessage | None = None
    finish_reason: Any = None


class _GlanceBody(Struct):
    choices: list[_GlanceChoice] | None = None
    id: Any = None
    model: Any = None
    usage: WireUsage | None = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_GlanceBody)
_LENIENT = msgspec.json.Decoder(dict[str, Any])


def glance(body: bytes, spec: ProviderSpec) -> Glance:
    """Look at a whole answer without taking it apart.

    Raises:
        NotAnAnswer: empty, HTML, half a JSON, an error inside a 200, no choices.
    """
    try:
        seen = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        seen = _glance_leniently(body, error)
    except UNREADABLE as error:
        raise NotAnAnswer(_malformed(body, str(error))) from None
    if not seen.choices:
        if seen.error:
            raise NotAnAnswer(error_inside(spec, seen.error))
        raise NotAnAnswer(_malformed(body, "there are no choices in it"))
    chars = 0
    finish = None
    for choice in seen.choices:
        if finish is None and isinstance(choice.finish_reason, str):
            finish = choice.finish_reason
        message = choice.message
        if message is not None:
            for said in (message.content, message.reasoning_content or message.reasoning):
                chars += text_length(said)
            for call in message.tool_calls or ():
                if call.function is not None:
                    chars += text_length(call.function.arguments)
    return Glance(
        id=str(seen.id or ""),
        model=str(seen.model or ""),
        usage=read_usage(seen.usage, spec.quirks) if seen.usage is not None else None,
        finish=finish,
        chars=chars,
    )


def _glance_leniently(body: bytes, error: msgspec.ValidationError) -> _GlanceBody:
    """A paid answer with one field of an unexpected kind is still an answer: only that field is not seen."""
    try:
        fields = _LENIENT.decode(body)
    except UNREADABLE:
        raise NotAnAnswer(_malformed(body, str(error))) from None
    seen = _GlanceBody(id=fields.get("id"), model=fields.get("model"), error=fields.get("error"))
    if isinstance(fields.get("choices"), list):
        seen.choices = [_choice_leniently(choice) for choice in as_list(fields["choices"])]
    seen.usage = usage_leniently(fields.get("usage"))
    return seen


def _choice_leniently(choice: object) -> _GlanceChoice:
    try:
        return msgspec.convert(choice, _GlanceChoice)
    except msgspec.ValidationError:
        return _GlanceChoice()


def usage_leniently(usage: object) -> WireUsage | None:
    """The three counts of a usage object whose details are of an unexpected kind."""
    counts = as_object(usage)
    try:
        return msgspec.convert(counts, WireUsage) if counts else None
    except msgspec.ValidationError:
        known = ("prompt_tokens", "completion_tokens", "total_tokens")
        plain = {name: counts[name] for name in known if type(counts.get(name)) is int}
        return msgspec.convert(plain, WireUsage) if plain else None


def text_length(said: object) -> int:
    """Characters of a text, or of the texts in a list of parts."""
    if isinstance(said, str):
        return len(said)
    if isinstance(said, list):
        return len(msgspec.json.encode(said))
    return 0


def _malformed(body: bytes, why: str) -> Failure:
    head = body[:200].lstrip().lower()
    if not head:
        what = "an empty body"
    elif head.startswith((b"<!doctype", b"<html", b"<")):
        what = "HTML"
    else:
        what = f"something that is no chat completion ({why})"
    return Failure(kind=Kind.MALFORMED, message=f"The provider answered 200 with {what}.", billed=True)


def read_response(body: bytes, spec: ProviderSpec) -> ChatResponse:
    """A whole answer, taken apart.

    Raises:
        NotAnAnswer: as `glance`.
        Invalid: a field of it is of a kind that cannot be understood.
    """
    seen = glance(body, spec)
    fields = Fields.of(body)
    choices = fields.list("choices")
    usage = fields.raw("usage")
    created = fields.get("created", float)
    for known in ("id", "model", "object"):
        fields.raw(known)
    return ChatResponse(
        id=seen.id,
        model=seen.model,
        created=int(created or 0),
        choices=tuple(_read_choice(choice, at) for at, choice in enumerate(choices)),
        usage=seen.usage,
        dialect=Dialect.OPENAI,
        usage_raw=usage,
        extras=fields.rest,
    )


def _read_choice(fields: Fields, at: int) -> Choice:
    message = fields.inner("message")
    native = fields.text("finish_reason")
    index = fields.get("index", int)
    message.raw("role")
    return Choice(
        index=at if index is None else index,
        parts=tuple(_read_said(message)),
        finish=read_finish(native) if native else None,
        native_finish=native,
        logprobs=fields.raw("logprobs"),
        extras=fields.rest,
        message_extras=message.rest,
    )


def _read_said(message: Fields) -> list[Part]:
    """The parts of an answer's message."""
    parts: list[Part] = [*read_reasoning(message)]
    citations = read_citations(message)
    content: Any = message.get("content", object)
    if isinstance(content, str):
        parts.append(Text(text=content, citations=citations))
    elif content is not None:
        for part, fields in zip(
            as_list(content), Fields({"content": raw(content)}).list("content"), strict=True
        ):
            thought = read_thinking(as_object(part))
            parts.append(read_part(fields) if thought is None else Reasoning(text=thought))
    if citations and not isinstance(content, str):
        parts.append(Text(text="", citations=citations))
    refusal = message.text("refusal")
    if refusal is not None:
        parts.append(Refusal(text=refusal))
    audio = message.raw("audio")
    if audio is not None:
        parts.append(Foreign(dialect=Dialect.OPENAI, kind="audio", raw=audio))
    parts.extend(read_call(call) for call in message.list("tool_calls"))
    return parts


def write_response(response: ChatResponse, losses: Losses) -> bytes:
    """A whole answer in OpenAI's shape."""
    del losses
    body: dict[str, Any] = {
        "id": response.id,
        "object": "chat.completion",
        "created": response.created,
        "model": response.model,
        "choices": [_write_choice(choice) for choice in response.choices],
    }
    if response.usage_raw is not None and response.dialect is Dialect.OPENAI:
        body["usage"] = response.usage_raw
    elif response.usage is not None:
        body["usage"] = write_usage(response.usage)
    if response.dialect is Dialect.OPENAI:
        body.update(response.extras)
    return msgspec.json.encode(body)


def _write_choice(choice: Choice) -> dict[str, Any]:
    finish = write_finish(choice.finish or Finish.STOP, choice.native_finish)
    return {
        "index": choice.index,
        "message": {**_write_said(choice.parts), **choice.message_extras},
        "logprobs": choice.logprobs,
        "finish_reason": finish,
        **choice.extras,
    }


def _write_said(parts: tuple[Part, ...]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    texts: list[str] = []
    structured: list[Any] = []
    calls: list[dict[str, Any]] = []
    for part in parts:
        match part:
            case Text():
                texts.append(part.text)
                if part.citations:
                    message.setdefault("annotations", []).extend(map(write_citation, part.citations))
            case Reasoning():
                if part.text or part.details is None:
                    message["reasoning_content"] = message.get("reasoning_content", "") + part.text
                if part.details is not None:
                    message["reasoning_details"] = part.details
            case Refusal():
                message["refusal"] = (message["refusal"] or "") + part.text
            case ToolCall():
                calls.append(write_call(part))
            case Foreign(kind="audio"):
                message["audio"] = part.raw
            case Foreign():
                structured.append(part.raw)
            case Media(kind=MediaKind.IMAGE) if part.url or part.data:
                url = part.url or f"data:{part.media_type};base64,{part.data}"
                message.setdefault("images", []).append({"type": "image_url", "image_url": {"url": url}})
            case _:
                pass
    if structured:
        message["content"] = [*structured, *({"type": "text", "text": text} for text in texts)]
    elif texts:
        message["content"] = "".join(texts)
    if calls:
        message["tool_calls"] = calls
    return message
