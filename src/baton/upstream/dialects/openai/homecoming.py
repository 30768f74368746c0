"""A conversation that models of other dialects took part in, on its way to one of this dialect's own.

What Baton carried for them is taken out of the body as it came; all else stays.
"""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Signature
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.carried import holds_marked
from baton.upstream.dialects.openai.parts import EXTRA, signature_in
from baton.upstream.dialects.openai.thoughts import is_summed_up_by, read_detail
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[Raw])
_DETAILS = "reasoning_details"
_SPOKEN = ("reasoning_content", "reasoning")


def bring_home(body: bytes, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """The body without what other dialects' models signed, and what they thought where the provider takes no
    thoughts; the very same where there is none."""
    del model
    if not holds_marked(body):
        return body
    try:
        fields = _FIELDS.decode(body)
        messages = _ITEMS.decode(fields.get("messages", b"null"))
        kept = [_clean(message, spec.quirks.takes_thoughts, losses) for message in messages]
    except UNREADABLE:  # passing on will say so, or the provider
        return body
    if kept == messages:
        return body
    fields["messages"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def _clean(message: Raw, takes_thoughts: bool, losses: Losses) -> Raw:
    if b'"baton.' not in bytes(message):
        return message
    fields = _FIELDS.decode(message)
    again = _unsigned(fields)
    details = [as_object(detail) for detail in as_list(_value(fields.get(_DETAILS)))]
    own = [detail for at, detail in enumerate(details) if not _is_foreign(details[at : at + 2])]
    if own != details:
        again = {name: said for name, said in again.items() if name != _DETAILS}
        if own:
            again[_DETAILS] = Raw(msgspec.json.encode(own))
        spoken = [again.pop(name) for name in _SPOKEN if name in again and not takes_thoughts]
        if any(map(_value, spoken)):
            losses.drop(Feature.REASONING)
    calls = fields.get("tool_calls", Raw(b"null"))
    if b'"baton.' in bytes(calls):
        unsigned = [_unsigned(_FIELDS.decode(call)) for call in _ITEMS.decode(calls)]
        again = {**again, "tool_calls": Raw(msgspec.json.encode(unsigned))}
    if again == fields:
        return message
    losses.drop(Feature.REASONING_SIGNATURE)
    return Raw(msgspec.json.encode(again))


def _value(written: Raw | None) -> Any:
    return None if written is None else msgspec.json.decode(written)


def _is_foreign(details: list[dict[str, Any]]) -> bool:
    """Whether the first of these is another dialect's thought, or the words of such a cipher behind it."""
    thought = read_detail(details[0])
    if _from_abroad(thought.signature) or _from_abroad(thought.encrypted):
        return True
    return len(details) > 1 and is_summed_up_by(*details) and _is_foreign(details[1:])


def _unsigned(fields: dict[str, Raw]) -> dict[str, Raw]:
    """A message or a call without another dialect's signature."""
    if not _from_abroad(signature_in(_value(fields.get(EXTRA)))):
        return fields
    return {name: said for name, said in fields.items() if name != EXTRA}


def _from_abroad(signature: Signature | None) -> bool:
    return signature is not None and signature.origin is not Dialect.OPENAI
