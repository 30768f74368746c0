"""Prices of models that the catalog has no row of: `data/prices.json`, written by `tools/seed_models.py`.

The price package knows many more models than a catalog should offer. Whoever names one of them is served all
the same, and what that costs is known.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files

import msgspec
from msgspec import Raw, Struct

from baton.catalog.price_body import EntryBody, HoursBody, entry_from
from baton.catalog.prices import Hours, Prices, Term

_MILLION = 1_000_000
_DATE = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")


class _TermBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of an entry only when it holds: reading the amounts of all takes most of a start's time for prices."""

    valid_from: date | None = None
    hours: HoursBody | None = None


class _Term(Struct, frozen=True, kw_only=True):
    valid_from: date | None
    hours: Hours | None


Lists = Mapping[str, Mapping[str, list[Raw]]]
"""Provider → model → its price entries, each as it stands in the file."""


class UnlistedPrices:
    """Price lists by a model's exact name: a search would find another model's for some."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._read: dict[tuple[str, str], tuple[Prices, ...]] = {}
        """Those that somebody wanted; few of them all."""
        self.changing: tuple[Sequence[Term], ...] = tuple(
            tuple(map(_term, entries))
            for models in lists.values()
            for entries in models.values()
            if len(entries) > 1
        )
        """The lists of more than one entry: which of these holds depends on the day or the hour."""

    def of(self, provider: str, name: str) -> tuple[Prices, ...]:
        """The price list of a model, a dated name's by the name without its date; empty: nobody knows one."""
        models = self._lists.get(provider, {})
        known = name if name in models else _DATE.sub("", name)
        entries = models.get(known)
        if entries is None:
            return ()
        found = self._read.get((provider, known))
        if found is None:
            found = self._read[provider, known] = _read(entries)
        return found


def _term(entry: Raw) -> Term:
    body = msgspec.json.decode(entry, type=_TermBody)
    return _Term(valid_from=body.valid_from, hours=body.hours.value if body.hours else None)


def _read(entries: list[Raw]) -> tuple[Prices, ...]:
    return tuple(entry_from(msgspec.json.decode(entry, type=EntryBody), _MILLION) for entry in entries)


def packaged_prices() -> UnlistedPrices:
    """Those that this version brings; reads one file, so call it at start, not in a request."""
    text = files("baton.catalog").joinpath("data/prices.json").read_bytes()
    return UnlistedPrices(msgspec.json.decode(text, type=dict[str, dict[str, list[Raw]]]))
