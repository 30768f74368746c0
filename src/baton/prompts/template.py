"""Texts with variables in them: `{{name}}`, and nothing else that is not taken as it is written."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\{\{[ \t]*([a-z][a-z0-9_]{0,63})[ \t]*\}\}")
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
"""How variables are called."""


def variables_in(text: str) -> frozenset[str]:
    """The variables that a text names."""
    return frozenset(_VARIABLE.findall(text))


def length(text: str, values: Mapping[str, str]) -> int:
    """Characters of a text with its variables' values, without making it."""
    return len(text) + sum(len(values[name]) for name in _VARIABLE.findall(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables' values, each as it is: what looks like a variable within one stays.

    Raises:
        KeyError: a variable has no value.
    """
    return _VARIABLE.sub(lambda found: values[found[1]], text)
