"""Everything that can go wrong, as one tree.

    BatonError
    ├── Refused                 nothing was sent to a provider
    │   ├── Invalid             400  the request itself is wrong (names the field)
    │   ├── Unauthenticated     401  no key, or one that is not ours
    │   ├── Forbidden           403  a good key that may not do this
    │   ├── NotFound            404  no such thing, or not the caller's
    │   ├── Conflict            409  somebody else was first; a revision is out of date
    │   │   └── Busy            409  the same is under way; `retry_after_s` says when to ask again
    │   ├── Outdated            412  If-Match names a revision that is no longer the current one
    │   ├── TooLarge            413  a body over the limit
    │   ├── NotJson             415  a body that does not say it is JSON
    │   ├── Unguarded           428  a change that does not say which revision it means
    │   ├── TooSlow             408  a body that does not come in time
    │   ├── TooMany             429  too often; `retry_after_s` says when it may be tried again
    │   ├── OverLimit           429  more than may be asked for in a minute or a day
    │   ├── Unservable          422  no model can serve it; the reason for each
    │   ├── OverBudget          429  a budget has too little left
    │   └── Unavailable         503  Baton itself cannot: shutting down, ledger full, database away
    └── ProviderError           a provider was asked
        ├── AttemptFailed       one attempt failed
        └── AllAttemptsFailed   every attempt failed

An error carries data; the dialects and the problem documents put it into words of their own.
"""

from collections.abc import Sequence

from baton.core.failures import Failure, Kind
from baton.core.usage import Usage


class BatonError(Exception):
    """The root: has an HTTP status, a stable machine-readable code, and a sentence for a person."""

    status: int = 500
    code: str | None = "internal_error"
    retryable: bool = False
    """Whether asking again, unchanged, may help."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code


class Refused(BatonError):
    """Nothing was sent to a provider."""


class Invalid(Refused):
    """The request is wrong; `param` is the path of the field, e.g. `messages[0].role`."""

    status = 400
    code = None


class Unauthenticated(Refused):
    """No key, or one that is not ours."""

    status = 401
    code = "invalid_api_key"


class Forbidden(Refused):
    """A good key that may not do this."""

    status = 403
    code = "forbidden"


class NotFound(Refused):
    """No such thing, or it belongs to somebody else."""

    status = 404
    code = "not_found"


class Conflict(Refused):
    """The thing was changed meanwhile, or exists already."""

    status = 409
    code = "conflict"


class Busy(Conflict):
    """The same request is under way; `retry_after_s` says when it may be asked for again."""

    code = "in_progress"
    retryable = True


class Outdated(Refused):
    """`If-Match` names a revision that is no longer the current one."""

    status = 412
    code = "revision_conflict"


class Unguarded(Refused):
    """A change that does not say which revision it means."""

    status = 428
    code = "revision_required"


class NotJson(Refused):
    """A body that does not say it is JSON."""

    status = 415
    code = "unsupported_media_type"


class TooSlow(Refused):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"


class TooLarge(Refused):
    """The body is over the limit."""

    status = 413
    code = "request_too_large"


class TooMany(Refused):
    """Too often; `retry_after_s` says when it may be tried again."""

    status = 429
    code = "too_many_requests"
    retryable = True


class OverLimit(Refused):
    """More than may be asked for in a minute or a day; without `retry_after_s` it will never be let in."""

    status = 429
    code = "rate_limit_exceeded"

    def __init__(
        self, message: str, *, limit: str, retry_after_s: float | None = None, code: str | None = None
    ) -> None:
        """`limit`: which one, as its window is called."""
        super().__init__(message, retry_after_s=retry_after_s, code=code)
        self.limit = limit
        self.retryable = retry_after_s is not None and retry_after_s <= _LONGEST_RETRY_S


_LONGEST_RETRY_S = 120.0
"""Official SDKs obey a `retry-after` up to two minutes; what comes later is for people."""


class Unservable(Refused):
    """No model can serve the request; `reasons` says why, model by model."""

    status = 422
    code = "no_model_available"

    def __init__(self, message: str, reasons: dict[str, str], *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.reasons = reasons


class OverBudget(Refused):
    """A budget has too little left for the request; asking again is no use before its period ends."""

    status = 429
    code = "budget_exceeded"

    def __init__(
        self,
        message: str,
        *,
        downgrades: bool = False,
        ends_ms: int | None = None,
        code: str | None = None,
        spent: str | None = None,
    ) -> None:
        """`downgrades`: a cheaper model may be taken although another was named; `ends_ms`: when the budget's
        period ends, Unix milliseconds; None: never; `spent`: the provider, or model as `provider/name`, whose
        own budget it is; None: somebody else's."""
        super().__init__(message, code=code)
        self.downgrades = downgrades
        self.ends_ms = ends_ms
        self.spent = spent


class Unavailable(Refused):
    """Baton itself cannot serve now."""

    status = 503
    code = "unavailable"
    retryable = True


class ProviderError(BatonError):
    """A provider was asked."""


class AttemptFailed(ProviderError):
    """One attempt failed; `failure` says how, `usage` what the provider reported of it all the same."""

    def __init__(self, failure: Failure, usage: Usage | None = None) -> None:
        super().__init__(failure.message, retry_after_s=failure.retry_after_s)
        self.failure = failure
        self.usage = usage
        self.status = failure.rule.caller_status
        self.code = failure.kind.value


class AllAttemptsFailed(ProviderError):
    """Every attempt failed. The last failure gives status and message; all of them are listed.

    When only one route was asked its own words reach the caller, as if Baton were not there. What a fallback
    has against the request itself is nothing that its caller could mend.
    """

    def __init__(self, attempts: Sequence[tuple[str, Failure, int]]) -> None:
        """`attempts`: (`provider/model`, failure, milliseconds) in the order they were made, at least one."""
        asked = attempts[0][0]
        last = [why for route, why, _ in attempts if route == asked or why.kind not in _OF_THE_REQUEST][-1]
        super().__init__(last.message, retry_after_s=last.retry_after_s)
        self.attempts = tuple(attempts)
        self.failure = last
        routes = {route for route, _, _ in attempts}
        rule = last.rule
        if rule.hides_after_others and len(routes) > 1:
            self.status = 503
        elif rule.keeps_provider_status and last.status is not None and last.status >= 400:
            self.status = last.status
        else:
            self.status = rule.caller_status
        self.code = last.code if last.code is not None else last.kind.value
        self.param = last.param
        hopeless = all(failure.final for _, failure, _ in attempts)
        self.retryable = last.kind in _RETRY_MAY_HELP and not hopeless


_RETRY_MAY_HELP = frozenset(
    {
        Kind.CONNECT,
        Kind.TIMEOUT,
        Kind.SERVER,
        Kind.MALFORMED,
        Kind.RATE_LIMIT,
        Kind.CONFLICT,
        Kind.BREAKER_OPEN,
    }
)

_OF_THE_REQUEST = frozenset({Kind.BAD_REQUEST, Kind.CONTEXT_LENGTH, Kind.MODEL_GONE})
"""What speaks against a request, or against Baton's choice of a fallback for it."""
