"""Errors: what Google's mean, and how a caller of this dialect is told of one.

Source: google.rpc's `Status`, `ErrorInfo`, `QuotaFailure`, `RetryInfo` (googleapis' error_details.proto).
"""

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
from baton.upstream.dialects.waits import MAX_WAIT_S, NO_CLOCK_S, go_duration_s, stated_wait_s
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

_DETAIL = "type.googleapis.com/google.rpc."
_BY_REASON = {
    "API_KEY_INVALID": Kind.CREDENTIAL,
    "API_KEY_SERVICE_BLOCKED": Kind.CREDENTIAL,
    "SERVICE_DISABLED": Kind.CREDENTIAL,
    "BILLING_DISABLED": Kind.EXHAUSTED,
    "CONSUMER_SUSPENDED": Kind.CREDENTIAL,
}
_PER_DAY = "PerDay"
"""In a quota's id: it is spent for today, whatever `retryDelay` beside it says."""

_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    504: "DEADLINE_EXCEEDED",
}
_STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INTERNAL": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


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
    """What an error object found where an answer should be means: by the status it states, if any."""
    fields = as_object(error) or {"message": str(error)}
    message = as_text(fields.get("message")) or "The provider reported an error."
    code = fields.get("code")
    stated = code if isinstance(code, int) and 400 <= code < 600 else None
    status = stated or _STATUSES.get(as_text(fields.get("status")) or "")
    return _failure(spec, status, fields, message, stated_wait_s(spec, status, {}, message, NO_CLOCK_S))


def _failure(
    spec: ProviderSpec, status: int | None, fields: dict[str, Any], message: str, wait_s: float | None
) -> Failure:
    details = [as_object(detail) for detail in as_list(fields.get("details"))]
    kind = _kind(spec, 500 if status is None else status, fields, details, message)
    waits = [wait for wait in (wait_s, _stated_delay_s(details)) if wait is not None]
    extra = {name: value for name, value in fields.items() if name not in ("message", "status", "code")}
    return Failure(
        kind=kind,
        message=message,
        status=status,
        code=next(iter(_reasons(details)), None),
        type=as_text(fields.get("status")),
        retry_after_s=max(waits) if waits else None,
        extra=extra or None,
    )


def _error_object(body: bytes) -> dict[str, Any]:
    """The error's fields; on streams that are arrays the error is wrapped in one, too."""
    try:
        parsed: object = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    fields = as_object(as_list(parsed)[0] if as_list(parsed) else parsed)
    return as_object(fields.get("error")) or fields


def _kind(
    spec: ProviderSpec, status: int, fields: dict[str, Any], details: list[dict[str, Any]], message: str
) -> Kind:
    """The provider's own declaration first, then Google's reasons, then the status."""
    reasons = _reasons(details)
    declared = known_kind(spec, status, (*reasons, str(fields.get("status"))), message)
    if declared is not None:
        return declared
    for reason in reasons:
        if reason in _BY_REASON:
            return _BY_REASON[reason]
    if status == 429 and any(_PER_DAY in quota for quota in _quotas(details)):
        return Kind.EXHAUSTED
    return kind_by_status(status)


def _reasons(details: list[dict[str, Any]]) -> list[str]:
    return [reason for detail in details if (reason := as_text(detail.get("reason")))]


def _quotas(details: list[dict[str, Any]]) -> list[str]:
    """Ids of the quotas that are spent."""
    broken = [as_object(each) for detail in details for each in as_list(detail.get("violations"))]
    return [quota for each in broken if (quota := as_text(each.get("quotaId")))]


def _stated_delay_s(details: list[dict[str, Any]]) -> float | None:
    """The wait in the body: `"retryDelay": "48s"` (recording google-22cb1ef41c)."""
    for detail in details:
        delay = go_duration_s(as_text(detail.get("retryDelay")) or "")
        if delay is not None:
            return min(delay, MAX_WAIT_S)
    return None


def status_word(status: int) -> str:
    """Google's word for an HTTP status."""
    return _WORDS.get(status, "INVALID_ARGUMENT" if status < 500 else "UNAVAILABLE")


def write_error(error: BatonError, request_id: str) -> bytes:
    """An error body in Google's shape."""
    return msgspec.json.encode({"error": _body(error), "request_id": request_id})


def _body(error: BatonError) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": error.status,
        "message": error.message[:MAX_MESSAGE_CHARS],
        "status": status_word(error.status),
    }
    if isinstance(error, AttemptFailed | AllAttemptsFailed):
        failure = error.failure
        if failure.status == error.status and failure.type in _STATUSES:
            body["status"] = failure.type
        for name, value in (failure.extra or {}).items():
            body.setdefault(name, value)
    if not as_list(body.get("details")):
        body["details"] = _details(error)
    body |= further(error)
    return body


def _details(error: BatonError) -> list[dict[str, Any]]:
    """What Google says in details: the reason, the field, the wait."""
    details: list[dict[str, Any]] = []
    if error.code is not None:
        reason = error.code.upper()[:MAX_WORD_CHARS]
        details.append({"@type": f"{_DETAIL}ErrorInfo", "reason": reason, "domain": "baton"})
    if error.param is not None:
        wrong = {"field": error.param[:MAX_WORD_CHARS], "description": error.message[:MAX_MESSAGE_CHARS]}
        details.append({"@type": f"{_DETAIL}BadRequest", "fieldViolations": [wrong]})
    if error.retry_after_s is not None:
        delay = f"{error.retry_after_s:.3f}".rstrip("0").rstrip(".")
        details.append({"@type": f"{_DETAIL}RetryInfo", "retryDelay": f"{delay}s"})
    return details


def write_error_event(error: BatonError, request_id: str) -> bytes:
    """The end of a stream that broke."""
    return write_event(write_error(error, request_id))


def write_error_element(error: BatonError, request_id: str) -> bytes:
    """The end of an array that broke: its last element."""
    return write_error(error, request_id) + b"]"
