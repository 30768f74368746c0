"""Thoughts ⇄ core: their text, and the structured details in which signatures and ciphers travel.

Source: OpenRouter's guide on reasoning tokens (`reasoning_details`), which other OpenAI-likes took over;
recordings openrouter-2c798b0d68 and snowflake-fdaf1b6f7b.

A detail as a provider wrote it has a `format` or other words of its own. It is kept, but for its text, as the
value of a signature, so that it comes back to the provider whole. A detail that Baton wrote has none of
these: its signature is another dialect's, marked with its origin.
"""

from typing import Any

import msgspec

from baton.core.dialect import Dialect
from baton.core.messages import Reasoning, Signature
from baton.upstream.dialects.carried import mark, unmark
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, raw

_TEXT_IN = {"reasoning.text": "text", "reasoning.summary": "summary"}
CIPHER = "reasoning.encrypted"
_OURS = frozenset({"type", "text", "summary", "signature", "data", "id", "index"})


def read_thoughts(fields: Fields) -> list[Reasoning]:
    """Thoughts beside a message's content: two spellings of the text are in use, and structured details."""
    spoken: Any = fields.get("reasoning_content", object)
    other: Any = fields.get("reasoning", object)
    if not isinstance(spoken, str):
        spoken = other if isinstance(other, str) else None
    details = fields.raw("reasoning_details")
    if details is None or not as_list(msgspec.json.decode(details)):
        return [] if spoken is None else [Reasoning(text=spoken)]
    thoughts = _read_details(as_list(msgspec.json.decode(details)))
    told = "".join(thought.text for thought in thoughts)
    if not spoken or told == spoken:
        return thoughts
    if not told:
        return [Reasoning(text=spoken), *thoughts]
    return [Reasoning(text=spoken, details=details)]


def _read_details(details: list[Any]) -> list[Reasoning]:
    thoughts: list[Reasoning] = []
    before: dict[str, Any] = {}
    for detail in map(as_object, details):
        thought = read_detail(detail)
        if is_summed_up_by(before, detail):
            last = thoughts.pop()
            thought = Reasoning(
                text=last.text, signature=last.signature, encrypted=thought.encrypted, id=thought.id
            )
        thoughts.append(thought)
        before = detail
    return thoughts


def is_summed_up_by(summary: dict[str, Any], cipher: dict[str, Any]) -> bool:
    """Whether two details that follow each other are one thought."""
    return (
        summary.get("type") == "reasoning.summary"
        and cipher.get("type") == CIPHER
        and is_ours(summary)
        and summary.get("index") == cipher.get("index")
    )


def is_ours(detail: dict[str, Any]) -> bool:
    """Whether a detail has nothing but what `write_details` writes."""
    return _OURS.issuperset(detail)


def read_detail(detail: dict[str, Any]) -> Reasoning:
    """One structured detail; a kind that is not known stays as it was written."""
    kind = as_text(detail.get("type")) or ""
    if kind == CIPHER and isinstance(detail.get("data"), str):
        if not is_ours(detail):
            return Reasoning(encrypted=_whole(detail))
        return Reasoning(encrypted=unmark(detail["data"], Dialect.OPENAI), id=as_text(detail.get("id")))
    if kind not in _TEXT_IN:
        return Reasoning(details=raw([detail]))
    text = as_text(detail.get(_TEXT_IN[kind])) or ""
    if not is_ours(detail):
        rest = {name: value for name, value in detail.items() if name != _TEXT_IN[kind]}
        return Reasoning(text=text, signature=_whole(rest))
    signature = as_text(detail.get("signature"))
    return Reasoning(
        text=text,
        signature=None if signature is None else unmark(signature, Dialect.OPENAI),
        id=as_text(detail.get("id")),
    )


def _whole(detail: dict[str, Any]) -> Signature:
    return Signature(origin=Dialect.OPENAI, value=msgspec.json.encode(detail).decode())


def write_thoughts(thoughts: list[Reasoning], *, twice: bool) -> dict[str, Any]:
    """The fields of a message that hold its thoughts.

    `twice`: a text that stands in the details is told in its own field too, for clients who look there only.
    """
    if not thoughts:
        return {}
    fields: dict[str, Any] = {}
    detailed = len(thoughts) > 1 or in_details(thoughts[0])
    text = "".join(thought.text for thought in thoughts)
    if not detailed or any(thought.text for thought in thoughts if twice or thought.details is not None):
        fields["reasoning_content"] = text
    if detailed:
        fields["reasoning_details"] = write_details(thoughts)
    return fields


def in_details(thought: Reasoning) -> bool:
    """Whether a thought is more than its text."""
    return bool(thought.signature or thought.encrypted or thought.id or thought.details)


def write_details(thoughts: list[Reasoning]) -> list[Any]:
    """Structured details; each thought has its number in them."""
    return [detail for number, thought in enumerate(thoughts) for detail in _write_detail(thought, number)]


def _write_detail(thought: Reasoning, number: int) -> list[dict[str, Any]]:
    if thought.details is not None:
        return as_list(msgspec.json.decode(thought.details))
    name: dict[str, Any] = {} if thought.id is None else {"id": thought.id}
    details: list[dict[str, Any]] = []
    if thought.text or thought.signature is not None or thought.encrypted is None:
        kind = "reasoning.text" if thought.encrypted is None else "reasoning.summary"
        detail = _provider_s(thought.signature)
        if detail is None:
            detail = {**name, "type": kind, "index": number}
            if thought.signature is not None:
                detail["signature"] = mark(thought.signature, Dialect.OPENAI)
        if thought.text or is_ours(detail):
            detail[_TEXT_IN.get(str(detail["type"]), "text")] = thought.text
        details.append(detail)
    if thought.encrypted is not None:
        cipher = {"type": CIPHER, **name, "index": number}
        data = mark(thought.encrypted, Dialect.OPENAI)
        details.append(_provider_s(thought.encrypted) or {**cipher, "data": data})
    return details


def _provider_s(signature: Signature | None) -> dict[str, Any] | None:
    """The detail that a provider of this dialect wrote; None: it is another's, or a bare value."""
    if signature is None or signature.origin is not Dialect.OPENAI:
        return None
    try:
        detail = msgspec.json.decode(signature.value, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return detail if isinstance(detail.get("type"), str) else None
