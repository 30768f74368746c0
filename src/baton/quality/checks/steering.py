"""Whether an output speaks to its judge, and which scores it wants."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib.resources import files

from msgspec import Struct

from baton.quality.checks.leaves import leaves_of
from baton.quality.checks.prose import plain, prose_of, without_inline_code, without_quotes
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output
from baton.quality.scores import MOST
from baton.quality.task import Task

_AROUND = 80
"""Characters about such words in which a number is a score that is wanted."""

_BARE = str.maketrans("аеорсухіјѕԁһ", "aeopcyxijsdh", "*_~")
"""Cyrillic letters that look like Latin ones (Unicode's confusables.txt), and the signs of emphasis."""

_NUMBER = re.compile(r"(?<!\d)(?<!\d[.,])\d{1,3}(?!\d|[.,]\d)")


class Steering(Struct, frozen=True):
    """How it looks."""

    patterns: tuple[re.Pattern[str], ...]
    about: re.Pattern[str]
    """Where this was asked about, such words in quotation marks or in code are examples of it."""
    best: re.Pattern[str]
    """Words for the best score there is."""


def steers(task: Task, output: Output, known: Steering) -> Objection | None:
    """An objection to an output that tries to have its judge do as it says.

    Serious: whatever score it gets, a person looks at it. Examples, in an answer to a question about such
    things, are a hint.
    """
    found = next(_found(output.text, known), None)
    if found is None:
        return None
    severity = Severity.SERIOUS
    if known.about.search(plain(task.asked)):
        bare = without_quotes(without_inline_code(prose_of(output.text).text))
        severity = Severity.SERIOUS if any(_found(bare, known)) else Severity.HINT
    return Objection(
        kind=Kind.STEERING,
        severity=severity,
        because="It speaks to whoever judges it.",
        evidence=quoted(found[0]),
    )


def dictated(text: str, known: Steering) -> frozenset[int]:
    """The scores that a text wants to be given, where it wants any."""
    wanted: set[int] = set()
    for found in _found(text, known):
        around = found.string[max(0, found.start() - _AROUND) : found.end() + _AROUND]
        wanted.update(score for number in _NUMBER.findall(around) if (score := int(number)) <= MOST)
        if known.best.search(around):
            wanted.add(MOST)
    return frozenset(wanted)


def packaged_steering() -> Steering:
    """The patterns that are shipped; reads one file."""
    data = files("baton.quality").joinpath("data/steering.toml").read_text(encoding="utf-8")
    said = tomllib.loads(unicodedata.normalize("NFKC", data))  # as `plain` has what it is compared with
    return Steering(
        patterns=tuple(
            re.compile(pattern) for each in said["languages"].values() for pattern in each["patterns"]
        ),
        about=re.compile("|".join(said["about"])),
        best=re.compile("|".join(said["best"])),
    )


def _found(text: str, known: Steering) -> Iterator[re.Match[str]]:
    """Where it steers, in each of the ways that it may be read."""
    for seen in _readings(text):
        for pattern in known.patterns:
            yield from pattern.finditer(seen)


def _readings(text: str) -> Iterator[str]:
    """A text as it stands; what its JSON says behind its escapes; and all on one line, without emphasis, with
    Latin letters in place of those that only look like them."""
    seen = plain(text)
    yield seen
    leaves = leaves_of(text)
    if leaves:
        said = plain("\n".join(leaf.text for leaf in leaves))
        if said not in seen:
            yield said
    bare = " ".join(seen.translate(_BARE).split())
    if bare != seen:
        yield bare
