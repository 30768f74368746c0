"""Numbers in one form, and what is written together with them."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_NUMBER = re.compile(r"(\d+(?:[.,:/-]\d+)*)([^\W\d_]*)$")
SHORT_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "Mb": "mbit",
        "Gb": "gbit",
        "Kb": "kbit",
        "kb": "kbit",
        "mW": "milliwatt",
        "mHz": "millihertz",
        "mV": "millivolt",
        "MV": "megavolt",
        "mA": "milliampere",
        "MA": "megaampere",
        "Ms": "megasecond",
        "Mm": "megametre",
        "m": "m_",
        "s": "second_",
        "h": "hour",
        "g": "gram",
        "l": "liter",
        "L": "liter",
        "C": "celsius",
        "F": "fahrenheit",
        "K": "kelvin",
        "W": "watt",
        "V": "volt",
        "A": "amp",
    }
)
"""Units whose case counts, or that are other words where no number stands before them."""


def numeral(digits: str) -> str:
    """In one form where there can be no doubt: `1,000` is 1000, but `1.000` may be one or a thousand."""
    return digits.replace(",", "") if _GROUPED.match(digits) else digits


def split_unit(piece: str, units: Mapping[str, str]) -> tuple[str | None, str]:
    """`5km` into its number and its unit; None for the number where the piece is no number."""
    found = _NUMBER.match(piece)
    if found is None:
        return None, ""
    digits, rest = found.groups()
    unit = SHORT_UNITS.get(rest) or units.get(rest.lower(), "")
    return (digits, unit) if unit or not rest else (None, "")
