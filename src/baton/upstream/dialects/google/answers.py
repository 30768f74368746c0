"""Whole answers ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.messages import Citation, Foreign, Media, Part, Reasoning, Refusal, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.callids import told_apart
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.failures import malformed
from baton.upstream.dialects.google.chunks import Candidate, Chunk, read_chunk
from baton.upstream.dialects.google.citations import Grounds, shifted, write_grounding
from baton.upstream.dialects.google.errors import error_inside
from baton.upstream.dialects.google.finishes import finish_word, read_finish, write_finish
from baton.upstream.dialects.google.parts import (
    HOME,
    joined,
    read_call,
    read_said,
    signed,
    write_call,
    write_media,
    write_thought,
)
from baton.upstream.dialects.google.spelling import spelt
from baton.upstream.dialects.google.streams import call_id, made_id
from baton.upstream.dialects.google.unread import parts_of, unread_of
from baton.upstream.dialects.google.usage import read_usage, write_usage
from baton.upstream.dialects.unsaid import Leftovers, note_unsaid
from baton.upstream.dialects.wire import UNREADABLE, Fields

_NO_OBJECT = "it is no JSON object"
_NO_CANDIDATES = "there are no candidates in it"
_KNOWN = ("candidates", "usageMetadata", "modelVersion", "responseId", "createTime")


def glance(body: bytes, spec: ProviderSpec) -> Glance:
    """Look at a whole answer without taking it apart.

    Raises:
        NotAnAnswer: empty, HTML, half a JSON, an error inside a 200, nothing said of the prompt.
    """
    chunk = _answer(body, spec)
    finish = chunk.blocked
    chars = 0
    for candidate in chunk.candidates or ():
        finish = finish or finish_word(candidate.finishReason)
        for part in candidate.content.parts or () if candidate.content else ():
            chars += chars_of(part)
    return Glance(
        id=chunk.responseId or "",
        model=chunk.modelVersion or "",
        usage=None if chunk.usageMetadata is None else read_usage(chunk.usageMetadata, chunk.searched),
        finish=finish,
        chars=chars,
    )


def chars_of(part: dict[str, Raw]) -> int:
    """About how many characters of text or of a call a part holds."""
    said = part.get("text") or part.get("functionCall") or b""
    return max(0, len(bytes(said)) - 2)  # without its quotes, or its braces


def _answer(body: bytes, spec: ProviderSpec) -> Chunk:
    chunk = read_chunk(body)
    if chunk is None:
        raise NotAnAnswer(malformed(body, _NO_OBJECT))
    if not chunk.candidates and chunk.blocked is None:
        if chunk.error:
            raise NotAnAnswer(error_inside(spec, chunk.error))
        raise NotAnAnswer(malformed(body, _NO_CANDIDATES))
    return chunk


class _Said(Struct):
    """A choice while it is put together."""

    parts: tuple[Part, ...] = ()
    calls: int = 0
    native: str | None = None
    logprobs: Raw | None = None


def read_answer(body: bytes, spec: ProviderSpec) -> ChatResponse:
    """A whole answer, taken apart; an array is a stream that came at once (recording google-27a9be4012).

    Raises:
        NotAnAnswer: as `glance`; the first error in it.
        Invalid: it is nested without end.
    """
    chunks = [_piece(data, spec) for data in _pieces(body)]
    if not any(chunk.candidates or chunk.blocked for chunk in chunks):
        raise NotAnAnswer(malformed(body, _NO_CANDIDATES))
    stated = next((chunk.responseId for chunk in chunks if chunk.responseId), None)
    answer_id = stated or made_id(body)
    said: dict[int, _Said] = {}
    left = Leftovers()
    for chunk in chunks:
        left.event(chunk.unread)
        for at, candidate in enumerate(chunk.candidates or ()):
            index = at if candidate.index is None else candidate.index
            left.event(_hear(said.setdefault(index, _Said()), candidate, answer_id, index))
    blocked = next((chunk.blocked for chunk in chunks if chunk.blocked), None)
    if blocked is not None and not said:
        said[0] = _Said(native=blocked)
    extras = _extras(body)
    wire = next((chunk.usageMetadata for chunk in reversed(chunks) if chunk.usageMetadata), None)
    response = ChatResponse(
        id=answer_id,
        model=next((chunk.modelVersion for chunk in chunks if chunk.modelVersion), ""),
        created=0,
        choices=tuple(_choice(index, each, blocked is not None) for index, each in sorted(said.items())),
        usage=None if wire is None else read_usage(wire, any(chunk.searched for chunk in chunks)),
        dialect=HOME,
        usage_raw=None if wire is None else Raw(msgspec.json.encode(wire)),
        extras=extras,
        unread=tuple(path for path in left.paths if path not in extras),
    )
    return told_apart(response)


def _pieces(body: bytes) -> list[bytes | Raw]:
    if body.lstrip()[:1] != b"[":
        return [body]
    try:
        return list(msgspec.json.decode(body, type=list[Raw]))
    except UNREADABLE:
        raise NotAnAnswer(malformed(body, "it is no array")) from None


def _piece(data: bytes | Raw, spec: ProviderSpec) -> Chunk:
    chunk = read_chunk(data)
    if chunk is None:
        raise NotAnAnswer(malformed(bytes(data), _NO_OBJECT))
    if chunk.error:
        raise NotAnAnswer(error_inside(spec, chunk.error))
    return chunk


def _extras(body: bytes) -> dict[str, Raw]:
    """What else stands beside the candidates."""
    try:
        fields = msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:
        return {}
    return {name: value for name, value in fields.items() if name not in _KNOWN}


def _hear(said: _Said, candidate: Candidate, answer_id: str, choice: int) -> list[str]:
    """Add what one candidate says to its choice; the paths of what nobody reads."""
    more: list[Part] = []
    left = unread_of(candidate, choice)
    for named in candidate.content.parts or () if candidate.content else ():
        fields = spelt(Fields(dict(named), parts_of(choice)))
        try:
            part = _part(fields, call_id(answer_id, choice, said.calls))
        except Invalid:  # a part of a shape that nobody knows is left out; the rest is paid for
            left.append(parts_of(choice))
            continue
        if not isinstance(part, Foreign):
            left += fields.left
        said.calls += isinstance(part, ToolCall)
        if part != Text(text=""):
            more.append(part)
    said.parts = _cited(joined(said.parts, more), candidate)
    said.native = finish_word(candidate.finishReason) or said.native
    if bytes(candidate.logprobsResult) != b"null":
        said.logprobs = candidate.logprobsResult
    return left


def _part(fields: Fields, made_id: str) -> Part:
    return read_call(fields, made_id) if "functionCall" in fields.rest else read_said(fields)


def _cited(parts: tuple[Part, ...], candidate: Candidate) -> tuple[Part, ...]:
    """The parts with a candidate's citations, each on the text that it names a place of, else on the last."""
    grounds = Grounds()
    for part in parts:
        grounds.said(part.text if isinstance(part, Text) else "")
    citations = grounds.citations(candidate)
    if not citations:
        return parts
    if not any(isinstance(part, Text) for part in parts):
        parts = (*parts, Text(text=""))
    found = list(parts)
    for citation in citations:
        at, before = _place(parts, citation.start)
        text = found[at]
        assert isinstance(text, Text)
        found[at] = structs.replace(text, citations=(*text.citations, shifted(citation, -before)))
    return tuple(found)


