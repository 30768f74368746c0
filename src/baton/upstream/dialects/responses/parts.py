"""Content parts ⇄ core."""

from typing import Any

from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Citation, Foreign, Media, MediaKind, Part, Refusal, Role, Text
from baton.upstream.dialects.openai.parts import split_data_url
from baton.upstream.dialects.wire import Fields, raw

_HOME = Dialect.OPENAI_RESPONSES
_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_ENDINGS = {"plain": "txt", "markdown": "md"}
"""Of a file's name, by the second half of its type, where they differ."""

_EPHEMERAL = Raw(b'{"type":"ephemeral"}')
"""What a breakpoint of the prompt's cache is in the words that cache marks are kept in."""


def read_part(fields: Fields) -> Text | Media | Refusal | Foreign:
    """One content part; a kind that the core has no word for stays as it was written.

    Raises:
        Invalid: a known kind with a field of the wrong type.
    """
    whole = raw(fields.rest)
    kind = fields.text("type") or ""
    mark = _EPHEMERAL if fields.raw("prompt_cache_breakpoint") is not None else None
    match kind:
        case "input_text" | "output_text" | "text":
            fields.raw("logprobs")
            text = fields.text("text") or ""
            return Text(text=text, cache_mark=mark, citations=read_citations(fields))
        case "refusal":
            return Refusal(text=fields.text("refusal") or "")
        case "input_image":
            return _read_image(fields, mark)
        case "input_file":
            return _read_file(fields, mark)
        case "input_audio":
            audio = fields.inner("input_audio")
            form = audio.text("format")
            media_type = None if form is None else _AUDIO_TYPES.get(form, f"audio/{form}")
            return Media(
                kind=MediaKind.AUDIO, data=audio.text("data"), media_type=media_type, cache_mark=mark
            )
        case _:
            fields.rest.clear()
            return Foreign(dialect=_HOME, kind=kind, raw=whole)


def _read_image(fields: Fields, mark: Raw | None) -> Media:
    media_type, data, url = split_data_url(fields.text("image_url") or "")
    return Media(
        kind=MediaKind.IMAGE,
        url=url or None,
        data=data,
        media_type=media_type,
        file_id=fields.text("file_id"),
        detail=fields.text("detail"),
        cache_mark=mark,
    )


def _read_file(fields: Fields, mark: Raw | None) -> Media:
    media_type, data, other = split_data_url(fields.text("file_data") or "")
    return Media(
        kind=MediaKind.DOCUMENT,
        url=fields.text("file_url"),
        data=data if data is not None else other or None,
        media_type=media_type,
        file_id=fields.text("file_id"),
        name=fields.text("filename"),
        cache_mark=mark,
    )


def read_citations(fields: Fields) -> tuple[Citation, ...]:
    """The annotations on a text; a kind that is no link is kept as it was written."""
    return tuple(read_citation(note) for note in fields.list("annotations"))


def read_citation(fields: Fields) -> Citation:
    """One annotation.

    Raises:
        Invalid: a field of it is of another kind.
    """
    whole = raw(fields.rest)
    return Citation(
        url=fields.text("url"),
        title=fields.text("title") or fields.text("filename"),
        start=fields.get("start_index", int),
        end=fields.get("end_index", int),
        origin=_HOME,
        raw=whole,
    )


def write_citation(citation: Citation, chars: int, losses: Losses) -> Any:
    """One annotation of a text of `chars` characters; None where it has no link, which is demanded."""
    if citation.origin is _HOME and citation.raw is not None:
        return citation.raw
    if citation.url is None:
        losses.drop(Feature.CITATIONS)
        return None
    if None in (citation.title, citation.start, citation.end) or citation.quote is not None:
        losses.adjust(Feature.CITATIONS)
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": chars if citation.end is None else citation.end,
    }


def write_said(part: Part, role: Role, losses: Losses) -> Any:
    """One content part of a request's message; None: it cannot be said, and that is noted."""
    if role is Role.ASSISTANT:
        return _write_spoken(part, losses)
    match part:
        case Text():
            if part.cache_mark is not None:
                losses.drop(Feature.CACHE_MARKS)
            if part.citations:
                losses.drop(Feature.CITATIONS)
            return {"type": "input_text", "text": part.text}
        case Media():
            return _write_media(part, losses)
        case Foreign(dialect=Dialect.OPENAI_RESPONSES):
            return part.raw
        case Refusal():
            losses.drop(Feature.REFUSAL)
        case _:
            losses.drop(Feature.FOREIGN_PARTS)
    return None


def _write_spoken(part: Part, losses: Losses) -> Any:
    """What the model said in an earlier turn."""
    match part:
        case Text():
            if part.cache_mark is not None:
                losses.drop(Feature.CACHE_MARKS)
            written = [write_citation(each, len(part.text), losses) for each in part.citations]
            notes = [note for note in written if note is not None]
            return {"type": "output_text", "text": part.text, "annotations": notes}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Media(kind=kind):
            losses.drop(Feature(kind.value))
        case _:
            losses.drop(Feature.FOREIGN_PARTS)
    return None


def _write_media(part: Media, losses: Losses) -> Any:
    if part.cache_mark is not None:
        losses.drop(Feature.CACHE_MARKS)
    match part.kind:
        case MediaKind.IMAGE:
            return _write_image(part, losses)
        case MediaKind.DOCUMENT:
            return _write_file(part, losses)
        case MediaKind.AUDIO | MediaKind.VIDEO:
            losses.drop(Feature(part.kind.value))
            return None


def _write_image(part: Media, losses: Losses) -> dict[str, Any]:
    line: dict[str, Any] = {"type": "input_image"}
    if part.detail is not None:
        line["detail"] = part.detail
    if part.data is not None:
        line["image_url"] = _data_url(part)
    elif part.url is not None:
        line["image_url"] = part.url
    else:
        line["file_id"] = part.file_id
    if part.name is not None:
        losses.drop(Feature.MEDIA_NAME)
    return line


def _write_file(part: Media, losses: Losses) -> dict[str, Any]:
    line: dict[str, Any] = {"type": "input_file"}
    if part.data is not None:
        if part.name is None:  # a file's data is taken with a name only (OpenAI's guide to file inputs)
            losses.adjust(Feature.MEDIA_NAME)
        line |= {"filename": part.name or _name(part), "file_data": _data_url(part)}
    elif part.url is not None:
        line["file_url"] = part.url
        if part.name is not None:
            losses.drop(Feature.MEDIA_NAME)
    else:
        line["file_id"] = part.file_id
        if part.name is not None:
            losses.drop(Feature.MEDIA_NAME)
    return line


def _name(part: Media) -> str:
    kind = (part.media_type or "application/pdf").partition("/")[2]
    return f"document.{_ENDINGS.get(kind, kind)}"


def _data_url(part: Media) -> str:
    usual = "image/png" if part.kind is MediaKind.IMAGE else "application/pdf"
    return f"data:{part.media_type or usual};base64,{part.data}"
