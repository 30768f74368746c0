"""Pairs of prompts written for the guard: traps, of which none may be served, and harmless rewordings."""

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Case(NamedTuple):
    """Two prompts, and what sets them apart."""

    kind: str
    earlier: str
    later: str
    aside: bool
    """Not looked at while the guard was written: every other one of its kind."""


def cases(name: str) -> list[Case]:
    """Of the text file of that name: two prompts a line, with a bar between them, under their kind."""
    found: list[Case] = []
    kind = ""
    aside = True
    for line in (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind, aside = line[2:], True
            continue
        aside = not aside
        earlier, later = line.split(" | ")
        found.append(Case(kind, earlier, later, aside))
    return found
