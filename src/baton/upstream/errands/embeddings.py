"""Embeddings."""

from typing import Any

import msgspec

from baton.core.errors import Invalid
from baton.core.estimate import weight_of
from baton.core.provider import ProviderSpec, Service
from baton.upstream.dialects.codec import Glance
from baton.upstream.dialects.wire import as_list, as_object
from baton.upstream.errands.errand import Answer, Errand, Letter, Task
from baton.upstream.errands.outside import (
    Outside,
    errand,
    prompt_of,
    read_outside,
    read_told,
    require_list,
    tokens_in,
)

_CHARS_PER_TOKEN = 4
"""What the rest of the house takes for a token's length, so that counted tokens come out as many."""


class _Body(Outside, kw_only=True):
    input: str | list[str | int | list[int] | dict[str, Any]]
    dimensions: int | None = None
    encoding_format: str | None = None


_DECODER = msgspec.json.Decoder(_Body)


def _read(letter: Letter) -> Errand:
    outside = read_outside(letter, _DECODER)
    if outside.input == []:
        raise Invalid(
            "Invalid 'input': empty array. Expected an array with minimum length 1.",
            param="input",
            code="empty_array",
        )
    chars = _length(outside.input)
    return errand(letter, outside, Service.EMBEDDINGS, chars=chars, most=prompt_of(letter))


def _length(said: Any) -> int:
    """Characters of texts; of token ids as many as they would be."""
    if isinstance(said, str):
        return weight_of(said)
    if isinstance(said, int):
        return _CHARS_PER_TOKEN
    return sum(map(_length, as_object(said).values())) + sum(map(_length, as_list(said)))


def _glance(answer: Answer, spec: ProviderSpec) -> Glance:
    told = read_told(answer.body, spec)
    require_list(told.data, "data")
    return Glance(id=told.name, model=told.version, usage=tokens_in(told.usage), finish=None, chars=0)


EMBEDDINGS = Task(service=Service.EMBEDDINGS, path="/embeddings", read=_read, glance=_glance)
