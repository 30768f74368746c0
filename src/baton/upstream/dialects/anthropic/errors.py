"""Errors: what a provider's error means, and how a caller is told of one."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from baton.core.errors import AllAttemptsFailed, AttemptFailed, BatonError
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.failures import (
    MAX_MESSAGE_CHARS,
    MAX_WORD_CHARS,
    further,
    is_from_elsewhere,
    kind_by_status,
    known_kind,
    says_never,
    unworded,
)
from baton.upstream.dialects.sse import write_event
from baton.upstream.dialects.waits import stated_wait_s
from baton.upstream.dialects.wire import UNREADABLE, as_object, as_text

# The API's error types and their statuses (its errors guide); inside a stream only the type tells.
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_TYPES = {status: name for name, status in _STATUSES.items()}


def read_failure(
    spec: ProviderSpec, status: int, headers: Mapping[str, str], body: bytes, now_s: float
) -> Failure:
    """What an error answer (status ≥ 300) means. `now_s`: Unix time, for waits written as dates."""
    fields = _error_object(body)
    message = as_text(fields.get("message")) or unworded(status, body)
    wait_s = stated_wait_s(spec, status, headers, message, now_s)
    failure = _failure(spec, status, fields, message, wait_s)
    if is_from_elsewhere(status, body):
        failure = structs.replace(failure, kind=Kind.SERVER)
    return structs.replace(failure, final=True) if says_never(headers) else failure


def error_inside(spec: ProviderSpec, error: object) -> Failure:
    """What an error object found where an answer should be means: by its type."""
    fields = as_object(error) or {"message": str(error)}
    message = as_text(fields.get("message")) or "The provider reported an error."
    return _failure(spec, _STATUSES.get(str(fields.get("type")), 500), fields, message, None)


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        fields = as_object(msgspec.json.decode(body))
    except UNREADABLE:
        return {}
    return as_object(fields.get("error")) or fields


def _failure(
    spec: ProviderSpec, status: int, fields: dict[str, Any], message: str, wait_s: float | None
) -> Failure:
    kind = as_text(fields.get("type"))
    declared = known_kind(spec, status, () if kind is None else (kind,), message)
    extra = {name: value for name, value in fields.items() if name not in ("type", "message")}
    return Failure(
        kind=declared or kind_by_status(status),
        message=message,
        status=status,
        type=kind,
        retry_after_s=wait_s,
        extra={name: value for name, value in extra.items() if value is not None} or None,
    )


def write_error(error: BatonError, request_id: str) -> bytes:
    """An error body in Anthropic's shape."""
    body: dict[str, Any] = {"type": _type_of(error), "message": error.message[:MAX_MESSAGE_CHARS]}
    if error.code is not None:
        body["code"] = error.code
    if error.param is not None:
        body["param"] = error.param[:MAX_WORD_CHARS]
    if isinstance(error, AttemptFailed | AllAttemptsFailed):
        for name, value in (error.failure.extra or {}).items():
            body.setdefault(name, value)
    body |= further(error)
    return msgspec.json.encode({"type": "error", "error": body, "request_id": request_id})


def _type_of(error: BatonError) -> str:
    """The provider's own word where it is one of Anthropic's, else by kind and status."""
    if isinstance(error, AttemptFailed | AllAttemptsFailed):
        failure = error.failure
        native = _STATUSES.get(failure.type or "")
        if native is not None and (native == error.status or min(native, error.status) >= 500):
            return _TYPES[native]
        if failure.kind is Kind.EXHAUSTED:
            return "billing_error"
    return type_of_status(error.status)


def type_of_status(status: int) -> str:
    """The error type that goes with a status."""
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def write_error_event(error: BatonError, request_id: str) -> bytes:
    """The end of a stream that broke."""
    return write_event(write_error(error, request_id), "error")
