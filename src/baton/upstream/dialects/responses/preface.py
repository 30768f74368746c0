"""What Baton puts before a caller's own words, in a body of responses."""

import msgspec
from msgspec import Raw

from baton.core.preface import Preface
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import items, joined, raw, said, text_of, together


def prefaced(body: bytes, preface: Preface) -> bytes:
    """The body with it."""
    fields = fields_of(body)
    if preface.system:
        fields["instructions"] = raw(joined(preface.system, text_of(fields.get("instructions")) or ""))
    if preface.user:
        turn = raw({"role": "user", "content": preface.user})
        fields["input"] = together((turn, *_turns(fields)))
    if preface.temperature is not None and not said(fields, "temperature"):
        fields["temperature"] = raw(preface.temperature)
    return msgspec.json.encode(fields)


def _turns(fields: dict[str, Raw]) -> list[Raw]:
    if not said(fields, "input"):
        return []
    text = text_of(fields["input"]) if bytes(fields["input"])[:1] == b'"' else None
    return items(fields["input"]) if text is None else [raw({"role": "user", "content": text})]
