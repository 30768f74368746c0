"""The words that the guard knows: `lexicon.toml` by hand, `words.txt` by `python -m tools.semantic`."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from typing import Any

from baton.gateway.cache.semantic.stem import stem

UNKNOWN_RARITY = 12.0
"""Of a word that stands in no list: that of the rarest there. In bits, minus the logarithm of its share."""

Phrases = Mapping[str, tuple[tuple[list[str], tuple[str, ...]], ...]]
"""By the first word: the words of a phrase and what they stand for, longest first."""


class Role(Enum):
    """What a small word does for those around it."""

    JOINS = "joins"
    INTRODUCES = "introduces"
    RESETS = "resets"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words by what a difference in them means."""

    harmless: Mapping[str, frozenset[str]]
    """By language: words whose presence changes nothing."""
    capitals: frozenset[str]
    polite_runs: tuple[str, ...]
    negations: frozenset[str]
    questions: Mapping[str, str]
    strict: Mapping[str, str]
    """The class of words that one may not have and the other not."""
    rivals: Mapping[str, frozenset[int]]
    """By stem: the groups in which another member means something else."""
    alike: Mapping[str, frozenset[int]]
    """By stem: the groups in which another member means the same."""
    first_alike: Mapping[str, str]
    units: Mapping[str, str]
    numerals: Mapping[str, str]
    markers: frozenset[str]
    resets: frozenset[str]
    roles: Mapping[str, Role]
    """What a small word does for those around it."""
    ordered: frozenset[str]
    builders: frozenset[str]
    """Small words by which a sentence is built in another way."""
    spoken: Mapping[str, tuple[str, ...]]
    phrases: Phrases
    rarity: Mapping[str, float]
    """Of words that are written in lower case, in bits."""

    def familiar(self, word: str) -> bool:
        """Whether it is an ordinary English word, in whatever form."""
        return word in self.rarity or stem(word) in self.alike or self._base(word) is not None

    def rarity_of(self, word: str) -> float:
        """In bits: 4 for a word that every other text has, 12 for one that none has."""
        known = self.rarity.get(word)
        if known is None:
            base = self._base(word)
            return UNKNOWN_RARITY if base is None else self.rarity[base]
        return known

    def _base(self, word: str) -> str | None:
        base = stem(word)
        tries = (base, base + "e", base + "s", base + "d", base + "ed", base + "ing")
        return next((each for each in tries if len(each) > 3 and each in self.rarity), None)


def load_lexicon() -> Lexicon:
    """What is shipped; reads two files."""
    data = files("baton.gateway.cache.semantic") / "data"
    listed = tomllib.loads((data / "lexicon.toml").read_text(encoding="utf-8"))
    return build(listed, (data / "words.txt").read_text(encoding="utf-8"))


def build(listed: Mapping[str, Any], words: str) -> Lexicon:
    """`listed`: what the hand-written file says; `words`: a line for each rarity, in bits, with its words."""
    marks = listed["markers"]
    alike = [group.split() for group in listed["alike"]["groups"]]
    return Lexicon(
        harmless={language: frozenset(said.split()) for language, said in listed["harmless"].items()},
        capitals=frozenset(listed["capitals"]["words"].split()),
        polite_runs=tuple(sorted(listed["polite_runs"]["words"].split(), key=len, reverse=True)),
        negations=frozenset(listed["negations"]["words"].split()),
        questions=_named(listed["questions"]),
        strict=_named(listed["strict"]),
        rivals=_grouped(group.split() for group in listed["rivals"]["groups"]),
        alike=_grouped(alike),
        first_alike={word: group[0] for group in reversed(alike) for word in group},
        units={word: group.split()[0] for group in listed["units"]["groups"] for word in group.split()},
        numerals={word: value for value, said in listed["numerals"].items() for word in said.split()},
        markers=frozenset(marks["words"].split()),
        resets=frozenset(marks["resets"].split()),
        roles=_roles(marks),
        ordered=frozenset(marks["ordered"].split()),
        builders=frozenset(marks["builders"].split()),
        spoken={word: tuple(said.split()) for word, said in listed["spoken"].items()},
        phrases=_phrases(listed["phrases"]),
        rarity=_rarities(words),
    )


def _named(lists: Mapping[str, str]) -> dict[str, str]:
    return {word: name for name, said in lists.items() for word in said.split()}


def _grouped(groups: Iterable[list[str]]) -> dict[str, frozenset[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for word in group:
            found[stem(word)].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _roles(marks: Mapping[str, str]) -> dict[str, Role]:
    lists = (
        ("determiners", Role.POINTS),
        ("resets", Role.RESETS),
        ("words", Role.INTRODUCES),
        ("joiners", Role.JOINS),
    )
    return {word: role for name, role in lists for word in marks[name].split()}


def _phrases(said: Mapping[str, str]) -> Phrases:
    found: defaultdict[str, list[tuple[list[str], tuple[str, ...]]]] = defaultdict(list)
    for phrase in sorted(said, key=lambda each: len(each.split()), reverse=True):
        words = phrase.split()
        found[words[0]].append((words, tuple(said[phrase].split())))
    return {first: tuple(known) for first, known in found.items()}


def _rarities(words: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line in words.splitlines():
        bits, _, said = line.partition(" ")
        found.update(dict.fromkeys(said.split(), float(bits)))
    return found
