"""Images made from a text."""

import re

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
    quality: str | None = None
    response_format: str | None = None


_DECODER = msgspec.json.Decoder(_Body)
_LIST = msgspec.json.Decoder(list[Raw])

_USUAL_PIXELS = 1536 * 1024
"""The largest picture whose tokens are published."""

_MOST_TOKENS = 8192
"""Of one picture of that size: something over 6240, those of high quality (OpenAI's guide to images)."""

_MOST_AT = {"low": 512, "medium": 2048}
"""The same at these qualities, of 408 and 1584; all else may mean the best."""

_MOST_COUNTED = 10**9
"""Beyond what any budget pays for; the ledger has no room for more."""

_SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")


def _read(letter: Letter) -> Errand:
    outside = read_outside(letter, _DECODER)
    if outside.model is None:
        outside = replace(outside, model=ANY_MODEL)
    return errand(letter, outside, Service.IMAGES, chars=len(outside.prompt), most=_most(letter, outside))


def _most(letter: Letter, outside: _Body) -> Usage:
    """Both of what pictures are paid by: tokens, and the piece."""
    pictures = max(1, outside.n or 1)
    each = _MOST_AT.get(outside.quality or "", _MOST_TOKENS)
    if found := _SIZE.fullmatch(outside.size or ""):
        pixels = int(found[1]) * int(found[2])
        each = max(each, each * pixels // _USUAL_PIXELS)
    made = min(pictures * each, _MOST_COUNTED)
    return Usage(
        prompt=len(letter.body),
        completion=made,
        image_out=made,
        charges=((Charge.PICTURE, min(pictures, _MOST_COUNTED)),),
        estimated=True,
    )


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
