"""The error answers of providers: which words and headers belong to which fault."""

from collections.abc import Mapping
from email.utils import formatdate

from msgspec import structs

from baton.upstream.providers.simulated.manner import Fault, FaultKind, RetryForm
from baton.upstream.providers.simulated.wire import ErrorWords, Wire

_TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_CODES = {
    401: "invalid_api_key",
    402: "insufficient_quota",
    404: "model_not_found",
    413: "context_length_exceeded",
    429: "rate_limit_exceeded",
}
_NAMED = {
    FaultKind.QUOTA: ErrorWords(
        status=429,
        message="You exceeded your current quota, simulated.",
        type="insufficient_quota",
        code="insufficient_quota",
    ),
    FaultKind.CONTEXT: ErrorWords(
        status=400,
        message="The prompt is longer than this model's context window, simulated.",
        type="invalid_request_error",
        code="context_length_exceeded",
        param="messages",
    ),
    FaultKind.FILTER: ErrorWords(
        status=400,
        message="The prompt was stopped by the content filter, simulated.",
        type="invalid_request_error",
        code="content_filter",
        param="prompt",
    ),
}
_PLAIN: Mapping[FaultKind, str] = {}
BROKEN_OFF = ErrorWords(
    status=500, message="The model broke off, simulated.", type="server_error", code="server_error"
)
"""What stands inside a 200."""


def refusal(fault: Fault, spoken: Mapping[FaultKind, str] = _PLAIN) -> ErrorWords | None:
    """The words of a fault that is an error answer, or as a dialect has it spoken; None for other faults."""
    words = _by_status(fault.kind) if isinstance(fault.kind, int) else _NAMED.get(fault.kind)
    if words is not None and isinstance(fault.kind, FaultKind) and fault.kind in spoken:
        words = structs.replace(words, message=spoken[fault.kind], code=None)
    if words is not None and fault.retry_form is RetryForm.BODY:
        hint = f" Please try again in {_seconds(fault.retry_after_s)}s."
        return structs.replace(words, message=words.message + hint)
    return words


def is_worked_for(fault: Fault, wire: Wire) -> bool:
    """Whether a model has read the prompt though it may not say a word: an error costs nothing, in a 200 too,
    no more does a connection that is torn down at once; who hangs, babbles or breaks off has begun."""
    if fault.kind is FaultKind.FILTER and wire.blocked is not None:
        return True
    return fault.kind not in (FaultKind.RESET, FaultKind.ERROR) and refusal(fault) is None


def _by_status(status: int) -> ErrorWords:
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return ErrorWords(
        status=status, message=f"The simulated provider answers {status}.", type=kind, code=_CODES.get(status)
    )


def retry_headers(fault: Fault, now_s: float) -> tuple[tuple[str, str], ...]:
    """The headers that say when to come back. `now_s`: Unix time."""
    wait_s = fault.retry_after_s
    match fault.retry_form:
        case RetryForm.SECONDS:
            return (("retry-after", _seconds(wait_s)),)
        case RetryForm.DATE:
            return (("retry-after", formatdate(now_s + wait_s, usegmt=True)),)
        case RetryForm.MS:
            return (("retry-after-ms", str(round(wait_s * 1000))),)
        case RetryForm.GO:
            return (
                ("x-ratelimit-limit-requests", "10"),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", go_duration(wait_s)),
            )
        case RetryForm.UNIX_MS:
            return (
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", str(round((now_s + wait_s) * 1000))),
            )
        case RetryForm.BODY | RetryForm.NONE:
            return ()


def _seconds(wait_s: float) -> str:
    return f"{wait_s:g}"


def go_duration(wait_s: float) -> str:
    """Seconds as Go writes them: `6ms`, `1m13.588s`, `1h0m2s`."""
    if wait_s < 1:
        return f"{round(wait_s * 1000)}ms"
    minutes, seconds = divmod(wait_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    written = f"{hours}h" if hours else ""
    written += f"{minutes}m" if hours or minutes else ""
    return f"{written}{round(seconds, 3):g}s"
