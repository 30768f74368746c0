"""The body of `POST /api/ai/v2/chat/batch`, and its answer."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from baton.api.problems import Problem
from baton.core.errors import Invalid

MOST_REQUESTS = 100
"""More than these belong into a run of their own, which can be asked for its progress."""
MOST_AT_ONCE = 16
AT_ONCE = 4


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """Requests, each as `POST /api/ai/v2/chat` takes it."""

    requests: Annotated[tuple[Raw, ...], Meta(min_length=1, max_length=MOST_REQUESTS)]
    concurrency: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = AT_ONCE
    """How many of them are under way at once."""


class Result(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one request: `answer` or `error`."""

    index: int
    """Of the request, from 0."""
    status: int
    """As the request by itself would have been answered."""
    replayed: bool = False
    answer: Raw | UnsetType = UNSET
    error: Problem | UnsetType = UNSET


class Results(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of all, in the order of the requests."""

    succeeded: int
    failed: int
    results: tuple[Result, ...]


_decode = msgspec.json.Decoder(Batch).decode


def read_batch(body: bytes) -> Batch:
    """The batch of a body; its requests are not looked at yet.

    Raises:
        Invalid: not JSON, or no batch.
    """
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        raise _wrong(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("The body is not valid JSON.", code="invalid_json") from None


def _wrong(error: msgspec.ValidationError) -> Invalid:
    """In words of a person: `Expected … - at `$.concurrency``."""
    said, _, place = str(error).partition(" - at `$")
    return Invalid(f"{said}.", code="invalid_request", param=place.strip("`.") or None)
