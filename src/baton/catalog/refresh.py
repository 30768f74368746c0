"""What newer price data would change about a row of the catalog, without rewriting what is past."""

from datetime import date
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from baton.catalog.model import Model
from baton.catalog.price_body import FEE_NAMES
from baton.catalog.prices import Prices, Rates, Tariff
from baton.core.money import usd_text

_EVER = date.min
"""Stands for the day of an entry that holds since ever."""

Era = tuple[Prices, ...]
"""What holds from one day on: an entry for all hours, and those for some."""


class Alteration(Struct, frozen=True, kw_only=True):
    """One thing that differs, in words for people: `price from 2026-11-21`, `retired`."""

    what: str
    before: str
    after: str


def refreshed(stored: Model, fresh: Model, today: date) -> Model:
    """`stored` with the prices, the retirement and the heir that `fresh` has; all else stays."""
    return replace(
        stored,
        prices=merged(stored.prices, fresh.prices, today),
        deprecated_at=fresh.deprecated_at,
        retired_at=fresh.retired_at,
        replaced_by=fresh.replaced_by,
    )


def merged(stored: tuple[Prices, ...], fresh: tuple[Prices, ...], today: date) -> tuple[Prices, ...]:
    """A price list that charges as `stored` did until yesterday and as `fresh` does from today on.

    A change whose day `fresh` names itself holds from that day; one without a day of its own is taken to
    have come today. What is unpriced in `fresh` keeps its prices; what was unpriced takes all of `fresh`.
    """
    if not stored or not fresh:
        return stored or fresh
    past = {day: era for day, era in _eras(stored).items() if day <= today}
    coming = {day: era for day, era in _eras(fresh).items() if day > today}
    news = {day: era for day, era in _eras(fresh).items() if day <= today}
    for day, era in news.items():
        if day not in past and not _same(_held(past, day), era):
            past[day] = era
    current = _held(news, today)
    if current and not _same(_held(past, today), current):
        past[today] = tuple(replace(entry, valid_from=today) for entry in current)
    eras = {**past, **coming}
    return tuple(entry for day in sorted(eras) for entry in eras[day])


def alterations(before: Model, after: Model) -> tuple[Alteration, ...]:
    """How a row's prices, retirement and heir differ; of prices only the figures that do."""
    found = [
        Alteration(what=what, before=str(old or ""), after=str(new or ""))
        for what, old, new in (
            ("deprecated", before.deprecated_at, after.deprecated_at),
            ("retired", before.retired_at, after.retired_at),
            ("replaced by", before.replaced_by, after.replaced_by),
        )
        if old != new
    ]
    olds, news = ({entry.name: entry for entry in model.prices} for model in (before, after))
    for name in sorted(olds.keys() | news.keys(), key=lambda name: (name[0] != "i", name)):
        old, new = olds.get(name), news.get(name)
        if old == new:
            continue
        beside = old or _beside(before.prices, new)
        told = _figures(beside), _figures(new)
        keys = [key for key in {**told[0], **told[1]} if told[0].get(key) != told[1].get(key)] or [*told[1]]
        found.append(
            Alteration(
                what="price at first" if name == "initial" else f"price from {name}",
                before=_told(told[0], keys) if beside is not None else "unpriced",
                after=_told(told[1], keys) if new is not None else "no longer",
            )
        )
    return tuple(found)


def _eras(prices: tuple[Prices, ...]) -> dict[date, Era]:
    ordered = sorted(prices, key=_day)
    return {day: tuple(entries) for day, entries in groupby(ordered, key=_day)}


def _day(entry: Prices) -> date:
    return entry.valid_from or _EVER


def _held(eras: dict[date, Era], day: date) -> Era:
    """The era that held on that day; the first where it is before all of them."""
    begun = [begin for begin in eras if begin <= day]
    return eras[max(begun)] if begun else eras[min(eras)] if eras else ()


def _same(one: Era, two: Era) -> bool:
    """Whether they charge the same, whatever their days."""
    return [replace(entry, valid_from=None) for entry in one] == [
        replace(entry, valid_from=None) for entry in two
    ]


def _beside(prices: tuple[Prices, ...], entry: Prices | None) -> Prices | None:
    """What held in the entry's place before there was one."""
    if entry is None or not prices:
        return None
    era = _held(_eras(prices), _day(entry))
    return next((one for one in era if one.hours == entry.hours), era[0])


def _figures(entry: Prices | None) -> dict[str, str]:
    """The entry's amounts in USD, by what they are for: 1M tokens, or what is named."""
    if entry is None:
        return {}
    figures = {
        f"{processing} {name}".lstrip(): amount
        for processing, tariff in entry.tariffs.items()
        for name, amount in _tariff(tariff).items()
    }
    fees = {FEE_NAMES[charge].replace("_", " "): usd_text(fee) for charge, fee in entry.fees.items()}
    return figures | fees


def _tariff(tariff: Tariff) -> dict[str, str]:
    figures = _rates(tariff.rates)
    for step in tariff.long_context:
        figures |= {f"{name} above {step.above}": amount for name, amount in _rates(step.rates).items()}
    return figures


def _rates(rates: Rates) -> dict[str, str]:
    amounts = ((name, getattr(rates, name)) for name in Rates.__struct_fields__)
    return {name.replace("_", " "): usd_text(amount) for name, amount in amounts if amount is not None}


def _told(figures: dict[str, str], keys: list[str]) -> str:
    """Those that are there; what is only on the other side goes without saying."""
    return ", ".join(f"{key} {figures[key]}" for key in keys if key in figures) or "none of these"
