"""JSON read to the letter: the order of fields and the text of numbers count, white space does not."""

import json
from typing import Any


class Fields(list[tuple[str, Any]]):
    """An object's fields in their order, twice-named ones included."""

    def get(self, name: str) -> Any:
        """The value of a field; None where it is absent."""
        return dict(self).get(name)

    def without(self, *names: str) -> "Fields":
        """The other fields."""
        return Fields((name, value) for name, value in self if name not in names)

    def having(self, name: str, value: Any) -> "Fields":
        """With this value in the field's place, or at the end."""
        if name not in dict(self):
            return Fields([*self, (name, value)])
        return Fields((known, value if known == name else old) for known, old in self)


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def read(text: bytes | str) -> Any:
    """Any JSON text."""
    return json.loads(text, object_pairs_hook=Fields, parse_int=Number, parse_float=Number)


def fields(text: bytes | str) -> Fields:
    """A JSON object."""
    found = read(text)
    assert isinstance(found, Fields), f"no JSON object: {text[:80]!r}"
    return found


def difference(expected: Any, found: Any, at: str = "") -> str | None:
    """The first place where two readings differ, in words; None where they are the same."""
    if isinstance(expected, Fields) and isinstance(found, Fields):
        names, others = [name for name, _ in expected], [name for name, _ in found]
        if names != others:
            return f"{at or 'the object'} has the fields {others}, not {names}"
        pairs = [(f"{at}.{name}", value, found[n][1]) for n, (name, value) in enumerate(expected)]
    elif type(expected) is list and type(found) is list:
        if len(expected) != len(found):
            return f"{at or 'the list'} has {len(found)} items, not {len(expected)}"
        pairs = [(f"{at}[{n}]", value, found[n]) for n, value in enumerate(expected)]
    else:
        same = type(expected) is type(found) and expected == found
        return None if same else f"{at or 'it'} is {str(found)[:120]!r}, not {str(expected)[:120]!r}"
    return next((told for where, a, b in pairs if (told := difference(a, b, where)) is not None), None)
