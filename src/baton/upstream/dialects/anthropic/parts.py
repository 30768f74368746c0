"""Content blocks ⇄ core."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Foreign,
    Media,
    MediaKind,
    Part,
    Reasoning,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.upstream.dialects.anthropic.citations import read_citation
from baton.upstream.dialects.anthropic.riders import of_call, of_text, unseal
from baton.upstream.dialects.picture import picture_type
from baton.upstream.dialects.wire import UNREADABLE, Fields, as_list, raw

_OWN = Dialect.ANTHROPIC
_KINDS = {"image": MediaKind.IMAGE, "document": MediaKind.DOCUMENT}
_PLAIN = "text/plain"
_PDF = "application/pdf"
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_DIRECT = {"type": "direct"}


def read_parts(blocks: Sequence[Fields], unread: list[str]) -> tuple[Part, ...]:
    """The parts of a message's or an answer's blocks; paths of what only this dialect knows go to `unread`.

    Raises:
        Invalid: a known kind with a field of the wrong type.
    """
    parts: list[Part] = []
    riding: Signature | None = None
    for block in blocks:
        kind = block.text("type") or ""
        if kind == "thinking":
            signature, text = block.text("signature") or "", block.text("thinking") or ""
            riding = of_call(signature)
            if riding is None:
                sealed = unseal(signature)
                parts.append(Reasoning(text=text, signature=sealed.signature, id=sealed.id))
        elif kind == "redacted_thinking":
            _add_cipher(block.text("data") or "", parts)
        else:
            part = _read_part(kind, block, unread)
            if isinstance(part, ToolCall) and riding is not None:
                part, riding = structs.replace(part, signature=riding), None
            parts.append(part)
            if isinstance(part, Foreign | Media):
                continue
        unread.extend(block.path(name) for name in block.rest)
    return tuple(parts)


def _add_cipher(data: str, parts: list[Part]) -> None:
    """A thought in cipher; or what Baton had to write as one, because another dialect has it on what stands
    before."""
    last = parts[-1] if parts else None
    signed = of_text(data)
    if signed is not None:
        if isinstance(last, Text):
            parts[-1] = structs.replace(last, signature=signed)
        else:
            parts.append(Text(text="", signature=signed))
        return
    sealed = unseal(data)
    if sealed.same and isinstance(last, Reasoning):
        parts[-1] = structs.replace(last, encrypted=sealed.signature)
    else:
        parts.append(Reasoning(encrypted=sealed.signature, id=sealed.id))


def _read_part(kind: str, block: Fields, unread: list[str]) -> Part:
    """One block; a kind that the core has no word for stays as it was written."""
    match kind:
        case "text":
            return Text(
                text=block.text("text") or "",
                cache_mark=block.raw("cache_control"),
                citations=tuple(map(read_citation, as_list(block.get("citations", object)))),
            )
        case "tool_use":
            return _read_call(block)
        case "tool_result":
            return _read_result(block, unread)
        case "image" | "document":
            return _read_media(kind, block, unread)
        case _:
            return Foreign(dialect=_OWN, kind=kind, raw=raw({"type": kind, **block.rest}))


def _read_call(block: Fields) -> ToolCall:
    arguments = block.raw("input")
    caller = block.rest.get("caller")
    if caller is not None and msgspec.json.decode(caller) == _DIRECT:  # says no more than its absence
        del block.rest["caller"]
    return ToolCall(
        id=block.text("id") or "",
        name=block.text("name") or "",
        arguments="{}" if arguments is None else bytes(arguments).decode(),
        cache_mark=block.raw("cache_control"),
    )


def _read_result(block: Fields, unread: list[str]) -> ToolResult:
    content: Any = block.rest.get("content")
    if content is not None and bytes(content).lstrip().startswith(b'"'):
        parts: tuple[Part, ...] = (Text(text=block.text("content") or ""),)
    else:
        parts = read_parts(block.list("content"), unread)
    return ToolResult(
        call_id=block.text("tool_use_id") or "",
        parts=parts,
        is_error=bool(block.get("is_error", bool)),
        cache_mark=block.raw("cache_control"),
    )


def _read_media(kind: str, block: Fields, unread: list[str]) -> Media | Foreign:
    whole = {"type": kind, **block.rest}
    source = block.inner("source")
    how = source.text("type")
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    media_type = source.text("media_type")
    match how:
        case "base64":
            data = source.text("data")
        case "text":
            data = base64.b64encode((source.text("data") or "").encode()).decode()
        case "url":
            url = source.text("url")
        case "file":
            file_id = source.text("file_id")
        case _:  # a document of content blocks, and what comes later
            return Foreign(dialect=_OWN, kind=kind, raw=raw(whole))
    part = Media(
        kind=_KINDS[kind],
        url=url,
        data=data,
        file_id=file_id,
        media_type=media_type,
        name=block.text("title"),
        cache_mark=block.raw("cache_control"),
    )
    unread.extend(fields.path(name) for fields in (source, block) for name in fields.rest)
    return part


def text_block(text: str, mark: Raw | None = None) -> dict[str, Any]:
    """A block of text."""
    block: dict[str, Any] = {"type": "text", "text": text}
    return block if mark is None else {**block, "cache_control": mark}


def call_block(call: ToolCall, losses: Losses) -> dict[str, Any]:
    """A tool call, with the arguments as an object."""
    block: dict[str, Any] = {
        "type": "tool_use",
        "id": call.id,
        "name": call.name,
        "input": arguments_object(call.arguments, losses),
    }
    return block if call.cache_mark is None else {**block, "cache_control": call.cache_mark}


def arguments_object(text: str, losses: Losses) -> Raw | dict[str, Any]:
    """Arguments as the object that the dialect wants; text that is none is put into one."""
    if not text.strip():
        return {}
    try:
        msgspec.json.decode(text, type=dict[str, Raw])
    except UNREADABLE:
        losses.adjust(Feature.TOOLS)
        return {"_raw": text}
    return Raw(text.encode())


def usable_id(call_id: str, losses: Losses) -> str:
    """A call's id in the letters that the API allows; one that has others is rewritten, always in the same
    way, so that call and result agree."""
    if _ID.fullmatch(call_id):
        return call_id
    losses.adjust(Feature.TOOL_CALL_ID)
    return f"call_{hashlib.blake2b(call_id.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"


def media_block(media: Media, own: bool, losses: Losses) -> dict[str, Any] | None:
    """An image or a document for a model; None: it cannot be said. `own`: it came in this dialect."""
    if media.url is None and media.data is None:
        if not own or media.kind.value not in _KINDS:
            losses.drop(Feature.FILE_ID)
            return None
        source = {"type": "file", "file_id": media.file_id or ""}
        return _marked({"type": media.kind.value, "source": source}, media)
    match media.kind:
        case MediaKind.IMAGE:
            block = _image(media, losses)
        case MediaKind.DOCUMENT:
            block = _document(media, losses)
        case MediaKind.AUDIO:
            losses.drop(Feature.AUDIO)
            return None
        case MediaKind.VIDEO:
            losses.drop(Feature.VIDEO)
            return None
    return block if block is None else _marked(block, media)


def _marked(block: dict[str, Any], media: Media) -> dict[str, Any]:
    return block if media.cache_mark is None else {**block, "cache_control": media.cache_mark}


def _image(media: Media, losses: Losses) -> dict[str, Any] | None:
    if media.detail not in (None, "auto"):
        losses.drop(Feature.IMAGE_DETAIL)
    if media.name is not None:
        losses.drop(Feature.MEDIA_NAME)
    if media.data is None:
        return {"type": "image", "source": {"type": "url", "url": media.url or ""}}
    media_type = picture_type(media.media_type or "image/png")
    if media_type not in _IMAGES:
        losses.drop(Feature.IMAGE, media_type)
        return None
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": media.data}}


def _document(media: Media, losses: Losses) -> dict[str, Any] | None:
    media_type = (media.media_type or _PDF).partition(";")[0]
    if media.data is None:
        source = {"type": "url", "url": media.url or ""}
    elif media_type == _PDF:
        source = {"type": "base64", "media_type": _PDF, "data": media.data}
    else:
        text = _decoded(media.data)
        if text is None:
            losses.drop(Feature.DOCUMENT, media_type)
            return None
        if media_type != _PLAIN:
            losses.adjust(Feature.DOCUMENT, _PLAIN)
        source = {"type": "text", "media_type": _PLAIN, "data": text}
    block: dict[str, Any] = {"type": "document", "source": source}
    return block if media.name is None else {**block, "title": media.name}


def _decoded(data: str) -> str | None:
    """The text in base64 data; None: it holds none."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
