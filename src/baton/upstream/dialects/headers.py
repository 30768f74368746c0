"""Which headers cross the house, as each dialect declares them (decision 21)."""

from collections.abc import Iterable

from msgspec import Struct


class HeaderRule(Struct, frozen=True, kw_only=True):
    """The headers of one dialect, or of all together; names in lower case."""

    key: tuple[str, ...] = ()
    """Where its own clients put their key; all others put it in `authorization`."""
    sign: tuple[str, ...] = ()
    """What its own clients send and those of other dialects do not."""
    asked: tuple[str, ...] = ()
    """Of a request, what a provider of the dialect gets to see: the beginnings of names."""
    withheld: frozenset[str] = frozenset()
    """Of those, what it does not: whose account is billed is Baton's affair."""
    told: frozenset[str] = frozenset()
    """Of an answer, what helps somebody who asks the provider for support."""
    limits: str = ""
    """What its own names for a caller's limits begin with, `…-requests-remaining`; empty: it has none."""


def together(rules: Iterable[HeaderRule]) -> HeaderRule:
    """Where it is not known yet who speaks."""
    key: tuple[str, ...] = ()
    sign: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    withheld: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    for rule in rules:
        key, sign, asked = key + rule.key, sign + rule.sign, asked + rule.asked
        withheld, told = withheld | rule.withheld, told | rule.told
    return HeaderRule(key=key, sign=sign, asked=asked, withheld=withheld, told=told)
