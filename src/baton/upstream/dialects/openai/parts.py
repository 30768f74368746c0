"""Content parts and tool calls ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw, structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Citation, Foreign, Media, MediaKind, Part, Refusal, Signature, Text, ToolCall
from baton.upstream.dialects.carried import mark, unmark
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, raw

_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_AUDIO_FORMATS = {media_type: name for name, media_type in _AUDIO_TYPES.items()}


def read_part(fields: Fields, unread: list[str]) -> Text | Media | Refusal | Foreign:
    """One content part; a kind this dialect's core words don't cover stays as it was written.

    The paths of fields that nobody knows are added to `unread`.

    Raises:
        Invalid: a known kind with a field of the wrong type.
    """
    whole = raw(fields.rest)
    kind = fields.text("type") or ""
    cache_mark = fields.raw("cache_control")
    match kind:
        case "text":
            text = fields.text("text") or ""
            part = Text(text=text, cache_mark=cache_mark, citations=read_citations(fields))
        case "refusal":
            part = Refusal(text=fields.text("refusal") or "")
        case "image_url":
            part = _read_image(fields, cache_mark, unread)
        case "input_audio":
            part = _read_audio(fields.inner("input_audio"), cache_mark, unread)
        case "file":
            part = _read_file(fields.inner("file"), cache_mark, unread)
        case _:
            return Foreign(dialect=Dialect.OPENAI, kind=kind, raw=whole)
    unread += fields.left
    return part


def _read_image(fields: Fields, cache_mark: Raw | None, unread: list[str]) -> Media:
    image: Any = fields.get("image_url", object)
    # Mistral takes the bare URL as well.
    wish = {"url": image} if isinstance(image, str) else as_object(image)
    media_type, data, url = split_data_url(str(wish.get("url", "")))
    unread += [f"{fields.path('image_url')}.{name}" for name in wish if name not in ("url", "detail")]
    return Media(
        kind=MediaKind.IMAGE,
        url=url,
        data=data,
        media_type=media_type,
        detail=as_text(wish.get("detail")),
        cache_mark=cache_mark,
    )


def _read_audio(audio: Fields, cache_mark: Raw | None, unread: list[str]) -> Media:
    form, data = audio.text("format"), audio.text("data")
    unread += audio.left
    media_type = None if form is None else _AUDIO_TYPES.get(form, f"audio/{form}")
    return Media(kind=MediaKind.AUDIO, data=data, media_type=media_type, cache_mark=cache_mark)


def _read_file(file: Fields, cache_mark: Raw | None, unread: list[str]) -> Media:
    media_type, data, url = split_data_url(file.text("file_data") or "")
    file_id, name = file.text("file_id"), file.text("filename")
    unread += file.left
    return Media(
        kind=MediaKind.DOCUMENT,
        file_id=file_id,
        data=data,
        url=url or None,
        media_type=media_type,
        name=name,
        cache_mark=cache_mark,
    )


def read_citations(fields: Fields) -> tuple[Citation, ...]:
    """The annotations beside a text; a kind that is no link is kept as it was written."""
    return tuple(_read_citation(note) for note in fields.list("annotations"))


def _read_citation(fields: Fields) -> Citation:
    return citation_of(as_object(msgspec.json.decode(raw(fields.rest))))


def citation_of(note: dict[str, Any]) -> Citation:
    """One annotation."""
    link = as_object(note.get("url_citation"))
    start, end = link.get("start_index"), link.get("end_index")
    return Citation(
        url=as_text(link.get("url")),
        title=as_text(link.get("title")) or as_text(as_object(note.get("file")).get("name")),
        quote=as_text(link.get("content")),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        origin=Dialect.OPENAI,
        raw=raw(note),
    )


def write_citation(citation: Citation, chars: int, losses: Losses) -> Any | None:
    """One annotation of a text of `chars` characters; None where it has no link, which is demanded."""
    if citation.origin is Dialect.OPENAI and citation.raw is not None:
        return citation.raw
    if citation.url is None:
        losses.drop(Feature.CITATIONS)
        return None
    if citation.title is None or citation.start is None or citation.end is None or citation.raw is not None:
        losses.adjust(Feature.CITATIONS)
    link: dict[str, Any] = {
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": chars if citation.end is None else citation.end,
    }
    if citation.quote is not None:
        link["content"] = citation.quote
    return {"type": "url_citation", "url_citation": link}


def read_thinking(part: dict[str, Any]) -> str | None:
    """The thought in a content part of Mistral's (recording mistral-555a229166); None: it is another part."""
    if part.get("type") != "thinking":
        return None
    thought = part.get("thinking")
    if isinstance(thought, str):
        return thought
    return "".join(as_text(as_object(piece).get("text")) or "" for piece in as_list(thought))