def _place(parts: tuple[Part, ...], start: int | None) -> tuple[int, int]:
    """Which part a place is in, and how many characters of text stand before that part."""
    begun = 0
    found = (0, 0)
    for at, part in enumerate(parts):
        if isinstance(part, Text):
            if start is not None and found[0] and begun > start:
                break
            if start is None or begun <= start:
                found = (at, begun)
            begun += len(part.text)
    return found


def _choice(index: int, said: _Said, blocked: bool) -> Choice:
    finish = None if said.native is None else read_finish(said.native, calls=said.calls > 0)
    return Choice(
        index=index,
        parts=said.parts,
        finish=Finish.CONTENT_FILTER if blocked else finish,
        native_finish=said.native,
        logprobs=said.logprobs,
    )


def write_answer(response: ChatResponse, losses: Losses) -> bytes:
    """A whole answer in Google's shape."""
    own = response.dialect is HOME
    body: dict[str, Any] = {"candidates": [_write_choice(choice, own, losses) for choice in response.choices]}
    if response.usage_raw is not None and own:
        body["usageMetadata"] = response.usage_raw
    elif response.usage is not None:
        body["usageMetadata"] = write_usage(response.usage, losses)
    body |= {"modelVersion": response.model, "responseId": response.id}
    if own:
        body |= response.extras
    else:
        note_unsaid(response, losses)
    return msgspec.json.encode(body)


def _write_choice(choice: Choice, own: bool, losses: Losses) -> dict[str, Any]:
    parts: list[Any] = []
    cited: list[Citation] = []
    text = ""
    for part in choice.parts:
        parts += write_said(part, losses)
        if isinstance(part, Text | Refusal):
            if any(citation.start is None for citation in cited):
                losses.adjust(Feature.CITATIONS)
            if isinstance(part, Text):
                cited += [shifted(citation, len(text)) for citation in part.citations]
            text += part.text
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": choice.index}
    calls = any(isinstance(part, ToolCall) for part in choice.parts)
    native = choice.native_finish if own else None
    candidate["finishReason"] = native or write_finish(choice.finish or Finish.STOP, calls, losses)
    if cited:
        candidate["groundingMetadata"] = write_grounding(cited, text)
    if choice.logprobs is not None and own:
        candidate["logprobsResult"] = choice.logprobs
    return candidate


def write_said(part: Part, losses: Losses) -> list[Any]:
    """The parts that one part of an answer becomes."""
    match part:
        case Text():
            return [signed({"text": part.text}, part.signature)]
        case Reasoning():
            if part.details is not None or part.id is not None:
                losses.drop(Feature.REASONING_SIGNATURE)
            return write_thought(part)
        case Refusal():
            losses.adjust(Feature.REFUSAL)
            return [{"text": part.text}]
        case ToolCall():
            return [write_call(part, losses)]
        case Media():
            written = write_media(part, losses)
            return [] if written is None else [written]
        case Foreign() if part.dialect is HOME:
            return [part.raw]
        case _:
            losses.drop(Feature.FOREIGN_PARTS)
            return []
