"""Whole chat-completions answers, read into the core."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from baton.core.answer import ChatResponse, Choice
from baton.core.dialect import Dialect
from baton.core.messages import Citation, Foreign, Media, MediaKind, Part, Reasoning, Refusal, Text, ToolCall
from baton.core.provider import ProviderSpec, Quirks
from baton.upstream.dialects.callids import UniqueIds
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.failures import malformed
from baton.upstream.dialects.leniency import glimpse, or_empty
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.openai.finishes import read_finish
from baton.upstream.dialects.openai.parts import (
    citation_of,
    read_call,
    read_citations,
    read_part,
    read_signature,
    read_thinking,
    signed,
    split_data_url,
)
from baton.upstream.dialects.openai.thoughts import read_thoughts
from baton.upstream.dialects.openai.usage import WireUsage, read_usage, usage_leniently
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, raw


class _GlanceFunction(Struct):
    arguments: Any = None


class _GlanceCall(Struct):
    function: _GlanceFunction | None = None


class _GlanceMessage(Struct):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[_GlanceCall] | None = None
    annotations: Any = None
    executed_tools: Any = None
    images: Any = None


class _GlanceChoice(Struct):
    message: _GlanceMessage | None = None
    finish_reason: Any = None


class _GlanceBody(Struct):
    choices: list[_GlanceChoice] | None = None
    id: Any = None
    model: Any = None
    usage: WireUsage | None = None
    service_tier: Any = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_GlanceBody)


def glance(body: bytes, spec: ProviderSpec) -> Glance:
    """Look at a whole answer without taking it apart.

    Raises:
        NotAnAnswer: empty, HTML, half a JSON, an error inside a 200, no choices.
    """
    seen = glimpse(body, _DECODER, _glance_leniently)
    if not seen.choices:
        if seen.error:
            raise NotAnAnswer(error_inside(spec, seen.error))
        raise NotAnAnswer(malformed(body, "there are no choices in it"))
    chars = 0
    finish = None
    beside = False
    for choice in seen.choices:
        if finish is None and isinstance(choice.finish_reason, str):
            finish = choice.finish_reason
        message = choice.message
        if message is not None:
            beside = beside or bool(message.annotations or message.executed_tools or message.images)
            for said in (message.content, message.reasoning_content or message.reasoning):
                chars += len(text_in(said))
            for call in message.tool_calls or ():
                if call.function is not None:
                    chars += len(text_in(call.function.arguments))
    return Glance(
        id=str(seen.id or ""),
        model=str(seen.model or ""),
        usage=None if seen.usage is None else read_usage(seen.usage, spec.quirks, seen.service_tier, beside),
        finish=finish,
        chars=chars,
    )


def _glance_leniently(fields: dict[str, Any]) -> _GlanceBody:
    plain = ("id", "model", "error", "service_tier")
    seen = _GlanceBody(**{name: fields.get(name) for name in plain})
    if isinstance(fields.get("choices"), list):
        seen.choices = [or_empty(choice, _GlanceChoice) for choice in as_list(fields["choices"])]
    seen.usage = usage_leniently(fields.get("usage"))
    return seen


def text_in(said: object) -> str:
    """A text, or those of a list of parts; thoughts may be a list inside a part."""
    if isinstance(said, str):
        return said
    parts = map(as_object, as_list(said))
    return "".join(as_text(part.get("text")) or text_in(part.get("thinking")) for part in parts)


def read_answer(body: bytes, spec: ProviderSpec) -> ChatResponse:
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
    ids = UniqueIds()
    unread: list[str] = []
    read = tuple(_read_choice(choice, at, seen.id, ids, unread) for at, choice in enumerate(choices))
    sources = read_sources(fields.rest, spec.quirks)
    return ChatResponse(
        id=seen.id,
        model=seen.model,
        created=int(created or 0),
        choices=tuple(_sourced(choice, sources) for choice in read) if sources else read,
        usage=seen.usage,
        dialect=Dialect.OPENAI,
        usage_raw=usage,
        extras=fields.rest,
        unread=tuple(dict.fromkeys(unread)),
    )


def read_sources(fields: Mapping[str, Any], quirks: Quirks) -> list[Citation]:
    """The sources that a provider lists beside the choices, each once; none has a place in the text."""
    if quirks.sources_in is None:
        return []
    listed = fields.get(quirks.sources_in)
    sources = as_list(msgspec.json.decode(listed) if isinstance(listed, Raw) else listed)
    urls = dict.fromkeys(source for source in sources if isinstance(source, str))
    return [citation_of(_link(url)) for url in urls]


def _link(url: str) -> dict[str, Any]:
    """The annotation that such a source could have been."""
    link = {"url": url, "title": url, "start_index": 0, "end_index": 0}
    return {"type": "url_citation", "url_citation": link}


def _sourced(choice: Choice, sources: list[Citation]) -> Choice:
    """The choice whose text, where it names no others, has these sources."""
    parts: list[Part] = []
    for part in choice.parts:
        is_first = sources and isinstance(part, Text) and not part.citations
        parts.append(structs.replace(part, citations=tuple(sources)) if is_first else part)
        sources = [] if isinstance(part, Text) else sources
    return structs.replace(choice, parts=tuple(parts))


def _read_choice(fields: Fields, at: int, answer_id: str, ids: UniqueIds, unread: list[str]) -> Choice:
    message = fields.inner("message")
    native = fields.text("finish_reason")
    index = fields.get("index", int)
    message.raw("role")
    return Choice(
        index=at if index is None else index,
        parts=tuple(_read_said(message, answer_id, ids, unread)),
        finish=read_finish(native) if native else None,
        native_finish=native,
        logprobs=fields.raw("logprobs"),
        extras=fields.rest,
        message_extras=message.rest,
    )


def _read_said(message: Fields, answer_id: str, ids: UniqueIds, unread: list[str]) -> list[Part]:
    """The parts of an answer's message; what stands deep in it and is not understood goes to `unread`."""
    parts: list[Part] = [*read_thoughts(message)]
    executed = message.raw("executed_tools")
    if executed is not None:
        parts.append(Foreign(dialect=Dialect.OPENAI, kind="executed_tools", raw=executed))
    parts += signed(_read_content(message, unread), read_signature(message))
    parts += read_images(as_list(message.get("images", object)))
    refusal = message.text("refusal")
    if refusal is not None:
        parts.append(Refusal(text=refusal))
    audio = message.raw("audio")
    if audio is not None:
        parts.append(Foreign(dialect=Dialect.OPENAI, kind="audio", raw=audio))
    for fields in message.list("tool_calls"):
        call = read_call(fields, unread)
        parts.append(structs.replace(call, id=ids.unique(call.id, answer_id)))
    # What calls were before there were several; they had no id.
    function = as_object(message.get("function_call", object))
    if function:
        arguments = as_text(function.get("arguments")) or ""
        name = as_text(function.get("name")) or ""
        parts.append(ToolCall(id=ids.unique("", answer_id), name=name, arguments=arguments))
    return parts


def _read_content(message: Fields, unread: list[str]) -> tuple[Part, ...]:
    citations = read_citations(message)
    content: Any = message.get("content", object)
    if isinstance(content, str):
        return (Text(text=content, citations=citations),)
    parts: list[Part] = []
    again = Fields({"content": raw(as_list(content))}, message.path("")[:-1]).list("content")
    for part, fields in zip(as_list(content), again, strict=True):
        thought = read_thinking(as_object(part))
        parts.append(read_part(fields, unread) if thought is None else Reasoning(text=thought))
    if citations:
        parts.append(Text(text="", citations=citations))
    return tuple(parts)


def read_images(images: list[Any]) -> list[Part]:
    """The images of an answer, as OpenRouter's guide on image generation has them."""
    parts: list[Part] = []
    for image in map(as_object, images):
        url = as_text(as_object(image.get("image_url")).get("url"))
        if url is None:
            parts.append(Foreign(dialect=Dialect.OPENAI, kind="images", raw=raw(image)))
        else:
            media_type, data, link = split_data_url(url)
            parts.append(Media(kind=MediaKind.IMAGE, url=link, data=data, media_type=media_type))
    return parts
