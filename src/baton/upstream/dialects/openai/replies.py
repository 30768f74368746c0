"""Whole answers as a caller of this dialect gets them; what cannot be said is noted."""

from typing import Any

import msgspec

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import (
    Citation,
    Foreign,
    Media,
    MediaKind,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from baton.upstream.dialects.openai.finishes import write_finish
from baton.upstream.dialects.openai.parts import EXTRA, write_call, write_citation, write_signature
from baton.upstream.dialects.openai.thoughts import write_thoughts
from baton.upstream.dialects.openai.turns import MEDIA_FEATURES
from baton.upstream.dialects.openai.usage import write_usage
from baton.upstream.dialects.unsaid import note_unsaid

_RANKS: dict[type, int] = {Reasoning: 0, Foreign: 1, Text: 2, Media: 3, Refusal: 4, ToolCall: 5}


def write_answer(response: ChatResponse, losses: Losses) -> bytes:
    """A whole answer in OpenAI's shape."""
    home = response.dialect is Dialect.OPENAI
    body: dict[str, Any] = {
        "id": response.id,
        "object": "chat.completion",
        "created": response.created,
        "model": response.model,
        "choices": [_choice(choice, home, losses) for choice in response.choices],
    }
    if response.usage_raw is not None and home:
        body["usage"] = response.usage_raw
    elif response.usage is not None:
        body["usage"] = write_usage(response.usage)
    if home:
        body |= response.extras
    else:
        note_unsaid(response, losses)
    return msgspec.json.encode(body)


def _choice(choice: Choice, home: bool, losses: Losses) -> dict[str, Any]:
    line: dict[str, Any] = {
        "index": choice.index,
        "message": _Message(home, losses).write(choice.parts),
        "logprobs": choice.logprobs if home else None,
        "finish_reason": tell_finish(choice.finish or Finish.STOP, choice.native_finish, losses),
    }
    if home:
        line["message"] |= choice.message_extras
        return line | choice.extras
    return line


def tell_finish(finish: Finish, native: str | None, losses: Losses) -> str:
    """The word for an end; a shade that it has no word for is noted."""
    word = write_finish(finish, native)
    if word != finish.value and word != native:
        losses.adjust(Feature.FINISH, word)
    return word


class _Message:
    """One message on its way."""

    def __init__(self, home: bool, losses: Losses) -> None:
        self._home = home
        self._losses = losses
        self._texts: list[str] = []
        self._chars = 0
        """Of these texts."""
        self._foreign: list[Any] = []
        self._fields: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        self._calls: list[dict[str, Any]] = []

    def write(self, parts: tuple[Part, ...]) -> dict[str, Any]:
        """All parts."""
        ranks = [_RANKS.get(type(part), 0) for part in parts]
        if ranks != sorted(ranks):
            self._losses.adjust(Feature.PART_ORDER)
        texts = [part for part in parts if isinstance(part, Text)]
        for part in parts:
            self._add(part, bool(texts) and part is texts[-1])
        thoughts = [part for part in parts if isinstance(part, Reasoning)]
        fields = self._fields | write_thoughts(thoughts, twice=True)
        if self._foreign:
            said = [{"type": "text", "text": "".join(self._texts)}] if texts else []
            fields["content"] = [*self._foreign, *said]
        elif texts:
            fields["content"] = "".join(self._texts)
        if self._calls:
            fields["tool_calls"] = self._calls
        return fields

    def _add(self, part: Part, is_last_text: bool) -> None:
        fields, losses = self._fields, self._losses
        match part:
            case Text():
                self._say(part, is_last_text)
            case Refusal():
                fields["refusal"] = (fields["refusal"] or "") + part.text
            case ToolCall():
                self._calls.append(write_call(part))
            case Foreign(dialect=Dialect.OPENAI, kind="audio" | "executed_tools"):
                fields[part.kind] = part.raw
            case Foreign(dialect=Dialect.OPENAI, kind="images"):
                fields.setdefault("images", []).append(part.raw)
            case Foreign(dialect=Dialect.OPENAI):
                self._foreign.append(part.raw)
            case Foreign():
                losses.drop(Feature.FOREIGN_PARTS, part.kind)
            case Media():
                image = write_image(part, losses)
                if image is not None:
                    fields.setdefault("images", []).append(image)
            case ToolResult():
                losses.drop(Feature.FOREIGN_PARTS, "tool_result")
            case Reasoning():
                pass

    def _say(self, text: Text, is_last: bool) -> None:
        before = self._chars
        self._texts.append(text.text)
        self._chars += len(text.text)
        for citation in text.citations:
            note = tell_citation(citation, before, self._chars, self._losses)
            if note is not None:
                self._fields.setdefault("annotations", []).append(note)
        if text.signature is None:
            return
        if is_last:
            self._fields[EXTRA] = write_signature(text.signature)
        else:  # there is but one place for them, and it means the end
            self._losses.drop(Feature.REASONING_SIGNATURE)


def tell_citation(citation: Citation, before: int, chars: int, losses: Losses) -> Any | None:
    """One annotation; `before`: characters of earlier texts, `chars`: of all until its end."""
    return write_citation(citation.moved(before), chars, losses)


def write_image(media: Media, losses: Losses) -> dict[str, Any] | None:
    """An image of an answer, as OpenRouter shows it; None: other media have no place, nor images by id."""
    if media.kind is not MediaKind.IMAGE or (media.url is None and media.data is None):
        losses.drop(MEDIA_FEATURES[media.kind])
        return None
    if media.signature is not None:
        losses.drop(Feature.REASONING_SIGNATURE)
    if media.name is not None:
        losses.drop(Feature.MEDIA_NAME)
    if media.detail is not None:
        losses.drop(Feature.IMAGE_DETAIL)
    url = media.url or f"data:{media.media_type or 'image/png'};base64,{media.data}"
    return {"type": "image_url", "image_url": {"url": url}}
