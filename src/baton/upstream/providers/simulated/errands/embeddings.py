"""Embeddings: unit vectors drawn from the digests of a text's words, so that equal texts have equal ones, and
texts of nearly the same words have near ones."""

import base64
import hashlib
import struct
from math import sqrt
from typing import Any, Literal

import msgspec
from msgspec import Struct

from baton.core.usage import Usage
from baton.upstream.providers.simulated.errands.deed import Deed, Deeds, Request, read, refuse
from baton.upstream.providers.simulated.words import tokens

_DIMENSIONS = 256
_MOST_DIMENSIONS = 4096
_MOST_INPUTS = 2048  # as OpenAI has it
_MOST_NUMBERS = 1 << 19  # in one answer; making them takes the time of everybody's requests
_HALF = 1 << 31
_MOST_WORDS = 32
"""Of a text that are drawn one by one; those after them are drawn together."""


class _Body(Struct):
    model: str
    input: str | list[str | int | list[int]]
    dimensions: int = _DIMENSIONS
    encoding_format: Literal["float", "base64"] = "float"


def _do(request: Request) -> Deed:
    asked = read(request, _Body)
    if not 1 <= asked.dimensions <= _MOST_DIMENSIONS:
        raise refuse("dimensions", f"expected 1 to {_MOST_DIMENSIONS}")
    said = _inputs(asked.input)
    if not 1 <= len(said) <= _MOST_INPUTS:
        raise refuse("input", f"expected 1 to {_MOST_INPUTS} inputs")
    if len(said) * asked.dimensions > _MOST_NUMBERS:
        raise refuse("input", f"expected {_MOST_NUMBERS} numbers at most; ask for fewer dimensions, or texts")
    shown = _as_floats if asked.encoding_format == "float" else _as_base64
    data = [
        {"object": "embedding", "index": index, "embedding": shown(_vector(text, asked.dimensions))}
        for index, text in enumerate(said)
    ]
    count = sum(len(text) if isinstance(text, list) else len(tokens(text)) for text in said)
    body = {
        "object": "list",
        "data": data,
        "model": asked.model,
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }
    return Deed(model=asked.model, body=msgspec.json.encode(body), usage=Usage(prompt=count))


def _inputs(said: str | list[str | int | list[int]]) -> list[str | list[int]]:
    """One list: of texts, or of lists of token ids."""
    if isinstance(said, str):
        return [said]
    texts = [each for each in said if not isinstance(each, int)]
    ids = [each for each in said if isinstance(each, int)]
    if ids and texts:
        raise refuse("input", "token ids and texts together")
    return [ids] if ids else texts


def _vector(said: str | list[int], dimensions: int) -> bytes:
    """Little-endian 32-bit floats, so that both ways of writing them are equal to the last bit."""
    words = said.lower().split() if isinstance(said, str) else list(map(str, said))
    few = [*words[:_MOST_WORDS], " ".join(words[_MOST_WORDS:])]
    drawn = [_drawn(word, dimensions) for word in few if word] or [_drawn(str(said), dimensions)]
    raw = [sum(numbers) for numbers in zip(*drawn, strict=True)]
    length = sqrt(sum(number * number for number in raw))
    return struct.pack(f"<{dimensions}f", *(number / length for number in raw))


def _drawn(word: str, dimensions: int) -> list[float]:
    digest = hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(4 * dimensions)
    return [number / _HALF - 1 + 1 / (2 * _HALF) for number in struct.unpack(f"<{dimensions}I", digest)]


def _as_floats(vector: bytes) -> Any:
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def _as_base64(vector: bytes) -> Any:
    return base64.b64encode(vector).decode()


EMBEDDINGS = Deeds(path_end="/embeddings", do=_do)
