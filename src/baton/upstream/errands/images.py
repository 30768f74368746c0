"""Images made from a text."""

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from baton.core.provider import ProviderSpec, Service
from baton.core.usage import Charge, Usage, counted
from baton.upstream.dialects.codec import Glance
from baton.upstream.dialects.wire import UNREADABLE
from baton.upstream.errands.errand import ANY_MODEL, Answer, Errand, Letter, Task
from baton.upstream.errands.outside import Outside, errand, read_outside, read_told, require_list, tokens_in


class _Body(Outside, kw_only=True):
    prompt: str
    n: int | None = None
    size: str | None = None
    response_format: str | None = None


_DECODER = msgspec.json.Decoder(_Body)
_LIST = msgspec.json.Decoder(list[Raw])


def _read(letter: Letter) -> Errand:
    outside = read_outside(letter, _DECODER)
    if outside.model is None:
        outside = replace(outside, model=ANY_MODEL)
    return errand(letter, outside, Service.IMAGES, chars=len(outside.prompt), max_tokens=None)


def _glance(answer: Answer, spec: ProviderSpec) -> Glance:
    """A model that reports no tokens is paid by the picture."""
    told = read_told(answer.body, spec)
    require_list(told.data, "data")
    usage = tokens_in(told.usage)
    return Glance(
        id=told.name,
        model=told.version,
        usage=usage or _pictures(told.data),
        finish=None,
        chars=0,
        in_tokens=usage is not None,
    )


def _pictures(data: Raw) -> Usage | None:
    try:
        return Usage(charges=counted((Charge.PICTURE, len(_LIST.decode(data)))))
    except UNREADABLE:
        return None


IMAGES = Task(service=Service.IMAGES, path="/images/generations", read=_read, glance=_glance)
