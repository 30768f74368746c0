"""Numbers within a JSON Schema's bounds."""

import math
from typing import Any

from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.schemas.merging import Schema, Unsatisfiable

_USUAL_SPAN = 100  # how far from its only bound a number may lie
_EXACT = 2**53  # above it, floats skip whole numbers


def number(words: Schema, *, whole: bool, dice: Dice) -> int | float:
    """A number within `minimum`, `maximum`, their exclusive sisters, and `multipleOf`.

    Raises:
        Unsatisfiable: there is none.
    """
    low, high = _bounds(words)
    step: Any = words.get("multipleOf")
    if step is None and not whole and math.floor(high) < math.ceil(low):
        return _between(words, low, high, dice)
    unit: int | float = step if step is not None else 1
    if whole and not isinstance(unit, int):
        unit = _whole_multiple(unit)
    fewest, most = math.ceil(low / unit), math.floor(high / unit)
    allowed = [
        value
        for value in (
            unit * (fewest + dice.below(most - fewest + 1)),
            unit * fewest,
            unit * most,
            unit * (fewest + 1),
        )
        if _within(words, value)
    ]
    if allowed:
        return _plain(allowed[0])
    if whole or step is not None:
        raise Unsatisfiable("no number lies within the bounds")
    return _between(words, low, high, dice)


def _bounds(words: Schema) -> tuple[float, float]:
    """Lowest and highest, both finite; which of them are exclusive is `_within`'s business."""
    low = max(
        (words[word] for word in ("minimum", "exclusiveMinimum") if _is_number(words.get(word))), default=None
    )
    high = min(
        (words[word] for word in ("maximum", "exclusiveMaximum") if _is_number(words.get(word))), default=None
    )
    span = max(_USUAL_SPAN, 2 * (words.get("multipleOf") or 0))
    if low is None:
        low = min(0, high - span) if high is not None else 0
    if high is None:
        high = low + span
    if low > high:
        raise Unsatisfiable("the lowest number is above the highest")
    return low, high


def _is_number(value: Any) -> bool:
    """Draft 4 wrote the exclusive bounds as booleans."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(words: Schema, value: float) -> bool:
    low, high = words.get("minimum", -math.inf), words.get("maximum", math.inf)
    above, below = words.get("exclusiveMinimum", -math.inf), words.get("exclusiveMaximum", math.inf)
    if isinstance(above, bool):
        above = low if above else -math.inf
    if isinstance(below, bool):
        below = high if below else math.inf
    return low <= value <= high and above < value < below


def _between(words: Schema, low: float, high: float, dice: Dice) -> float:
    candidates = (low + (high - low) * dice.unit(), (low + high) / 2, low, high, math.nextafter(low, high))
    for value in candidates:
        if _within(words, value):
            return value
    raise Unsatisfiable("no number lies within the bounds")


def _whole_multiple(step: float) -> int:
    """The smallest whole number that is a multiple of the step."""
    top, bottom = step.as_integer_ratio()
    decimal_top, decimal_bottom = round(step * 1_000_000), 1_000_000
    if math.isclose(decimal_top / decimal_bottom, step, rel_tol=1e-12):
        top, bottom = decimal_top, decimal_bottom
    return top // math.gcd(top, bottom)


def _plain(value: float) -> int | float:
    """Whole floats as integers: in JSON they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value
