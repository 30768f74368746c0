"""The messages of a request as a provider is told them; what cannot be told is noted."""

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from msgspec import Raw, structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Foreign,
    Media,
    MediaKind,
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
from baton.upstream.dialects.openai.callids import fitting_id
from baton.upstream.dialects.openai.parts import EXTRA, write_call, write_part, write_signature
from baton.upstream.dialects.openai.thoughts import write_thoughts

MEDIA_FEATURES = {
    MediaKind.IMAGE: Feature.IMAGE,
    MediaKind.AUDIO: Feature.AUDIO,
    MediaKind.DOCUMENT: Feature.DOCUMENT,
    MediaKind.VIDEO: Feature.VIDEO,
}
_SOUNDS = {
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "audio/mp3": "audio/mpeg",
}
_FILE_NAMES = {"application/pdf": "document.pdf"}
_SHARES_FILES = frozenset({Dialect.OPENAI, Dialect.OPENAI_RESPONSES})
_RANKS: dict[type, int] = {Reasoning: 0, Text: 1, Media: 1, Foreign: 1, Refusal: 2, ToolCall: 3}


class Turns:
    """Writes the messages of one request that came in `dialect`."""

    def __init__(self, dialect: Dialect, quirks: Quirks, losses: Losses) -> None:
        self._home = dialect is Dialect.OPENAI
        self._shares_files = dialect in _SHARES_FILES
        self._quirks = quirks
        self._losses = losses

    def write(self, messages: Iterable[Message]) -> list[dict[str, Any]]:
        """All messages. What a result shows is put into a user's message right behind the results."""
        lines: list[dict[str, Any]] = []
        shown: list[Text | Media] = []
        for at, message in enumerate(messages):
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            others = tuple(part for part in message.parts if not isinstance(part, ToolResult))
            lines += [self._result(result, message, shown, at) for result in results]
            if others or not results:
                lines += _showing(shown)
                lines.append(self._message(structs.replace(message, parts=others), at))
        return lines + _showing(shown)

    def _message(self, message: Message, at: int) -> dict[str, Any]:
        role = message.role
        if role is Role.DEVELOPER and self._quirks.no_developer_role:
            self._losses.adjust(Feature.DEVELOPER_ROLE, "system")
            role = Role.SYSTEM
        line: dict[str, Any] = {"role": role.value}
        if message.name is not None:
            line["name"] = message.name
        ranks = [_RANKS.get(type(part), 1) for part in message.parts]
        if ranks != sorted(ranks):
            self._losses.adjust(Feature.PART_ORDER)
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        said = self._said(message.parts, role)
        if said or not calls:
            line["content"] = _content(said)
        if role is Role.ASSISTANT:
            line |= self._beside(message.parts, said)
        if calls:
            line["tool_calls"] = calls
        return line | self._extras(message, at)

    def _beside(self, parts: tuple[Part, ...], said: list[Text | Media | Foreign]) -> dict[str, Any]:
        """What an assistant's message has beside its content."""
        fields = write_thoughts(
            self._thoughts([part for part in parts if isinstance(part, Reasoning)]), twice=False
        )
        refusals = [part.text for part in parts if isinstance(part, Refusal)]
        if refusals:
            fields["refusal"] = "".join(refusals)
        signatures = [part.signature for part in said if isinstance(part, Text)]
        if any(signatures[:-1]):  # there is but one place for them, and it means the end
            self._losses.drop(Feature.REASONING_SIGNATURE)
        if signatures and signatures[-1] is not None:
            fields[EXTRA] = write_signature(signatures[-1])
        return fields

    def _extras(self, message: Message, at: int) -> dict[str, Raw]:
        if self._home:
            return message.extras
        for name in message.extras:
            self._losses.drop(Feature.UNKNOWN_FIELDS, f"messages[{at}].{name}")
        return {}

    def _said(self, parts: tuple[Part, ...], role: Role) -> list[Text | Media | Foreign]:
        """What of a message's parts may stand in its content."""
        said: list[Text | Media | Foreign] = []
        for part in parts:
            match part:
                case Text():
                    said.append(self._text(part))
                case Media():
                    media = self._media(part, role)
                    if media is not None:
                        said.append(media)
                case Foreign(dialect=Dialect.OPENAI):
                    said.append(part)
                case Foreign():
                    self._losses.drop(Feature.FOREIGN_PARTS, part.kind)
                case Reasoning() if role is not Role.ASSISTANT:
                    self._losses.drop(Feature.REASONING)
                case Refusal() if role is not Role.ASSISTANT:
                    self._losses.drop(Feature.REFUSAL)
                case _:
                    pass
        return said

    def _text(self, text: Text) -> Text:
        if text.citations:
            self._losses.drop(Feature.CITATIONS)
        return structs.replace(
            text,
            citations=(),
            cache_mark=self._cache_mark(text.cache_mark),
            signature=self._signature(text.signature),
        )

    def _cache_mark(self, mark: Raw | None) -> Raw | None:
        if mark is None or self._home or self._quirks.takes_cache_marks:
            return mark
        self._losses.drop(Feature.CACHE_MARKS)
        return None

    def _signature(self, signature: Signature | None) -> Signature | None:
        """A signature, if it goes back to where it came from."""
        if signature is None:
            return None
        if signature.origin is Dialect.OPENAI and (self._home or self._quirks.takes_signatures):
            return signature
        self._losses.drop(Feature.REASONING_SIGNATURE)
        return None

    def _media(self, media: Media, role: Role) -> Media | Text | None:
        """A piece of media as it can be told; None: not at all."""
        losses = self._losses
        if role is not Role.USER and not self._home:
            losses.drop(MEDIA_FEATURES[media.kind], f"{media.kind.value} of role {role.value}")
            return None
        if media.signature is not None:
            losses.drop(Feature.REASONING_SIGNATURE)
        media = structs.replace(media, signature=None, cache_mark=self._cache_mark(media.cache_mark))
        match media.kind:
            case MediaKind.VIDEO:
                losses.drop(Feature.VIDEO)
                return None
            case MediaKind.IMAGE:
                if media.url is None and media.data is None:
                    losses.drop(Feature.FILE_ID)
                    return None
                return self._without_name(media)
            case MediaKind.AUDIO:
                return self._sound(self._without_name(media))
            case MediaKind.DOCUMENT:
                return self._document(media)

    def _without_name(self, media: Media) -> Media:
        if media.name is not None:
            self._losses.drop(Feature.MEDIA_NAME)
        if media.detail is not None and media.kind is not MediaKind.IMAGE:
            self._losses.drop(Feature.IMAGE_DETAIL)
            media = structs.replace(media, detail=None)
        return structs.replace(media, name=None, file_id=None)

    def _sound(self, media: Media) -> Media | None:
        if self._home and media.data is not None:
            return media
        media_type = _SOUNDS.get(media.media_type or "")
        if media.data is None or media_type is None:
            self._losses.drop(Feature.AUDIO)
            return None
        return structs.replace(media, media_type=media_type)

    def _document(self, media: Media) -> Media | Text | None:
        if media.detail is not None:
            self._losses.drop(Feature.IMAGE_DETAIL)
            media = structs.replace(media, detail=None)
        if self._home or (media.file_id is not None and self._shares_files):
            return media
        if media.data is None:
            self._losses.drop(Feature.DOCUMENT_URL if media.file_id is None else Feature.FILE_ID)
            return None
        text = _text_of(media)
        if text is not None:
            self._losses.adjust(Feature.DOCUMENT, "text")
            return Text(text=text, cache_mark=media.cache_mark)
        if media.name is None:
            name = _FILE_NAMES.get(media.media_type or "", "document")
            self._losses.adjust(Feature.MEDIA_NAME, name)
            media = structs.replace(media, name=name)
        return structs.replace(media, file_id=None)

    def _result(
        self, result: ToolResult, message: Message, shown: list[Text | Media], at: int
    ) -> dict[str, Any]:
        """One result; what it shows is added to `shown`, because results are text."""
        if result.is_error:
            self._losses.drop(Feature.TOOL_RESULT_ERROR)
        if result.cache_mark is not None:  # marks stand on parts
            self._losses.drop(Feature.CACHE_MARKS)
        told: list[Text | Media | Foreign] = []
        showing: list[Text | Media] = []
        for part in self._said(result.parts, Role.USER):
            if isinstance(part, Media) and not self._home:
                showing.append(part)
            else:
                told.append(part)
        if showing:
            self._losses.adjust(Feature.TOOL_RESULT_MEDIA, "user message")
            shown += [Text(text=f"The result of the tool call {result.call_id} also holds:"), *showing]
        line: dict[str, Any] = {
            "role": "tool",
            "tool_call_id": self._call_id(result.call_id),
            "content": _content(told),
        }
        if self._home and result.name is not None:
            line["name"] = result.name
        return line | self._extras(message, at)

    def _call(self, call: ToolCall) -> dict[str, Any]:
        return write_call(
            structs.replace(
                call,
                id=self._call_id(call.id),
                signature=self._signature(call.signature),
                cache_mark=self._cache_mark(call.cache_mark),
            )
        )

    def _call_id(self, call_id: str) -> str:
        return call_id if self._home else fitting_id(call_id, self._quirks.short_call_ids, self._losses)

    def _thoughts(self, thoughts: list[Reasoning]) -> list[Reasoning]:
        """The thoughts that go back, each with what its own provider put on it."""
        kept = [again for thought in thoughts if (again := self._thought(thought)) is not None]
        if len(kept) > 1 and not self._home and not self._quirks.takes_signatures:
            self._losses.adjust(Feature.REASONING)
            kept = [Reasoning(text="".join(thought.text for thought in kept))]
        return kept

    def _thought(self, thought: Reasoning) -> Reasoning | None:
        """A thought as it goes back; None: not at all. One from abroad is no different at home."""
        signatures = [one for one in (thought.signature, thought.encrypted) if one is not None]
        native = self._home and all(one.origin is Dialect.OPENAI for one in signatures)
        if not native and not self._quirks.takes_thoughts:
            if thought.text:
                self._losses.drop(Feature.REASONING)
            if thought != Reasoning(text=thought.text):
                self._losses.drop(Feature.REASONING_SIGNATURE)
            return None
        if native or (self._quirks.takes_signatures and thought.details is None):
            kept = structs.replace(
                thought,
                signature=self._signature(thought.signature),
                encrypted=self._signature(thought.encrypted),
            )
        else:
            kept = Reasoning(text=thought.text)
            if kept != thought:
                self._losses.drop(Feature.REASONING_SIGNATURE)
        return None if kept == Reasoning() != thought else kept


def _showing(shown: list[Text | Media]) -> list[dict[str, Any]]:
    """The message that shows what the results before it hold; none where they hold but text."""
    if not shown:
        return []
    line = {"role": "user", "content": [write_part(part) for part in shown]}
    shown.clear()
    return [line]


def _content(parts: list[Text | Media | Foreign]) -> Any:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache_mark is None:
        return parts[0].text
    return [write_part(part) for part in parts]


def _text_of(media: Media) -> str | None:
    """A document that is plain text, read; None where it is none."""
    if not (media.media_type or "").startswith("text/"):
        return None
    try:
        return base64.b64decode(media.data or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
