"""A model as admins and the seed file write it: money in USD, the unit of prices named.

    {"provider": "acme", "name": "small-1", "capabilities": ["text", "tools"], "tierAccess": ["free", "Pro"],
     "pricePer": "1M", "prices": {"input": "0.15", "output": "0.60"}, "dailyBudgetUsd": "12.50"}

`prices` is one entry of `price_body.py` or a list of them, oldest first; null or an empty list means
unpriced, "0" means free. `capabilities` is a list, or an object of booleans; `routingRules` may hold
`preferredFor` and `avoidFor`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar, cast

import msgspec

from baton.catalog.model import Model
from baton.catalog.price_body import EntryBody, entry_body, entry_from, nanos
from baton.catalog.prices import Prices
from baton.catalog.tiers import Tiers
from baton.core.errors import Invalid
from baton.core.money import usd_text

T = TypeVar("T")

_TOKENS = {"1M": 1_000_000, "1K": 1_000}
_BUDGETS = {"dailyBudgetUsd": "dailyBudget", "monthlyBudgetUsd": "monthlyBudget"}
_SETS = ("capabilities", "requiredCapabilities", "tierAccess")

# msgspec puts the place at the end of its message; our own cross-field checks put it at the beginning.
_PLACE_AT_END = re.compile(r"^(?P<said>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_NAMED_FIELD = re.compile(r"^(?P<before>[a-z]\w*): |field `(?P<quoted>\w+)`")


def read(body: object, tiers: Tiers, existing: Model | None = None) -> Model:
    """The model that a decoded JSON body describes; with `existing`, fields not named keep their values.

    Raises:
        Invalid: a field is wrong; `param` names it.
    """
    fields = {**_converted(body, dict[str, object], "")}
    unit = fields.pop("pricePer", None)
    if "prices" in fields:
        fields["prices"] = msgspec.to_builtins(_prices(fields["prices"], unit))
    for usd, stored in _BUDGETS.items():
        if stored in fields:
            raise Invalid(f"Say `{usd}`: the unit of money is explicit.", param=stored)
        if usd in fields:
            amount = fields.pop(usd)
            fields[stored] = None if amount is None else nanos(_converted(amount, Decimal, usd), usd)
    if isinstance(fields.get("capabilities"), dict):
        switches = _converted(fields["capabilities"], dict[str, bool], "capabilities")
        fields["capabilities"] = [word for word, on in switches.items() if on]
    if "routingRules" in fields:
        rules = _converted(fields.pop("routingRules"), dict[str, list[str]], "routingRules")
        if unknown := sorted(rules.keys() - {"preferredFor", "avoidFor"}):
            raise Invalid(f"There is no routing rule `{unknown[0]}`.", param=f"routingRules.{unknown[0]}")
        fields |= rules
    if "tierAccess" in fields:
        words = _converted(fields["tierAccess"], list[str], "tierAccess")
        fields["tierAccess"] = sorted(tiers.resolve_all(words))
    if existing is not None:
        fields = {**cast("Mapping[str, object]", msgspec.to_builtins(existing)), **fields}
    return _converted(fields, Model, "")


def write(model: Model) -> dict[str, object]:
    """The body that `read` reads back as the same model: per 1M tokens, sets sorted, absent values null."""
    fields = cast("dict[str, object]", msgspec.to_builtins(model))
    for name in _SETS:
        fields[name] = sorted(cast("list[str]", fields[name]))
    for usd, stored in _BUDGETS.items():
        amount = cast("int | None", fields.pop(stored))
        fields[usd] = None if amount is None else usd_text(amount)
    return {
        **fields,
        "pricePer": "1M",
        "prices": [msgspec.to_builtins(entry_body(entry)) for entry in model.prices],
    }


def _prices(value: object, unit: object) -> tuple[Prices, ...]:
    if value is None or value == []:
        return ()
    per_tokens = _TOKENS.get(unit) if isinstance(unit, str) else None
    if per_tokens is None:
        raise Invalid('Say the unit of the prices: "pricePer": "1M" or "1K" tokens.', param="pricePer")
    if isinstance(value, list):
        entries = _converted(cast("object", value), list[EntryBody], "prices")
    else:
        entries = [_converted(value, EntryBody, "prices")]
    return tuple(entry_from(entry, per_tokens) for entry in entries)


def _converted(value: object, wanted: type[T], place: str) -> T:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise _invalid(str(error), place) from error


def _invalid(complaint: str, place: str) -> Invalid:
    found = _PLACE_AT_END.match(complaint)
    said, path = (found["said"], found["path"] or "") if found else (complaint, "")
    named = _NAMED_FIELD.search(said)
    inner = (named["before"] or named["quoted"]) if named else ""
    steps = [step for step in (place, path, inner) if step]
    return Invalid(f"The model is not valid: {said}.", param=".".join(steps).replace(".[", "[") or None)
