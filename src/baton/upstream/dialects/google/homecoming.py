"""A conversation that models of other dialects took part in, on its way to one of this dialect's own.

What Baton carried for them in the fields for signatures is taken out of the body as it came; all else stays.
"""

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.carried import holds_marked, unmark_base64
from baton.upstream.dialects.google.contents import UNSIGNED
from baton.upstream.dialects.google.parts import HOME
from baton.upstream.dialects.google.spelling import camel
from baton.upstream.dialects.wire import UNREADABLE, as_text

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_SIGNATURE, _CALL, _THOUGHT, _TEXT = "thoughtSignature", "functionCall", "thought", "text"
_EMPTY = (b"null", b'""', b"false")


def bring_home(body: bytes, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """The body without what other dialects' models signed; the very same where there is none.

    A model that checks signatures takes calls of others with a mark of Google's for unsigned ones.
    """
    if not holds_marked(body):
        return body
    talk = _Talk(spec.quirks.checks_signatures(model), losses)
    try:
        fields = _FIELDS.decode(body)
        contents = _each(fields.get("contents"))
        kept = [again for content in contents if (again := talk.clean(content)) is not None]
    except UNREADABLE:  # passing on will say so, or the provider
        return body
    if kept == contents:
        return body
    fields["contents"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def _each(value: Raw | None) -> list[Raw]:
    """An array; a lone object counts as an array of one, as Google has it."""
    if value is None:
        return []
    return [value] if bytes(value).lstrip()[:1] == b"{" else msgspec.json.decode(value, type=list[Raw])


class _Talk:
    """The contents, one behind the other."""

    def __init__(self, checks_signatures: bool, losses: Losses) -> None:
        self._checks_signatures = checks_signatures
        self._losses = losses
        self._called = False
        """Whether the model's turn has called a tool: its first call is the one that is signed."""

    def clean(self, content: Raw) -> Raw | None:
        """A content as Google may see it; None: nothing is left of it."""
        fields = _FIELDS.decode(content)
        if bytes(fields.get("role", b"")).lower() != b'"model"':
            self._called = False
        parts = _each(fields.get("parts"))
        kept = [again for part in parts if (again := self._part(part)) is not None]
        if kept == parts:
            return content
        if not kept:
            self._losses.adjust(Feature.EMPTY_CONTENT)
            return None
        return Raw(msgspec.json.encode({**fields, "parts": kept}))

    def _part(self, part: Raw) -> Raw | None:
        fields = _FIELDS.decode(part)
        spelt = {camel(name): name for name in fields}
        changed = False
        signature = _text(fields.get(spelt.get(_SIGNATURE, "")))
        if signature and unmark_base64(signature, HOME).origin is not HOME:
            self._losses.drop(Feature.REASONING_SIGNATURE)
            del fields[spelt[_SIGNATURE]]
            signature, changed = None, True
            if bytes(fields.get(_THOUGHT, b"")) == b"true" or _says_nothing(fields):
                return None
        if _CALL in spelt:
            first, self._called = not self._called, True
            if first and not signature and self._checks_signatures:
                self._losses.adjust(Feature.REASONING_SIGNATURE)
                fields[_SIGNATURE] = Raw(msgspec.json.encode(UNSIGNED))
                changed = True
        return Raw(msgspec.json.encode(fields)) if changed else part


def _text(value: Raw | None) -> str | None:
    return None if value is None else as_text(msgspec.json.decode(value))


def _says_nothing(fields: dict[str, Raw]) -> bool:
    """Whether a part was there for its signature only."""
    return all(name in (_TEXT, _THOUGHT) and bytes(value) in _EMPTY for name, value in fields.items())
