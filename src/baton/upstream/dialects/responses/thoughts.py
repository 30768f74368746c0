"""Reasoning items ⇄ core: thoughts, and what other providers put on thoughts, calls and texts.

A signature from abroad travels as the encrypted content of a reasoning item, marked with its origin and with
what it stands on. The item of a call's signature stands before the call, that of a text's behind the text.
"""

import base64
from enum import StrEnum
from typing import Any

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.messages import Reasoning, Signature
from baton.upstream.dialects.carried import mark, unmark
from baton.upstream.dialects.wire import Fields, as_text

HOME = Dialect.OPENAI_RESPONSES

MADE = "rs_baton_"
"""How the ids begin that Baton gave to thoughts: nobody else knows them."""

BETWEEN_PARTS = "\n\n"
"""Between the parts of a summary: each begins with a headline of its own."""


class Stand(StrEnum):
    """What a signature from abroad stands on."""

    THOUGHT = "thought"
    CIPHER = "cipher"
    CALL = "call"
    TEXT = "text"


_STANDS = {stand.value: stand for stand in Stand}


class Loose(Struct, frozen=True):
    """A signature on the call that follows, or on the text before."""

    stand: Stand
    signature: Signature


def seal(signature: Signature, stand: Stand, thought_id: str | None = None) -> str:
    """The encrypted content that a signature travels as, with the id that its thought had; at home, only a
    cipher is one, and has no room for an id."""
    if signature.origin is HOME and stand is Stand.CIPHER:
        return signature.value
    known = "" if thought_id is None else f":{base64.urlsafe_b64encode(thought_id.encode()).decode()}"
    abroad = Signature(origin=signature.origin, value=f"{stand.value}{known}.{signature.value}")
    return mark(abroad, Dialect.NATIVE)  # which has no such thing of its own: it is always marked


def read_reasoning(fields: Fields) -> Reasoning | Loose:
    """One reasoning item; what it leaves in `fields` is unknown.

    Raises:
        Invalid: a field of it is of another kind.
    """
    item_id = fields.text("id")
    known = None if item_id is None or item_id.startswith(MADE) else item_id
    text = _joined(fields.list("summary"))
    text = _joined(fields.list("content")) or text
    fields.raw("status")
    sealed = fields.text("encrypted_content")
    if not sealed:
        return Reasoning(text=text, id=known)
    signature = unmark(sealed, HOME)
    head, _, value = signature.value.partition(".")
    word, colon, thought_id = head.partition(":")
    stand = _STANDS.get(word)
    if signature.value == sealed or stand is None:
        return Reasoning(text=text, encrypted=signature, id=known)
    inner = Signature(origin=signature.origin, value=value)
    if colon:
        known = _decoded(thought_id)
    match stand:
        case Stand.THOUGHT:
            return Reasoning(text=text, signature=inner, id=known)
        case Stand.CIPHER:
            return Reasoning(text=text, encrypted=inner, id=known)
        case Stand.CALL | Stand.TEXT:
            return Loose(stand, inner)


def _decoded(thought_id: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(thought_id).decode()
    except ValueError:  # nobody's work but a caller's own
        return None


def brought_home(item: dict[str, Any]) -> dict[str, Any] | None:
    """An item of a request as a provider of this dialect may see it: an id that Baton gave means nothing to
    it, and what Baton made of other providers' thoughts is nothing at all."""
    sealed, item_id = as_text(item.get("encrypted_content")), as_text(item.get("id"))
    if item.get("type") != "reasoning":
        return item
    if sealed and unmark(sealed, HOME).value != sealed:
        return None
    if item_id is None or not item_id.startswith(MADE):
        return item
    return {name: value for name, value in item.items() if name != "id"} if sealed else None


def _joined(parts: list[Fields]) -> str:
    return BETWEEN_PARTS.join(text for part in parts if (text := part.text("text")))


def write_summary(text: str) -> list[dict[str, str]]:
    """A thought's text as a summary."""
    return [{"type": "summary_text", "text": text}] if text else []
