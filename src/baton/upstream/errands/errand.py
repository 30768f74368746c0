"""What an errand is to the rest of the house: a request that is passed on, and how its answer is read."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from baton.core.provider import ProviderSpec, Service
from baton.core.request import Options, Outline
from baton.upstream.dialects.codec import Glance

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,64}(?:; ?charset=[a-z0-9-]{1,20})?")

ANY_MODEL = "auto"
"""What is meant where a caller may leave the model out, and does."""


class Letter(Struct, frozen=True, kw_only=True):
    """A request as it came in."""

    body: bytes
    content_type: str
    headers: Mapping[str, str]
    """The caller's headers that the provider may see."""
    read_options: Callable[[bytes | None], Options]
    """Reads Baton's own options; given the `baton` object of the body, where there is one."""


class Answer(Struct, frozen=True):
    """A 200 as it came back."""

    body: bytes
    content_type: str
    """Lower case, and safe to be repeated."""


class Task(Struct, frozen=True, kw_only=True):
    """One kind of errand."""

    service: Service
    path: str
    """What stands behind a provider's base URL, as behind `/v1` here."""
    read: Callable[[Letter], "Errand"]
    """The outside of a request. Raises Invalid."""
    glance: Callable[[Answer, ProviderSpec], Glance]
    """Looks at an answer without taking it apart. Raises NotAnAnswer."""


class Errand(Outline, frozen=True, kw_only=True):
    """The outside of a request, and its body for whichever model serves it."""

    service: Service
    content_type: str
    """Of the body: a form's names its boundary."""
    body_for: Callable[[str], bytes]
    """The caller's body, for a model of that name."""
    headers: Mapping[str, str]


def safe_content_type(stated: str) -> str:
    """What a provider says its answer is, if that can be a media type; else plain text, which nobody runs."""
    lower = stated.strip().lower()
    return lower if _MEDIA_TYPE.fullmatch(lower) else "text/plain; charset=utf-8"
