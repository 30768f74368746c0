"""A conversation that models of other dialects took part in, on its way to one of this dialect's own.

What Baton made of their thoughts is taken out of the body as it came; all else stays.
"""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.responses.thoughts import MADE, brought_home
from baton.upstream.dialects.wire import UNREADABLE, as_object

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_MADE_HERE = (b'"baton.', MADE.encode())


def bring_home(body: bytes, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """The body without what other dialects' models thought, and without ids that Baton gave to thoughts; the
    very same where there is nothing of the kind."""
    del model, spec  # they all take their own thoughts only
    if not any(mark in body for mark in _MADE_HERE):
        return body
    try:
        fields = _FIELDS.decode(body)
        items = msgspec.json.decode(fields.get("input", b"null"), type=list[Raw])
        kept: list[Any] = []
        for item in items:
            told = as_object(msgspec.json.decode(item))
            home = brought_home(told)
            if home is None:
                losses.drop(Feature.REASONING_SIGNATURE)
            else:
                kept.append(item if home is told else home)
    except UNREADABLE:  # a text; or passing on will say so
        return body
    if kept == items:
        return body
    fields["input"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)
