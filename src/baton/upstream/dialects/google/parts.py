"""Parts of a content ⇄ core."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Foreign, Media, MediaKind, Part, Reasoning, Signature, Text, ToolCall
from baton.upstream.dialects.carried import mark_base64, unmark_base64
from baton.upstream.dialects.google.spelling import inner
from baton.upstream.dialects.picture import picture_type
from baton.upstream.dialects.wire import UNREADABLE, Fields, as_object, raw

HOME = Dialect.GOOGLE
_RAW_ARGUMENTS = "_raw"
"""Holds arguments that are no JSON object."""

_TYPES = {
    MediaKind.IMAGE: "image/jpeg",
    MediaKind.AUDIO: "audio/wav",
    MediaKind.VIDEO: "video/mp4",
    MediaKind.DOCUMENT: "application/pdf",
}
_FILES = ("https://generativelanguage.googleapis.com/", "gs://")
"""Beginnings of the URIs of files that lie with Google."""

_READABLE = (
    "https://www.youtube.com/",
    "https://youtube.com/",
    "https://m.youtube.com/",
    "https://youtu.be/",
)


_FETCHED = frozenset({MediaKind.IMAGE, MediaKind.DOCUMENT})


def takes_as_is(media: Media) -> bool:
    """Whether Google can take a piece of media without somebody else fetching it: as data, as a file that
    lies with it, or by its URL: films of YouTube's, and any public picture or document (its guide on file
    input; recording google-cfeaa7bee6)."""
    if media.data is not None:
        return True
    if media.file_id is not None:
        return media.file_id.startswith(_FILES)
    url = media.url or ""
    return url.startswith((*_FILES, *_READABLE)) or (media.kind in _FETCHED and url.startswith("https://"))


def read_signature(fields: Fields) -> Signature | None:
    """The signature on a part, and whose it is."""
    text = fields.text("thoughtSignature")
    return None if not text else unmark_base64(text, HOME)


def read_said(fields: Fields) -> Text | Reasoning | Media | Foreign:
    """A part that is neither a call nor a result; a kind that the core has no word for stays as it was.

    Raises:
        Invalid: a known kind with a field of the wrong type.
    """
    whole = raw(fields.rest)
    signature = read_signature(fields)
    thought = bool(fields.get("thought", bool))
    if "inlineData" in fields.rest:
        return _read_inline(inner(fields, "inlineData"), signature)
    if "fileData" in fields.rest:
        return _read_file(inner(fields, "fileData"))
    unknown = next((name for name, value in fields.rest.items() if name != "text" and _says(value)), None)
    text = fields.text("text")
    if text is None and unknown is not None:
        return Foreign(dialect=HOME, kind=unknown, raw=whole)
    if not thought:
        return Text(text=text or "", signature=signature)
    if text is None:  # a thought in cipher alone
        return Reasoning(encrypted=signature)
    return Reasoning(text=text, signature=signature)


def _says(value: Raw) -> bool:
    return bytes(value) not in (b"null", b"false")


def joined(parts: Sequence[Part], more: Sequence[Part]) -> tuple[Part, ...]:
    """Two pieces of what one model said: a text or a thought that was cut between them is one again."""
    if not parts or not more:
        return (*parts, *more)
    match parts[-1], more[0]:
        case Text(signature=None) as cut, Text() as rest if not cut.citations:
            whole: Part = structs.replace(rest, text=cut.text + rest.text)
        case Reasoning(signature=None, encrypted=None) as cut, Reasoning(encrypted=None) as rest:
            whole = structs.replace(rest, text=cut.text + rest.text)
        case _:
            return (*parts, *more)
    return (*parts[:-1], whole, *more[1:])


def _read_inline(blob: Fields, signature: Signature | None) -> Media:
    media_type = blob.text("mimeType")
    return Media(
        kind=kind_of(media_type),
        data=blob.text("data") or "",
        media_type=media_type,
        name=blob.text("displayName"),
        signature=signature,
    )


def _read_file(file: Fields) -> Media:
    media_type = file.text("mimeType")
    uri = file.text("fileUri") or ""
    lies_here = uri.startswith(_FILES)
    return Media(
        kind=kind_of(media_type, MediaKind.VIDEO if uri.startswith(_READABLE) else MediaKind.DOCUMENT),
        file_id=uri if lies_here else None,
        url=None if lies_here else uri,
        media_type=media_type,
        name=file.text("displayName"),
    )


def kind_of(media_type: str | None, otherwise: MediaKind = MediaKind.DOCUMENT) -> MediaKind:
    """What a media type is of."""
    if media_type is None:
        return otherwise
    family = media_type.partition("/")[0].lower()
    known = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
    return known.get(family, MediaKind.DOCUMENT)


def read_call(fields: Fields, made_id: str) -> ToolCall:
    """A function call; `made_id` is given to one without an id."""
    signature = read_signature(fields)
    call = inner(fields, "functionCall")
    return ToolCall(
        id=call.text("id") or made_id,
        name=call.text("name") or "",
        arguments=arguments_of(call.raw("args")),
        signature=signature,
    )


def arguments_of(args: Raw | None) -> str:
    """The JSON text of a call's arguments."""
    if args is None:
        return "{}"
    text = bytes(args).decode()
    if _RAW_ARGUMENTS in text:
        fields = as_object(msgspec.json.decode(args))
        if set(fields) == {_RAW_ARGUMENTS} and isinstance(fields[_RAW_ARGUMENTS], str):
            return fields[_RAW_ARGUMENTS]
    return text


