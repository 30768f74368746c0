"""Counting the tokens of a prompt. The question holds a whole request, so that its system instruction and its
tools are counted too (`CountTokensRequest.generateContentRequest`, API reference)."""

import msgspec
from msgspec import Raw

from baton.core.errors import Invalid
from baton.upstream.dialects.codec import Counter
from baton.upstream.dialects.google.place import place
from baton.upstream.dialects.wire import UNREADABLE, no_json

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_WHOLE = ("generateContentRequest", "generate_content_request")


def _address(base_url: str, model: str) -> str:
    path, query = place(base_url, model)
    return f"{path}:countTokens{'?' if query else ''}{query}"


def _write(body: bytes, model: str) -> bytes:
    fields = _FIELDS.decode(body)
    fields["model"] = Raw(msgspec.json.encode(f"models/{model}"))
    return msgspec.json.encode({_WHOLE[0]: fields})


def asked_about(body: bytes) -> bytes:
    """The request whose tokens a caller wants counted: the body itself, or the one inside it.

    Raises:
        Invalid: it is no JSON object.
    """
    try:
        fields = _FIELDS.decode(body)
    except msgspec.ValidationError:
        raise Invalid("The body must be a JSON object.") from None
    except UNREADABLE as error:
        raise no_json(error) from None
    inside = next((fields[name] for name in _WHOLE if name in fields), None)
    if inside is None:
        return body
    if "baton" not in fields:
        return bytes(inside)
    try:
        return msgspec.json.encode({**_FIELDS.decode(inside), "baton": fields["baton"]})
    except UNREADABLE:
        raise Invalid("generateContentRequest: must be an object.", param=_WHOLE[0]) from None


def write_count(tokens: int) -> bytes:
    """The answer to a caller."""
    return msgspec.json.encode({"totalTokens": tokens})


COUNTER = Counter(address=_address, write=_write, tokens_in="totalTokens")
