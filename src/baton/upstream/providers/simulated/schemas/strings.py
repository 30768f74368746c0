"""Strings of a JSON Schema's format, pattern and length."""

from collections.abc import Callable

from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.schemas.merging import Schema, Unsatisfiable
from baton.upstream.providers.simulated.schemas.pattern import Unmatchable, matching
from baton.upstream.providers.simulated.words import word

_TRIES = 60  # for a text that has the pattern and the length
_USUAL_WORDS = 3
_LONGEST = 100_000  # characters
_HEX = "0123456789abcdef"


def string(words: Schema, dice: Dice) -> str:
    """A string with the pattern or the format, and of the length, that is asked for.

    Raises:
        Unsatisfiable: none was found.
    """
    fewest: int = words.get("minLength", 0)
    most: int | None = words.get("maxLength")
    if "pattern" not in words and words.get("format") not in _FORMATS:
        return _prose(fewest, most, dice)
    for _ in range(_TRIES):
        text = _shaped(words, dice)
        if fewest <= len(text) and (most is None or len(text) <= most):
            return text
    raise Unsatisfiable("no string has the pattern, the format and the length")


def _shaped(words: Schema, dice: Dice) -> str:
    pattern: str | None = words.get("pattern")
    if pattern is None:
        return _FORMATS[words["format"]](dice)
    try:
        return matching(pattern, dice)
    except Unmatchable as error:
        raise Unsatisfiable(f"the pattern {pattern} is beyond the simulated provider") from error


def _prose(fewest: int, most: int | None, dice: Dice) -> str:
    """Words; as many as the length asks for."""
    if most is not None and most < fewest:
        raise Unsatisfiable("the shortest string is longer than the longest")
    if fewest > _LONGEST:
        raise Unsatisfiable(f"a string of more than {_LONGEST} characters")
    text = " ".join(word(dice) for _ in range(1 + dice.below(_USUAL_WORDS)))
    while len(text) < fewest:
        text += f" {word(dice)}"
    if most is not None and len(text) > most:
        text = text[:most]
    return text


def _hex(dice: Dice, count: int) -> str:
    return "".join(_HEX[dice.below(16)] for _ in range(count))


def _date(dice: Dice) -> str:
    return f"20{dice.below(40):02d}-{1 + dice.below(12):02d}-{1 + dice.below(28):02d}"


def _time(dice: Dice) -> str:
    return f"{dice.below(24):02d}:{dice.below(60):02d}:{dice.below(60):02d}Z"


def _uuid(dice: Dice) -> str:
    return f"{_hex(dice, 8)}-{_hex(dice, 4)}-4{_hex(dice, 3)}-a{_hex(dice, 3)}-{_hex(dice, 12)}"


_FORMATS: dict[object, Callable[[Dice], str]] = {
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}",
    "date": _date,
    "time": _time,
    "duration": lambda dice: f"PT{1 + dice.below(59)}M",
    "email": lambda dice: f"{word(dice)}.{word(dice)}@example.com",
    "idn-email": lambda dice: f"{word(dice)}@example.com",
    "hostname": lambda dice: f"{word(dice)}.example.com",
    "idn-hostname": lambda dice: f"{word(dice)}.example.com",
    "ipv4": lambda dice: f"192.0.2.{dice.below(256)}",  # RFC 5737: for documentation
    "ipv6": lambda dice: f"2001:db8::{1 + dice.below(0xFFFE):x}",  # RFC 3849: for documentation
    "uri": lambda dice: f"https://example.com/{word(dice)}",
    "url": lambda dice: f"https://example.com/{word(dice)}",
    "uri-reference": lambda dice: f"/{word(dice)}",
    "iri": lambda dice: f"https://example.com/{word(dice)}",
    "uuid": _uuid,
    "json-pointer": lambda dice: f"/{word(dice)}",
    "regex": lambda dice: f"^{word(dice)}$",
    "byte": lambda dice: _hex(dice, 8),
}
