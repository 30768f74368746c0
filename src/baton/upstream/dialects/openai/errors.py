"""Errors: what a provider's error means, and how a caller is told of one."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import structs

from baton.core.errors import AllAttemptsFailed, AttemptFailed, BatonError, Unservable
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.openai.wire import UNREADABLE, as_list, as_object, as_text
from baton.upstream.dialects.waits import stated_wait_s

MAX_MESSAGE_CHARS = 2000
"""Enough for any provider's sentence, too little for a document sent back."""

_MAX_WORD_CHARS = 200
_MAX_EXTRA_CHARS = 16_000
"""Of further fields, as JSON: a tool call that came out wrong is among them."""

_LEAST_KEY_CHARS = 8
_HIDDEN = "[key]"
_KEY = re.compile(r"\b(?:sk|pk|gsk|xai|pplx|csk|key|bk)[-_][\w*.-]{7,}[\w*]")

_BY_STATUS = {
    400: Kind.BAD_REQUEST,
    401: Kind.CREDENTIAL,
    402: Kind.EXHAUSTED,
    403: Kind.CREDENTIAL,
    404: Kind.MODEL_GONE,
    408: Kind.CONFLICT,
    409: Kind.CONFLICT,
    413: Kind.CONTEXT_LENGTH,
    422: Kind.BAD_REQUEST,
    425: Kind.CONFLICT,
    429: Kind.RATE_LIMIT,
}
# OpenAI's own codes (its error guide and OpenAPI description), which the OpenAI-likes took over.
_BY_CODE = {
    "insufficient_quota": Kind.EXHAUSTED,
    "billing_hard_limit_reached": Kind.EXHAUSTED,
    "context_length_exceeded": Kind.CONTEXT_LENGTH,
    "content_filter": Kind.CONTENT_FILTER,
    "content_policy_violation": Kind.CONTENT_FILTER,
    "ResponsibleAIPolicyViolation": Kind.CONTENT_FILTER,
    "invalid_api_key": Kind.CREDENTIAL,
    "model_not_found": Kind.MODEL_GONE,
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
    message = as_text(fields.get("message")) or _unworded(status, body)
    wait_s = stated_wait_s(spec.limits, headers, now_s)
    return _failure(_kind(spec, status, fields, message), status, fields, message, wait_s)


def error_inside(spec: ProviderSpec, error: object) -> Failure:
    """What an error object found where an answer should be means: by the status it states, if any."""
    fields = as_object(error) or {"message": str(error)}
    message = as_text(fields.get("message")) or "The provider reported an error."
    status = _stated_status(fields)
    kind = _kind(spec, 500 if status is None else status, fields, message)
    return _failure(kind, status, fields, message, None)


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


def holds_key(text: str) -> bool:
    """Whether something in a text looks like a key."""
    return _KEY.search(text) is not None


def presentable(failure: Failure, key: str) -> Failure:
    """The failure as it may be shown and kept: within bounds, and without anything that looks like a key.

    `key`: the one it was sent with, which a provider may repeat in its complaint. One of fewer than 8
    characters hides nothing, and would blot out words.
    """

    def clean(text: str, limit: int) -> str:
        if len(key) >= _LEAST_KEY_CHARS:
            text = text.replace(key, _HIDDEN).replace(quote(key, safe=""), _HIDDEN)
        return _KEY.sub(_HIDDEN, text)[:limit]

    def word(text: str | None) -> str | None:
        return text if text is None else clean(text, _MAX_WORD_CHARS)

    return structs.replace(
        failure,
        message=clean(failure.message, MAX_MESSAGE_CHARS),
        code=word(failure.code),
        type=word(failure.type),
        param=word(failure.param),
        extra=_presentable_extra(failure.extra, clean),
    )


def _presentable_extra(
    extra: dict[str, object] | None, clean: Callable[[str, int], str]
) -> dict[str, object] | None:
    """Further fields, cleaned as the text they travel as; none where they are out of all proportion."""
    if extra is None:
        return None
    try:
        text = msgspec.json.encode(extra).decode()
        if len(text) > _MAX_EXTRA_CHARS:
            return None
        return msgspec.json.decode(clean(text, _MAX_EXTRA_CHARS), type=dict[str, object])
    except UNREADABLE:  # the bound cut it, what was hidden being shorter than its replacement
        return None


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


def _unworded(status: int, body: bytes) -> str:
    head = body[:200].lstrip().lower()
    if not head:
        return f"The provider answered {status} without a body."
    if head.startswith(b"<"):
        return f"The provider answered {status} with HTML."
    return f"The provider answered {status}."


def _kind(spec: ProviderSpec, status: int, fields: dict[str, Any], message: str) -> Kind:
    """The provider's own declaration first, then the codes all share, then the status."""
    words = [str(fields[name]) for name in ("code", "type") if fields.get(name) is not None]
    for word in words:
        declared = spec.errors.get((status, word))
        if declared is not None:
            return declared
    for known in spec.messages:
        if known.matches(message):
            return known.kind
    if status < 500:
        for word in words:
            if word in _BY_CODE:
                return _BY_CODE[word]
    kind = _BY_STATUS.get(status)
    if kind is not None:
        return kind
    return Kind.BAD_REQUEST if 400 <= status < 500 else Kind.SERVER


def write_error(error: BatonError, request_id: str) -> bytes:
    """An error body in OpenAI's shape."""
    kind = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    body: dict[str, Any] = {
        "message": error.message[:MAX_MESSAGE_CHARS],
        "type": kind,
        "param": error.param[:_MAX_WORD_CHARS] if error.param is not None else None,
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
    if isinstance(error, AllAttemptsFailed):
        body["attempts"] = [
            {"model": route, "reason": failure.kind.value, "ms": ms} for route, failure, ms in error.attempts
        ]
    if isinstance(error, Unservable):
        body["reasons"] = error.reasons
    return msgspec.json.encode({"error": body, "request_id": request_id})
