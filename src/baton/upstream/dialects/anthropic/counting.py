"""Counting the tokens of a prompt: the same body as a message's, without what is said of the answer."""

import msgspec
from msgspec import Raw

from baton.upstream.dialects.anthropic.place import place
from baton.upstream.dialects.codec import Counter

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_OF_THE_ANSWER = ("max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata")
"""The counter refuses fields that it does not know (its reference)."""


def _address(base_url: str, model: str) -> str:
    return place(base_url, model, "/messages/count_tokens")


def _write(body: bytes, model: str) -> bytes:
    del model  # the body says it
    fields = _FIELDS.decode(body)
    said = {name: value for name, value in fields.items() if name not in _OF_THE_ANSWER}
    return body if len(said) == len(fields) else msgspec.json.encode(said)


def write_count(tokens: int) -> bytes:
    """The answer to a caller."""
    return msgspec.json.encode({"input_tokens": tokens})


COUNTER = Counter(address=_address, write=_write, tokens_in="input_tokens")
