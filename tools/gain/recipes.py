"""What ships: which outcomes are learnt from, and how."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
from tools.gain.fitting import Recipe, fit
from tools.gain.outcomes import GSM8K, MMLU, recorded

import baton.gateway.routing.gain as room
from baton.gateway.routing.gain.family import FamilySheet
from baton.gateway.routing.gain.reading import read

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        MMLU: Recipe(
            strength=0.5,
            least_rows=4,
            subject_share=0.3,
            trees=120,
            unused=frozenset({"commas", "money", "percent", "decimals", "relations"}),
        ),
        GSM8K: Recipe(strength=0.5, least_rows=4),
    }
)

SHEETS = Path(room.__file__).parent / "data" / "gain.json"


def shipped() -> tuple[FamilySheet, ...]:
    """Every family, fitted on all of its rows that are not contaminated."""
    sheets = list[FamilySheet]()
    for name, recipe in RECIPES.items():
        outcomes = recorded(name).clean()
        sheets.append(fit([read(prompt) for prompt in outcomes.prompts], outcomes, recipe).sheet)
    return tuple(sheets)


def written() -> tuple[FamilySheet, ...]:
    """What is in the package."""
    return msgspec.json.decode(SHEETS.read_bytes(), type=tuple[FamilySheet, ...])


def write(sheets: tuple[FamilySheet, ...]) -> None:
    """Into the package."""
    SHEETS.parent.mkdir(exist_ok=True)
    SHEETS.write_bytes(msgspec.json.encode(sheets) + b"\n")
