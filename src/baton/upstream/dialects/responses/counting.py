"""Counting the tokens of a prompt: what of a request's body is prompt, sent to a route of its own."""

import msgspec
from msgspec import Raw, Struct

from baton.upstream.dialects.codec import Counter, NotAnAnswer
from baton.upstream.dialects.failures import no_count
from baton.upstream.dialects.openai.codec import place
from baton.upstream.dialects.wire import UNREADABLE

PATH = "/responses/input_tokens"

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_OF_THE_PROMPT = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
        "reasoning",
        "truncation",
        "personality",
    }
)
"""What the counter takes (OpenAI's API description, `TokenCountsBody`)."""


class _Answer(Struct):
    input_tokens: int


_DECODER = msgspec.json.Decoder(_Answer)


def _address(base_url: str, model: str) -> str:
    return place(base_url, model, PATH)


def _write(body: bytes, model: str) -> bytes:
    del model  # the body says it
    fields = _FIELDS.decode(body)
    said = {name: value for name, value in fields.items() if name in _OF_THE_PROMPT}
    return body if len(said) == len(fields) else msgspec.json.encode(said)


def _read(body: bytes) -> int:
    try:
        return _DECODER.decode(body).input_tokens
    except UNREADABLE as error:
        raise NotAnAnswer(no_count(error)) from None


def write_count(tokens: int) -> bytes:
    """The answer to a caller."""
    return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})


COUNTER = Counter(address=_address, write=_write, read=_read)
