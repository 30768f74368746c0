"""What Baton puts before a caller's own words, in a body of responses."""

import msgspec
from msgspec import Raw, Struct

from baton.core.preface import Preface
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import items, raw, said, text_of, together
from baton.upstream.dialects.openai.preface import warmed

__all__ = ["prefaced", "warmed"]

_TOLD = ("system", "developer")


class _Item(Struct):
    role: str | None = None


_item = msgspec.json.Decoder(_Item).decode


def prefaced(body: bytes, preface: Preface) -> bytes:
    """The body with it. Instructions become an item of their own: the field of that name is repeated in the
    answer, and what a prompt says is not for everybody to read."""
    fields = fields_of(body)
    turns = _turns(fields)
    if preface.user:
        first = next((at for at, each in enumerate(turns) if _item(each).role not in _TOLD), len(turns))
        turns.insert(first, raw({"role": "user", "content": preface.user}))
    if preface.system:
        turns.insert(0, raw({"role": "developer", "content": preface.system}))
    if preface.system or preface.user:
        fields["input"] = together(turns)
    return msgspec.json.encode(fields)


def _turns(fields: dict[str, Raw]) -> list[Raw]:
    if not said(fields, "input"):
        return []
    text = text_of(fields["input"]) if bytes(fields["input"])[:1] == b'"' else None
    return items(fields["input"]) if text is None else [raw({"role": "user", "content": text})]
