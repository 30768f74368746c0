"""What Baton puts before a caller's own words, in a body of messages."""

import msgspec

from baton.core.preface import Preface
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import items, joined, raw, said, text_of, together


def prefaced(body: bytes, preface: Preface) -> bytes:
    """The body with it; a caller's blocks stay as they are, with their marks for caching."""
    fields = fields_of(body)
    if preface.system:
        own = text_of(fields.get("system"))
        if own is not None or not said(fields, "system"):
            fields["system"] = raw(joined(preface.system, own or ""))
        else:
            first = raw({"type": "text", "text": preface.system})
            fields["system"] = together((first, *items(fields["system"])))
    if preface.user:
        turn = raw({"role": "user", "content": preface.user})
        fields["messages"] = together(
            (turn, *(items(fields["messages"]) if said(fields, "messages") else ()))
        )
    return msgspec.json.encode(fields)


def warmed(body: bytes, temperature: float) -> bytes:
    """The body with a temperature."""
    fields = fields_of(body)
    fields["temperature"] = raw(min(temperature, 1.0))  # this dialect's scale ends there
    return msgspec.json.encode(fields)
