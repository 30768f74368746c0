"""Errors on their way out: in the shape of the dialect that is spoken at a path, or as problem documents
(RFC 9457)."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from baton.core.dialect import Dialect
from baton.core.errors import AllAttemptsFailed, BatonError, Invalid, Unservable
from baton.pipelines.itinerary.allowance import NoneLeft, Usage
from baton.pipelines.itinerary.outcome import NotMade
from baton.pipelines.itinerary.tally import Metrics
from baton.upstream.dialects.registry import CODECS

PROBLEM = b"application/problem+json"
JSON = b"application/json"

_SNAKE = re.compile(r"_([a-z])")
_TYPE = "urn:baton:problem:"
_PREFIXES = ("Value error, ", "Assertion failed, ")  # pydantic's, before a message of our own


class Wrong(Struct, frozen=True):
    """One field that is wrong; `field` is its path, e.g. `messages[0].role`."""

    field: str
    message: str


class Mistaken(Invalid):
    """Several fields are wrong; carries each of them."""

    def __init__(self, errors: Sequence[Wrong]) -> None:
        """`errors`: at least one."""
        first = errors[0]
        named = f"{first.field}: {first.message}" if first.field else first.message
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{named}{more}", code="invalid_request", param=first.field or None)
        self.errors = tuple(errors)


class Tried(Struct, frozen=True):
    """One attempt that failed."""

    model: str
    reason: str
    ms: int


class Problem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A problem document. `code` is the stable word for machines; `type` is made of it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[Wrong, ...] | UnsetType = UNSET
    attempts: tuple[Tried, ...] | UnsetType = UNSET
    reasons: Mapping[str, str] | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    """Of a monthly limit that is reached."""
    run_id: str | UnsetType = UNSET
    """Of what came to nothing."""
    metrics: Metrics | UnsetType = UNSET
    """What that took."""


def problem(error: BatonError, request_id: str) -> Problem:
    """The problem document of an error."""
    code = error.code or "invalid_request"
    wrong: tuple[Wrong, ...] | UnsetType = UNSET
    if isinstance(error, Mistaken):
        wrong = error.errors
    elif isinstance(error, Invalid) and error.param is not None:
        wrong = (Wrong(_camel(error.param), error.message),)
    return Problem(
        type=_TYPE + code,
        title=_title(error.status),
        status=error.status,
        detail=error.message,
        code=code,
        request_id=request_id,
        errors=wrong,
        attempts=tuple(Tried(route, failure.kind.value, ms) for route, failure, ms in error.attempts)
        if isinstance(error, AllAttemptsFailed)
        else UNSET,
        reasons=error.reasons if isinstance(error, Unservable) else UNSET,
        usage=error.usage if isinstance(error, NoneLeft) else UNSET,
        run_id=error.run_id if isinstance(error, NotMade) else UNSET,
        metrics=error.metrics if isinstance(error, NotMade) and error.metrics is not None else UNSET,
    )


def write(error: BatonError, dialect: Dialect, request_id: str) -> tuple[bytes, bytes]:
    """The error's body and its media type, as callers of this dialect expect them."""
    if dialect is Dialect.NATIVE:
        return msgspec.json.encode(problem(error, request_id)), PROBLEM
    return CODECS[dialect].write_error(error, request_id), JSON


def mistaken(error: ValidationError) -> Mistaken:
    """The refusal of a body that pydantic refused: every wrong field at once."""
    return mistakes(error.errors(include_url=False, include_context=False, include_input=False))


def mistakes(details: Sequence[ErrorDetails] | Sequence[Any]) -> Mistaken:
    """The same from the details alone."""
    return Mistaken([Wrong(path(detail["loc"]), _sentence(detail["msg"])) for detail in details])


def path(steps: Sequence[int | str]) -> str:
    """`("messages", 0, "role")` as `messages[0].role`."""
    written = ""
    for step in steps:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            written += f".{step}" if written else step
    return written


def _camel(param: str) -> str:
    """The rooms below name fields as they stand in code."""
    return _SNAKE.sub(lambda found: found[1].upper(), param)


def _sentence(message: str) -> str:
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message[:1].upper() + message[1:]


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # a provider's own status, passed on
        return "Error"
