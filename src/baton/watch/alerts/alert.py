"""What somebody has to know of, from when it was first seen until it was over."""

from enum import StrEnum

from msgspec import Struct


class AlertKind(StrEnum):
    """What the trouble is."""

    CREDENTIAL_INVALID = "credential_invalid"
    """A provider does not take a key."""
    CREDENTIAL_EXHAUSTED = "credential_exhausted"
    """A key's credit or quota is spent."""
    BREAKER_OPEN = "breaker_open"
    """A provider, or a model of it, is not asked because it kept failing."""
    RATE_LIMIT_ABUSE = "rate_limit_abuse"
    """A key or a user goes on against a limit again and again, and is kept waiting for it."""
    AUDIT_BROKEN = "audit_broken"
    """The audit does not verify: somebody has tampered with it. Critical, whatever else is open."""
    BUDGET_WARNING = "budget_warning"
    """So much of a budget is spent that people wished to be warned."""
    BUDGET_SPENT = "budget_spent"
    """A budget has nothing left in its period."""
    BUDGET_OVERSHOT = "budget_overshot"
    """A call has cost more than was held for it."""


class Resolution(StrEnum):
    """How it ended."""

    RECOVERED = "recovered"
    """It was seen to work again."""
    LAPSED = "lapsed"
    """Nobody has seen it for so long that it is not thought to last."""


class Alert(Struct, frozen=True, kw_only=True):
    """One trouble. Times in Unix milliseconds."""

    id: str
    kind: str
    """An `AlertKind`, or one of a newer Baton."""
    subject: str
    """What has it: `provider …last4` of a key, `provider` or `provider/model` of a breaker, `audit`, an
    account of a budget (`users/<id>/2026-11`), `key <id>` or `user <id>` of a penalty."""
    opened_ms: int
    seen_ms: int
    """When it was last seen."""
    times: int
    """How often it was seen."""
    detail: str
    """What was said of it last, e.g. by the provider."""
    resolved_ms: int | None
    """None: it is open."""
    resolution: str | None


class Key(Struct, frozen=True):
    """What there is one open alert of at most."""

    kind: str
    subject: str


class News(Struct, kw_only=True):
    """What was seen of one key since it was last written down."""

    first_ms: int
    last_ms: int
    times: int
    """0: nothing but its end."""
    detail: str
    resolved_ms: int | None = None
    """When it was over; None: it was not, or began again."""

    def before(self, later: "News") -> "News":
        """This and what came after it as one."""
        if not later.times:
            return News(
                first_ms=self.first_ms,
                last_ms=self.last_ms,
                times=self.times,
                detail=self.detail,
                resolved_ms=later.resolved_ms,
            )
        return News(
            first_ms=self.first_ms if self.times else later.first_ms,
            last_ms=later.last_ms,
            times=self.times + later.times,
            detail=later.detail,
            resolved_ms=later.resolved_ms,
        )


class State(StrEnum):
    """Whether an alert is over."""

    OPEN = "open"
    RESOLVED = "resolved"


class Wanted(Struct, frozen=True, kw_only=True):
    """Which alerts; None: all of them."""

    state: State | None = None
    kind: str | None = None


class Page(Struct, frozen=True):
    """Some alerts, those opened last first, and the cursor of the next page; None: that was the last."""

    alerts: tuple[Alert, ...]
    next: str | None