def split_data_url(url: str) -> tuple[str | None, str | None, str | None]:
    """(media type, base64 data, None) of a `data:` URL with base64, else (None, None, url)."""
    if not url.startswith("data:"):
        return None, None, url
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        return None, None, url
    return head.removesuffix(";base64") or None, data, None


def write_part(part: Text | Media | Foreign) -> Any:
    """One content part."""
    match part:
        case Foreign():
            return part.raw
        case Text():
            line: dict[str, Any] = {"type": "text", "text": part.text}
        case Media(kind=MediaKind.IMAGE):
            image: dict[str, Any] = {"url": _url(part)}
            if part.detail is not None:
                image["detail"] = part.detail
            line = {"type": "image_url", "image_url": image}
        case Media(kind=MediaKind.AUDIO):
            media_type = part.media_type or "audio/wav"
            form = _AUDIO_FORMATS.get(media_type, media_type.removeprefix("audio/"))
            line = {"type": "input_audio", "input_audio": {"data": part.data or "", "format": form}}
        case _:
            file: dict[str, Any] = {}
            if part.name is not None:
                file["filename"] = part.name
            if part.file_id is not None:
                file["file_id"] = part.file_id
            elif part.data is not None or part.url is not None:
                file["file_data"] = _url(part)
            line = {"type": "file", "file": file}
    if part.cache_mark is not None:
        line["cache_control"] = part.cache_mark
    return line


def _url(part: Media) -> str:
    if part.data is None:
        return part.url or ""
    return f"data:{part.media_type or 'application/octet-stream'};base64,{part.data}"


def read_call(fields: Fields, unread: list[str]) -> ToolCall:
    """One tool call of an assistant's message."""
    kind = fields.text("type") or "function"
    call_id = fields.text("id") or ""
    cache_mark = fields.raw("cache_control")
    fields.raw("index")
    signature = read_signature(fields)
    inside = fields.inner("custom" if kind == "custom" else "function")
    name = inside.text("name") or ""
    arguments: Any = inside.get("input" if kind == "custom" else "arguments", object)
    if not isinstance(arguments, str):
        # Some OpenAI-likes write the arguments as an object instead of its text.
        arguments = "" if arguments is None else bytes(raw(arguments)).decode()
    unread += inside.left + fields.left
    return ToolCall(
        id=call_id, name=name, arguments=arguments, signature=signature, kind=kind, cache_mark=cache_mark
    )


def write_call(call: ToolCall) -> dict[str, Any]:
    """One tool call of an assistant's message."""
    line: dict[str, Any] = {"id": call.id, "type": call.kind}
    if call.kind == "custom":
        line["custom"] = {"name": call.name, "input": call.arguments}
    else:
        line["function"] = {"name": call.name, "arguments": call.arguments}
    if call.signature is not None:
        line[EXTRA] = write_signature(call.signature)
    if call.cache_mark is not None:
        line["cache_control"] = call.cache_mark
    return line


EXTRA = "extra_content"
"""Where Google's endpoint for OpenAI's clients puts signatures: beside a call, and beside a text (Google's
guide on thought signatures)."""


def read_signature(fields: Fields) -> Signature | None:
    """The signature in a call's or a message's `extra_content`; one that holds more is left alone."""
    extra = fields.raw(EXTRA)
    if extra is None:
        return None
    signature = signature_in(msgspec.json.decode(extra))
    if signature is None:
        fields.rest[EXTRA] = extra
    return signature


def signature_in(extra: object) -> Signature | None:
    """The signature in an `extra_content` that holds nothing else."""
    google = as_object(as_object(extra).get("google"))
    text = as_text(google.get("thought_signature"))
    if text is None or len(google) != 1 or len(as_object(extra)) != 1:
        return None
    return unmark(text, Dialect.OPENAI)


def write_signature(signature: Signature) -> dict[str, Any]:
    """An `extra_content`."""
    return {"google": {"thought_signature": mark(signature, Dialect.OPENAI)}}


def signed(said: tuple[Part, ...], signature: Signature | None) -> tuple[Part, ...]:
    """What was said, with the signature on its last text; on an empty one where there is none."""
    if signature is None:
        return said
    for at in range(len(said) - 1, -1, -1):
        part = said[at]
        if isinstance(part, Text):
            return (*said[:at], structs.replace(part, signature=signature), *said[at + 1 :])
    return (*said, Text(text="", signature=signature))
