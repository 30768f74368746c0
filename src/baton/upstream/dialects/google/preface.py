"""What Baton puts before a caller's own words, in a body of generated content."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.preface import Preface
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import items, raw, said, text_of, together

_SYSTEM = ("systemInstruction", "system_instruction")
_CONFIG = ("generationConfig", "generation_config")
_fields = msgspec.json.Decoder(dict[str, Raw]).decode


def prefaced(body: bytes, preface: Preface) -> bytes:
    """The body with it. Both spellings of a field's name are taken, as its readers take them."""
    fields = fields_of(body)
    if preface.system:
        name = _spelt(fields, _SYSTEM)
        fields[name] = _instructed(fields.get(name), preface.system)
    if preface.user:
        turn = raw({"role": "user", "parts": [{"text": preface.user}]})
        own = items(fields["contents"]) if said(fields, "contents") else []
        fields["contents"] = together((turn, *own))
    return msgspec.json.encode(fields)


def warmed(body: bytes, temperature: float) -> bytes:
    """The body with a temperature."""
    fields = fields_of(body)
    name = _spelt(fields, _CONFIG)
    config = _fields(fields[name]) if said(fields, name) else {}
    fields[name] = raw(config | {"temperature": raw(temperature)})
    return msgspec.json.encode(fields)


def _spelt(fields: dict[str, Raw], names: tuple[str, str]) -> str:
    return next((name for name in names if said(fields, name)), names[0])


def _instructed(own: Raw | None, system: str) -> Raw:
    part: dict[str, Any] = {"text": system}
    text = text_of(own)
    if text is not None:
        return raw({"parts": [part, {"text": text}]})
    if own is None or bytes(own) == b"null":
        return raw({"parts": [part]})
    content = _fields(own)
    parts = items(content["parts"]) if said(content, "parts") else []
    return raw(content | {"parts": together((raw(part), *parts))})
