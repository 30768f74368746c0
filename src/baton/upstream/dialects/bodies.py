"""The body of a request that is passed on in its own dialect: as it came, but for what must change."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Raw

from baton.core.request import Envelope
from baton.upstream.dialects.wire import no_json

_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def fields_of(body: bytes) -> dict[str, Raw]:
    """The fields of a body whose outside has been read, each once and as it was written.

    Raises:
        Invalid: it is nested too deeply: its outside was read with more room on the stack.
    """
    try:
        return _FIELDS.decode(body)
    except RecursionError as error:
        raise no_json(error) from None


def hides_names(body: bytes) -> bool:
    """Whether the name of a field may be spelt with escapes, which hide it from a plain search; nobody who
    means well escapes small letters."""
    return b"\\u006" in body or b"\\u007" in body


def may_repeat(body: bytes, names: Iterable[bytes]) -> bool:
    """Whether one of these fields, which money or storage depends on, may stand in the body twice: which one
    counts is up to a reader. Written anew, it stands there once. `names`: in their quotes."""
    return hides_names(body) or any(body.count(name) > 1 for name in names)


def lower(fields: dict[str, Raw], names: Sequence[str], bound: int) -> None:
    """Bound an answer's tokens: in each of these fields that is there, else in the first."""
    said = [name for name in names if name in fields and bytes(fields[name]) != b"null"] or names[:1]
    for name in said:
        limit = msgspec.json.decode(fields[name]) if name in fields else None
        lowered = min(limit, bound) if isinstance(limit, int) else bound
        fields[name] = Raw(msgspec.json.encode(lowered))


def for_model(
    envelope: Envelope, model: str, names: Iterable[bytes], bound: Callable[[dict[str, Raw], int], None]
) -> bytes:
    """The caller's body with the provider's own word for the model, and no `baton` object; what is in `names`
    (as in `may_repeat`) at most once. `bound` bounds how long the answer may be, where Baton says so.

    Raises:
        Invalid: it is nested too deeply.
    """
    body = envelope.body
    fields = fields_of(body)
    changes = fields.pop("baton", None) is not None
    if envelope.bound is not None:
        bound(fields, envelope.bound)
        changes = True
    if not changes and envelope.model == model and not may_repeat(body, names):
        return body
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)
