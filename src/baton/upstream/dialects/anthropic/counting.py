"""Counting the tokens of a prompt: the same body as a message's, without what is said of the answer."""

import msgspec
from msgspec import Raw, Struct

from baton.upstream.dialects.anthropic.place import place
from baton.upstream.dialects.codec import Counter, NotAnAnswer
from baton.upstream.dialects.failures import no_count
from baton.upstream.dialects.wire import UNREADABLE

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_OF_THE_ANSWER = ("max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata")
"""The counter refuses fields that it does not know (its reference)."""


class _Answer(Struct):
    input_tokens: int


_DECODER = msgspec.json.Decoder(_Answer)


def _address(base_url: str, model: str) -> str:
    return place(base_url, model, "/messages/count_tokens")


def _write(body: bytes, model: str) -> bytes:
    del model  # the body says it
    fields = _FIELDS.decode(body)
    said = {name: value for name, value in fields.items() if name not in _OF_THE_ANSWER}
    return body if len(said) == len(fields) else msgspec.json.encode(said)


def _read(body: bytes) -> int:
    try:
        return _DECODER.decode(body).input_tokens
    except UNREADABLE as error:
        raise NotAnAnswer(no_count(error)) from None


def write_count(tokens: int) -> bytes:
    """The answer to a caller."""
    return msgspec.json.encode({"input_tokens": tokens})


COUNTER = Counter(address=_address, write=_write, read=_read)