def write_args(arguments: str, losses: Losses) -> Any:
    """A call's arguments as the object that they must be."""
    if not arguments.strip():
        return {}
    written = json_object(arguments)
    if written is not None:
        return written
    losses.adjust(Feature.TOOLS)
    return {_RAW_ARGUMENTS: arguments}


def json_object(text: str) -> Raw | None:
    """A JSON object's text, to be written as it is; None: it is something else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except UNREADABLE:
        return None
    return Raw(text.encode())


def write_call(call: ToolCall, losses: Losses) -> dict[str, Any]:
    """A function call, with the signature that it carries."""
    said: dict[str, Any] = {"name": call.name, "args": write_args(call.arguments, losses)}
    if call.id:
        said["id"] = call.id
    return signed({"functionCall": said}, call.signature)


def signed(part: dict[str, Any], signature: Signature | None) -> dict[str, Any]:
    """A part with a signature on it: Google's own as it is, another's marked."""
    if signature is not None:
        part["thoughtSignature"] = mark_base64(signature, HOME)
    return part


def write_thought(thought: Reasoning) -> list[dict[str, Any]]:
    """A thought, with whatever its provider put on it: in cipher it is a part of its own, without a text."""
    if thought.encrypted is None:
        return [_thought(thought)]
    spoken = bool(thought.text or thought.signature)
    return [*([_thought(thought)] if spoken else []), signed({"thought": True}, thought.encrypted)]


def _thought(thought: Reasoning) -> dict[str, Any]:
    return signed({"thought": True, "text": thought.text}, thought.signature)


def write_media(media: Media, losses: Losses) -> dict[str, Any] | None:
    """A piece of media; None, and noted, where Google cannot take it."""
    note_media(media, losses)
    media_type = picture_type(media.media_type or _TYPES[media.kind])
    if media.data is not None:
        return signed({"inlineData": {"mimeType": media_type, "data": media.data}}, media.signature)
    if not takes_as_is(media):
        losses.drop(_untaken(media))
        return None
    file: dict[str, Any] = {"fileUri": media.file_id or media.url}
    if media.media_type is not None or media.kind in _FETCHED:
        file["mimeType"] = media_type
    return {"fileData": file}


def note_media(media: Media, losses: Losses) -> None:
    """Note what of a piece of media cannot be said."""
    if media.detail is not None and media.detail != "auto":
        losses.drop(Feature.IMAGE_DETAIL)
    if media.name is not None:
        losses.drop(Feature.MEDIA_NAME)
    if media.cache_mark is not None:
        losses.drop(Feature.CACHE_MARKS)


def _untaken(media: Media) -> Feature:
    if media.file_id is not None:
        return Feature.FILE_ID
    return (_BY_URL if media.url is not None else _BY_KIND).get(media.kind) or _BY_KIND[media.kind]


_BY_URL = {MediaKind.IMAGE: Feature.IMAGE_URL, MediaKind.DOCUMENT: Feature.DOCUMENT_URL}
_BY_KIND = {
    MediaKind.IMAGE: Feature.IMAGE,
    MediaKind.AUDIO: Feature.AUDIO,
    MediaKind.DOCUMENT: Feature.DOCUMENT,
    MediaKind.VIDEO: Feature.VIDEO,
}
