"""What users, keys and projects may be called and may be: checked before anything is made of it."""

import re

from msgspec import structs

from baton.access.identity.editing import said
from baton.access.identity.entities import ROLES, ApiKey, KeyChange, User, UserChange
from baton.core.caller import SCOPES, KeyBudget, KeyLimits
from baton.core.errors import Invalid

_LONGEST_NAME = 255
_LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3: a path of 256 less its angle brackets
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_LONGEST_LOCALE = 35  # RFC 5646, section 4.4.1
_PATTERN = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_MOST_PATTERNS = 64
_MOST = 1 << 62
"""Of anything counted: what a column holds, with room to add."""

_BEHIND_SWITCH = "disabled"


def check_name(name: str) -> None:
    """Raises Invalid."""
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise Invalid(f"A name has 1 to {_LONGEST_NAME} characters.", param="name")


def check_user(user: User) -> User:
    """The user with their e-mail address as it is stored.

    Raises:
        Invalid: something of it cannot be; names the field.
    """
    check_name(user.name)
    if not user.tier:
        raise Invalid("A user needs a tier.", param="tier")
    if unknown := sorted(user.roles.difference(ROLES)):
        raise Invalid(f"There is no role {unknown[0]!r}. There are: {', '.join(ROLES)}.", param="roles")
    if not user.roles:
        raise Invalid("A user needs a role.", param="roles")
    if user.locale is not None and not (
        _LOCALE.fullmatch(user.locale) and len(user.locale) <= _LONGEST_LOCALE
    ):
        raise Invalid("A locale is a language tag such as de or pt-BR.", param="locale")
    if user.subject is not None and not (0 < len(user.subject) <= _LONGEST_NAME):
        raise Invalid(f"A subject has 1 to {_LONGEST_NAME} characters.", param="subject")
    if user.email is None:
        return user
    email = user.email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > _LONGEST_EMAIL:
        raise Invalid("That is no e-mail address.", param="email")
    return structs.replace(user, email=email)


def changed_user(user: User, change: UserChange, now_ms: int) -> User:
    """The user as wished for; the same value where nothing is different.

    Raises:
        Invalid: something of it cannot be.
    """
    values = said(change)
    disabled = values.pop(_BEHIND_SWITCH, user.disabled_at_ms is not None)
    since_ms = (user.disabled_at_ms or now_ms) if disabled else None
    return check_user(structs.replace(user, **values, disabled_at_ms=since_ms))


def check_key(key: ApiKey) -> None:
    """Raises Invalid; names the field."""
    check_name(key.name)
    if key.tier == "":
        raise Invalid("A key's tier is a tier, or left out.", param="tier")
    if key.scopes is not None:
        if unknown := sorted(key.scopes - SCOPES):
            known = ", ".join(sorted(SCOPES))
            raise Invalid(f"There is no scope {unknown[0]!r}. There are: {known}.", param="scopes")
        if not key.scopes:
            raise Invalid("A key that says what it is for is for something.", param="scopes")
    if key.models is not None:
        _check_models(key.models)
    if key.limits is not None:
        _check_limits(key.limits)
    if key.budget is not None:
        _check_budget(key.budget)


def check_expiry(expires_at_ms: int | None, now_ms: int) -> None:
    """Raises Invalid where it lies in the past."""
    if expires_at_ms is not None and expires_at_ms <= now_ms:
        raise Invalid("The expiry lies in the past.", param="expires_at")


def changed_key(key: ApiKey, change: KeyChange, now_ms: int) -> ApiKey:
    """The key as wished for; the same value where nothing is different.

    Raises:
        Invalid: something of it cannot be.
    """
    after = structs.replace(key, **said(change))
    check_key(after)
    if after.expires_at_ms != key.expires_at_ms:
        check_expiry(after.expires_at_ms, now_ms)
    return after


def _check_models(models: frozenset[str]) -> None:
    if not 0 < len(models) <= _MOST_PATTERNS:
        raise Invalid(f"A key names 1 to {_MOST_PATTERNS} models, or none at all.", param="models")
    if not all(_PATTERN.fullmatch(each) for each in models):
        raise Invalid("A model is a name without blanks; * stands for any part of it.", param="models")


def _check_limits(limits: KeyLimits) -> None:
    for name in ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day"):
        value: int | None = getattr(limits, name)
        if value is not None and not 0 < value < _MOST:
            raise Invalid("A limit is at least 1; revoke a key that may do nothing.", param=f"limits.{name}")


def _check_budget(budget: KeyBudget) -> None:
    if not 0 <= budget.nanos < _MOST:
        raise Invalid("A budget is an amount from 0 on.", param="budget.usd")
