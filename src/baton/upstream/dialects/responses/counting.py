"""Counting the tokens of a prompt: what of a request's body is prompt, sent to a route of its own."""

import msgspec
from msgspec import Raw

from baton.upstream.dialects.codec import Counter
from baton.upstream.dialects.openai.place import place

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


def _address(base_url: str, model: str) -> str:
    return place(base_url, model, PATH)


def _write(body: bytes, model: str) -> bytes:
    del model  # the body says it
    fields = _FIELDS.decode(body)
    said = {name: value for name, value in fields.items() if name in _OF_THE_PROMPT}
    return body if len(said) == len(fields) else msgspec.json.encode(said)


def write_count(tokens: int) -> bytes:
    """The answer to a caller."""
    return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})


COUNTER = Counter(address=_address, write=_write, tokens_in="input_tokens")
