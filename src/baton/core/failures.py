"""How a call to a provider can fail, and what follows from each kind: the table of decision 6."""

from enum import StrEnum

from msgspec import Struct, structs


class Again(StrEnum):
    """Whether the same route is asked again."""

    NEVER = "never"
    WAIT = "wait"
    """After a wait, and only where no other route is left."""
    QUICK = "quick"
    """Once soon, then as WAIT."""


class Kind(StrEnum):
    """What went wrong, whatever the provider calls it."""

    CONNECT = "provider_unreachable"
    TIMEOUT = "provider_timeout"
    SERVER = "provider_error"
    MALFORMED = "provider_malformed_answer"
    RATE_LIMIT = "rate_limit_exceeded"
    EXHAUSTED = "insufficient_quota"
    CREDENTIAL = "provider_credential_rejected"
    MODEL_GONE = "model_not_found"
    CONTEXT_LENGTH = "context_length_exceeded"
    BAD_REQUEST = "invalid_request"
    CONTENT_FILTER = "content_filter"
    CONFLICT = "provider_conflict"
    UNTRUE = "invalid_answer"
    """Not true to the schema that was asked for, also not the second time."""
    BREAKER_OPEN = "breaker_open"
    """It was not asked: it has failed too often of late, or an admin holds it closed off."""
    DIVERGED = "answer_diverged"
    """Asked to go on with a broken answer, it said something else."""
    OVER_BUDGET = "budget_exceeded"
    """It was not asked: a budget has too little left for it."""
    NOT_FOR_IT = "data_needs_unmet"
    """It was not asked: it may not be sent what the request says."""
    CLIENT_GONE = "client_gone"
    DEADLINE = "deadline_exceeded"


class Rule(Struct, frozen=True, kw_only=True):
    """What follows from a kind of failure."""

    again: Again
    falls_back: bool
    breaks: bool
    """Whether the breaker counts it against the provider."""
    caller_status: int
    """What the caller sees when nothing is left."""
    keeps_provider_status: bool = False
    hides_after_others: bool = False
    """Becomes 503 once another route was tried: the caller's key is not at fault."""


RULES: dict[Kind, Rule] = {
    Kind.CONNECT: Rule(again=Again.QUICK, falls_back=True, breaks=True, caller_status=502),
    Kind.TIMEOUT: Rule(again=Again.WAIT, falls_back=True, breaks=True, caller_status=504),
    Kind.SERVER: Rule(again=Again.QUICK, falls_back=True, breaks=True, caller_status=503),
    # Where a provider's own 4xx says so (a tool call that came out wrong), the caller gets to see that.
    Kind.MALFORMED: Rule(
        again=Again.QUICK, falls_back=True, breaks=True, caller_status=502, keeps_provider_status=True
    ),
    Kind.RATE_LIMIT: Rule(again=Again.WAIT, falls_back=True, breaks=False, caller_status=429),
    Kind.EXHAUSTED: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=503),
    Kind.CREDENTIAL: Rule(
        again=Again.NEVER,
        falls_back=True,
        breaks=False,
        caller_status=401,
        keeps_provider_status=True,
        hides_after_others=True,
    ),
    Kind.MODEL_GONE: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=404),
    Kind.CONTEXT_LENGTH: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=400),
    Kind.BAD_REQUEST: Rule(again=Again.NEVER, falls_back=False, breaks=False, caller_status=400),
    Kind.CONTENT_FILTER: Rule(
        again=Again.NEVER, falls_back=False, breaks=False, caller_status=400, keeps_provider_status=True
    ),
    Kind.CONFLICT: Rule(again=Again.WAIT, falls_back=True, breaks=True, caller_status=502),
    Kind.UNTRUE: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=502),
    Kind.BREAKER_OPEN: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=503),
    Kind.DIVERGED: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=502),
    Kind.OVER_BUDGET: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=429),
    Kind.NOT_FOR_IT: Rule(again=Again.NEVER, falls_back=True, breaks=False, caller_status=422),
    Kind.CLIENT_GONE: Rule(again=Again.NEVER, falls_back=False, breaks=False, caller_status=499),
    Kind.DEADLINE: Rule(again=Again.NEVER, falls_back=False, breaks=False, caller_status=504),
}


class Failure(Struct, frozen=True, kw_only=True):
    """One failed attempt, as the provider told it. `message` never contains a key."""

    kind: Kind
    message: str
    status: int | None = None
    """The provider's HTTP status; None where no answer came."""
    code: str | None = None
    """The provider's own code, kept for a caller of the same dialect."""
    type: str | None = None
    param: str | None = None
    retry_after_s: float | None = None
    billed: bool = False
    """Whether the provider may have worked for it, and bill it all the same: late, cut off, or unreadable."""
    extra: dict[str, object] | None = None
    """Further fields of the provider's error object, e.g. `failed_generation`."""
    unasked: bool = False
    """Whether the provider was not asked, for a limit or a budget of Baton's own: it teaches nothing."""
    final: bool = False
    """Whether the provider says itself that asking it again is no use (`x-should-retry: false`)."""

    @property
    def unreached(self) -> bool:
        """Whether no connection was had; one that broke off later is of the same kind."""
        return self.kind is Kind.CONNECT and not self.billed

    @property
    def is_of_the_provider(self) -> bool:
        """Whether its other models would fail in the same way."""
        return self.unreached or self.kind in (Kind.CREDENTIAL, Kind.EXHAUSTED, Kind.NOT_FOR_IT)

    @property
    def rule(self) -> Rule:
        """What follows from it."""
        rule = RULES[self.kind]
        return structs.replace(rule, again=Again.NEVER) if self.final else rule
