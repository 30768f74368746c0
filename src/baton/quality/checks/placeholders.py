"""Whether something stands in an output where something else was to come."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files

from msgspec import Struct

from baton.quality.checks.leaves import Leaf, leaves_of
from baton.quality.checks.prose import plain, prose_of, without_inline_code, without_quotes
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output
from baton.quality.task import Task

_TODO_IS_A_WORD = frozenset({"es", "pt", "it"})
"""Languages in which TODO is "everything"."""

_HOUR = r"\d{1,2}(?:[:.h]\d{2}(?:\s*[ap]m)?|\s*[ap]m)"
_TIMED = re.compile(
    rf"^[ \t>*#•_-]{{0,20}}(?:{_HOUR}(?:\s*[-–]\s*{_HOUR})?|morning|afternoon|evening|breakfast|lunch|dinner)"
    r"\s*[*_]*\s*[-–—:|]\s*[*_]*(?P<name>[^\n*_|:.,(]{2,40}?)[*_]*\s*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A line of a plan: a time, a dash, a name."""

_NUMBERED = re.compile(r"\s*(?:#?\d{1,2}|\b[a-c])$")
_KISSES = re.compile(r"[^\S\n]*(?:\n|\Z)")


class Placeholders(Struct, frozen=True):
    """How they look."""

    serious: tuple[re.Pattern[str], ...]
    unquoted: tuple[re.Pattern[str], ...]
    """As serious, but between quotation marks they are spoken of."""
    hints: tuple[re.Pattern[str], ...]
    names: frozenset[str]
    fields: frozenset[str]
    wanted: re.Pattern[str]
    letters: re.Pattern[str]


def placeholder(task: Task, output: Output, known: Placeholders, language: str | None) -> Objection | None:
    """An objection to placeholders that nobody asked for; `language`: of the output, where it can be told.

    Code may hold what it likes. In a letter whose names nobody told they are a hint.
    """
    if known.wanted.search(task.asked):
        return None
    leaves = leaves_of(output.text)
    if leaves is None:
        prose = without_inline_code(prose_of(output.text).text)
    else:
        prose = "\n".join(leaf.text for leaf in leaves)
    nameless = next(_nameless(leaves or (), prose, known), None)
    if nameless is not None:
        return _objection(Severity.SERIOUS, nameless)
    context = plain(task.everything)
    serious = Severity.HINT if known.letters.search(task.asked) else Severity.SERIOUS
    searches = (
        (known.unquoted, without_quotes(prose), Severity.SERIOUS),
        (known.serious, prose, serious),
        (known.hints, prose, Severity.HINT),
    )
    for patterns, text, severity in searches:
        for found in (each for pattern in patterns for each in pattern.finditer(text)):
            if _is_one(found, text, language) and _is_strange(found[0], context):
                return _objection(severity, found[0])
    return None


def packaged_placeholders() -> Placeholders:
    """Those that are shipped; reads one file."""
    data = files("baton.quality").joinpath("data/placeholders.toml").read_text(encoding="utf-8")
    said = tomllib.loads(data)
    return Placeholders(
        serious=tuple(map(re.compile, said["serious"])),
        unquoted=tuple(map(re.compile, said["unquoted"])),
        hints=tuple(map(re.compile, said["hints"])),
        names=frozenset(name.strip() for name in said["names"].replace("\n", "|").split("|") if name.strip()),
        fields=frozenset(said["fields"].split()),
        wanted=re.compile(said["wanted"]),
        letters=re.compile(said["letters"]),
    )


def _objection(severity: Severity, evidence: str) -> Objection:
    because = "It holds a placeholder."
    return Objection(kind=Kind.PLACEHOLDER, severity=severity, because=because, evidence=quoted(evidence))


def _is_strange(evidence: str, context: str) -> bool:
    """Whether the asker did not write it themselves."""
    return plain(evidence) not in context


def _is_one(found: re.Match[str], prose: str, language: str | None) -> bool:
    if "TODO" in found[0]:
        return language not in _TODO_IS_A_WORD
    if set(found[0].strip()) == {"x"}:  # kisses end a message
        return _KISSES.match(prose, found.end()) is None or prose[: found.start()].rstrip()[-1:] in ":=-"
    return True


def _nameless(leaves: Iterable[Leaf], prose: str, known: Placeholders) -> Iterator[str]:
    """Words that are no names, where names belong."""
    for leaf in leaves:
        if leaf.field in known.fields and _is_nameless(leaf.text, known):
            yield leaf.text
    for found in _TIMED.finditer(prose):
        if _is_nameless(found["name"], known):
            yield found[0].strip()


def _is_nameless(name: str, known: Placeholders) -> bool:
    """Whether it says what something is, and not which one: "Restaurant 2" is as good as "restaurant"."""
    return _NUMBERED.sub("", name.strip().casefold()) in known.names
