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
from baton.upstream.dialects.waits import NO_CLOCK_S, stated_wait_s
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

# OpenAI's own codes (its error guide and OpenAPI description), which the OpenAI-likes took over.
_BY_CODE = {
    "insufficient_quota": Kind.EXHAUSTED,
    "billing_hard_limit_reached": Kind.EXHAUSTED,
    "context_length_exceeded": Kind.CONTEXT_LENGTH,
    "content_filter": Kind.CONTENT_FILTER,
    "content_policy_violation": Kind.CONTENT_FILTER,
    "ResponsibleAIPolicyViolation": Kind.CONTENT_FILTER,
    "billing_not_active": Kind.EXHAUSTED,
    "rate_limit_exceeded": Kind.RATE_LIMIT,
    "invalid_api_key": Kind.CREDENTIAL,
    "model_not_found": Kind.MODEL_GONE,
    "unknown_url": Kind.SERVER,  # a wrong address
}
_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}


def read_failure(
    spec: ProviderSpec, status: int, headers: Mapping[str, str], body: bytes, now_s: float
) -> Failure:
    """What an error answer (status ≥ 300) means. `now_s`: Unix time, for waits written as dates."""
    fields = _error_object(body)
    message = as_text(fields.get("message")) or unworded(status, body)
    words = _words(fields, message)
    kind = Kind.SERVER if is_from_elsewhere(status, body) else _kind(spec, status, fields, words)
    wait_s = stated_wait_s(spec, status, {**_headers_inside(fields), **headers}, words, now_s)
    failure = _failure(kind, status, fields, message, wait_s)
    return structs.replace(failure, final=True) if says_never(headers) else failure


def error_inside(spec: ProviderSpec, error: object) -> Failure:
    """What an error object found where an answer should be means: by the status it states, if any."""
    fields = as_object(error) or {"message": str(error)}
    message = as_text(fields.get("message")) or "The provider reported an error."
    status = _stated_status(fields)
    words = _words(fields, message)
    wait_s = stated_wait_s(spec, status, _headers_inside(fields), words, NO_CLOCK_S)
    return _failure(_kind(spec, status, fields, words), status, fields, message, wait_s)


def _words(fields: dict[str, Any], message: str) -> str:
    """What is said: by the provider, and in `metadata.raw` by the one it passes the call on to."""
    raw = as_object(fields.get("metadata")).get("raw")
    return f"{message}\n{raw}" if isinstance(raw, str) else message


def _headers_inside(fields: dict[str, Any]) -> dict[str, str]:
    """Headers that stand in the error's `metadata`, their names in lower case."""
    inside = as_object(as_object(fields.get("metadata")).get("headers"))
    return {name.lower(): value for name, value in inside.items() if isinstance(value, str)}


def _stated_status(fields: dict[str, Any]) -> int | None:
    """The HTTP status that an error object names itself: as its code, or in a field of its own (Groq)."""
    for name in ("status_code", "code"):
        stated = fields.get(name)
        if isinstance(stated, int) and 400 <= stated < 600:
            return stated
    return None


def _failure(
    kind: Kind, status: int | None, fields: dict[str, Any], message: str, retry_after_s: float | None
) -> Failure:
    code = fields.get("code")
    known = ("message", "type", "param", "code")
    extra = {name: value for name, value in fields.items() if name not in known}
    return Failure(
        kind=kind,
        message=message,
        status=status,
        code=code if isinstance(code, str) and not code.isdigit() else None,
        type=as_text(fields.get("type")),
        param=as_text(fields.get("param")),
        retry_after_s=retry_after_s,
        extra=extra or None,
    )


def _error_object(body: bytes) -> dict[str, Any]:
    """The error's fields, whichever of the shapes in use it came in."""
    try:
        parsed: object = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    # Google's compatibility endpoint wraps its error in an array.
    fields = as_object(as_list(parsed)[0] if as_list(parsed) else parsed)
    if isinstance(fields.get("error"), str):  # xAI
        return {"message": fields["error"], "code": fields.get("code")}
    if isinstance(fields.get("detail"), str):  # Mistral
        return {"message": fields["detail"]}
    details = as_list(fields.get("detail"))
    if details:  # Mistral's validation errors
        where = ".".join(str(step) for step in as_list(as_object(details[0]).get("loc")))
        return {"message": as_object(details[0]).get("msg"), "param": where or None}
    return as_object(fields.get("error")) or fields


def _kind(spec: ProviderSpec, status: int | None, fields: dict[str, Any], message: str) -> Kind:
    """The provider's own declaration first, then the codes all share, then the status, if one is known."""
    words = [str(fields[name]) for name in ("code", "type") if fields.get(name) is not None]
    declared = known_kind(spec, status or 500, words, message)
    if declared is not None:
        return declared
    if status is None or status < 500:
        for word in words:
            if word in _BY_CODE:
                return _BY_CODE[word]
    return kind_by_status(status or 500)


def write_error(error: BatonError, request_id: str) -> bytes:
    """An error body in OpenAI's shape."""
    kind = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    body: dict[str, Any] = {
        "message": error.message[:MAX_MESSAGE_CHARS],
        "type": kind,
        "param": error.param[:MAX_WORD_CHARS] if error.param is not None else None,
        "code": error.code,
    }
    if isinstance(error, AttemptFailed | AllAttemptsFailed):
        failure = error.failure
        if failure.kind is Kind.EXHAUSTED:
            body["type"] = "insufficient_quota"
        elif failure.type is not None:
            body["type"] = failure.type
        for name, value in (failure.extra or {}).items():
            body.setdefault(name, value)
    body |= further(error)
    return msgspec.json.encode({"error": body, "request_id": request_id})


def write_error_event(error: BatonError, request_id: str) -> bytes:
    """The end of a stream that broke."""
    return write_event(write_error(error, request_id))
