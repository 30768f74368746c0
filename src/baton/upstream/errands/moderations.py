"""Moderations."""

from typing import Any

import msgspec
from msgspec.structs import replace

from baton.core.provider import ProviderSpec, Service
from baton.upstream.dialects.codec import Glance
from baton.upstream.dialects.wire import as_text
from baton.upstream.errands.errand import ANY_MODEL, Answer, Errand, Letter, Task
from baton.upstream.errands.outside import (
    Outside,
    errand,
    prompt_of,
    read_outside,
    read_told,
    require_list,
    tokens_in,
)


class _Body(Outside, kw_only=True):
    input: str | list[str | dict[str, Any]]


_DECODER = msgspec.json.Decoder(_Body)


def _read(letter: Letter) -> Errand:
    outside = read_outside(letter, _DECODER)
    if outside.model is None:
        outside = replace(outside, model=ANY_MODEL)
    said = [outside.input] if isinstance(outside.input, str) else outside.input
    chars = sum(len(each if isinstance(each, str) else as_text(each.get("text")) or "") for each in said)
    return errand(letter, outside, Service.MODERATIONS, chars=chars, most=prompt_of(letter))


def _glance(answer: Answer, spec: ProviderSpec) -> Glance:
    told = read_told(answer.body, spec)
    require_list(told.results, "results")
    usage = tokens_in(told.usage)
    return Glance(id=told.name, model=told.version, usage=usage, finish=None, chars=0)


MODERATIONS = Task(service=Service.MODERATIONS, path="/moderations", read=_read, glance=_glance)
