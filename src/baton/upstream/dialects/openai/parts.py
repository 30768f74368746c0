"""Content parts and tool calls ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.messages import Citation, Foreign, Media, MediaKind, Reasoning, Refusal, Text, ToolCall
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, raw

_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_AUDIO_FORMATS = {media_type: name for name, media_type in _AUDIO_TYPES.items()}


def read_part(fields: Fields) -> Text | Media | Refusal | Foreign:
    """One content part; a kind this dialect's core words don't cover stays as it was written.

    Raises:
        Invalid: a known kind with a field of the wrong type.
    """
    whole = raw(fields.rest)
    kind = fields.text("type") or ""
    mark = fields.raw("cache_control")
    match kind:
        case "text":
            return Text(text=fields.text("text") or "", cache_mark=mark, citations=read_citations(fields))
        case "refusal":
            return Refusal(text=fields.text("refusal") or "")
        case "image_url":
            return _read_image(fields, mark)
        case "input_audio":
            audio = fields.inner("input_audio")
            form = audio.text("format")
            media_type = None if form is None else _AUDIO_TYPES.get(form, f"audio/{form}")
            return Media(
                kind=MediaKind.AUDIO, data=audio.text("data"), media_type=media_type, cache_mark=mark
            )
        case "file":
            file = fields.inner("file")
            media_type, data, url = split_data_url(file.text("file_data") or "")
            return Media(
                kind=MediaKind.DOCUMENT,
                file_id=file.text("file_id"),
                data=data,
                url=url or None,
                media_type=media_type,
                name=file.text("filename"),
                cache_mark=mark,
            )
        case _:
            return Foreign(dialect=Dialect.OPENAI, kind=kind, raw=whole)


def _read_image(fields: Fields, mark: Raw | None) -> Media:
    image: Any = fields.get("image_url", object)
    # Mistral takes the bare URL as well.
    wish = {"url": image} if isinstance(image, str) else as_object(image)
    media_type, data, url = split_data_url(str(wish.get("url", "")))
    return Media(
        kind=MediaKind.IMAGE,
        url=url,
        data=data,
        media_type=media_type,
        detail=as_text(wish.get("detail")),
        cache_mark=mark,
    )


def read_reasoning(fields: Fields) -> list[Reasoning]:
    """Thoughts beside a message's content: two spellings of the text are in use, and structured details."""
    spoken: Any = fields.get("reasoning_content", object)
    if spoken is None:
        spoken = fields.get("reasoning", object)
    details = fields.raw("reasoning_details")
    if spoken is None and details is None:
        return []
    return [Reasoning(text=spoken if isinstance(spoken, str) else "", details=details)]


def read_citations(fields: Fields) -> tuple[Citation, ...]:
    """The annotations beside a text; a kind that is no link is kept as it was written."""
    return tuple(_read_citation(note) for note in fields.list("annotations"))


def _read_citation(fields: Fields) -> Citation:
    whole = raw(fields.rest)
    link = as_object(msgspec.json.decode(fields.raw("url_citation") or b"{}"))
    start, end = link.get("start_index"), link.get("end_index")
    return Citation(
        url=as_text(link.get("url")),
        title=as_text(link.get("title")),
        quote=as_text(link.get("content")),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        origin=Dialect.OPENAI,
        raw=whole,
    )


def write_citation(citation: Citation) -> Any:
    """One annotation."""
    if citation.origin is Dialect.OPENAI and citation.raw is not None:
        return citation.raw
    link = {
        "url": citation.url or "",
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": citation.end or 0,
    }
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


def read_call(fields: Fields) -> ToolCall:
    """One tool call of an assistant's message."""
    kind = fields.text("type") or "function"
    call_id = fields.text("id") or ""
    mark = fields.raw("cache_control")
    if kind == "custom":
        custom = fields.inner("custom")
        name, text = custom.text("name") or "", custom.text("input") or ""
        return ToolCall(id=call_id, name=name, arguments=text, kind=kind, cache_mark=mark)
    function = fields.inner("function")
    arguments: Any = function.get("arguments", object)
    if not isinstance(arguments, str):
        # Some OpenAI-likes write the arguments as an object instead of its text.
        arguments = "" if arguments is None else bytes(raw(arguments)).decode()
    return ToolCall(id=call_id, name=function.text("name") or "", arguments=arguments, cache_mark=mark)


def write_call(call: ToolCall) -> dict[str, Any]:
    """One tool call of an assistant's message."""
    line: dict[str, Any] = {"id": call.id, "type": call.kind}
    if call.kind == "custom":
        line["custom"] = {"name": call.name, "input": call.arguments}
    else:
        line["function"] = {"name": call.name, "arguments": call.arguments}
    if call.cache_mark is not None:
        line["cache_control"] = call.cache_mark
    return line
