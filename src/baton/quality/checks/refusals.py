"""Whether an output is a refusal. One that speaks of refusals, or does what was asked after all, is none."""

import re
import tomllib
import unicodedata
from importlib.resources import files

from msgspec import Struct

from baton.core.answer import Finish
from baton.quality.checks.leaves import leaves_of
from baton.quality.checks.prose import plain, prose_of, without_inline_code, without_quotes
from baton.quality.checks.scripts import DENSE, scripts_in
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output
from baton.quality.task import Task

_SENTENCES = 3
"""Who refuses says so at once."""

_MOST_LETTERS = 400
"""What follows a refusal is more of it, or an offer; more than so much is an answer. A letter of a script
that says more in one counts three."""

_MOST_CODE = 80
"""Characters of code beside a refusal; more is an answer."""

_SENTENCE = re.compile(r"(?<=[.!?…。！？।؟])\s*|\n+")


class Refusals(Struct, frozen=True):
    """How they look."""

    patterns: tuple[re.Pattern[str], ...]
    asked_for: re.Pattern[str]
    """Where this was asked for, a refusal may be what was wanted."""


def refused(task: Task, output: Output, refusals: Refusals) -> Objection | None:
    """An objection to an output that refuses.

    Fatal where its model or its provider says so itself. Where only its words do it is serious: then a judge
    is asked, but it is not accepted without a person.
    """
    if output.is_taken_away:
        filtered = output.finish is Finish.CONTENT_FILTER
        because = "A filter took it away." if filtered else "Its model refused."
        evidence = quoted(output.refusal or output.text)
        return Objection(kind=Kind.REFUSED, severity=Severity.FATAL, because=because, evidence=evidence)
    if output.more or refusals.asked_for.search(plain(task.asked)):
        return None
    whole = prose_of(output.text)
    leaves = leaves_of(output.text)
    if leaves is None:
        prose = without_quotes(without_inline_code(whole.text)).strip(" \n*_#-")
    else:
        prose = "\n".join(leaf.text for leaf in leaves)
    if len(whole.code) > _MOST_CODE:
        return None
    sentence = _refusing(prose, refusals)
    if sentence is None or _letters(prose) - _letters(sentence) > _MOST_LETTERS:
        return None
    return Objection(
        kind=Kind.REFUSED,
        severity=Severity.SERIOUS,
        because="It reads like a refusal.",
        evidence=quoted(sentence),
    )


def is_refusal(text: str, refusals: Refusals) -> bool:
    """Whether a text begins with a refusal, however it goes on."""
    return _refusing(without_quotes(text), refusals) is not None


def packaged_refusals() -> Refusals:
    """Those that are shipped; reads one file."""
    data = files("baton.quality").joinpath("data/refusals.toml").read_text(encoding="utf-8")
    said = tomllib.loads(unicodedata.normalize("NFKC", data))  # as `plain` has what it is compared with
    return Refusals(
        patterns=tuple(
            re.compile(f"(?:{each['sorry']}){{0,3}}(?:{'|'.join(each['refuses'])})")
            for each in said["languages"].values()
        ),
        asked_for=re.compile("|".join(said["asked_for"])),
    )


def _refusing(prose: str, refusals: Refusals) -> str | None:
    """The sentence that refuses, of the first ones; with the one before it, which may be its apology."""
    begun = [piece for piece in _SENTENCE.split(prose[:2000]) if piece.strip()][:_SENTENCES]
    for at, sentence in enumerate(begun):
        pieces = [sentence] if at == 0 else [sentence, f"{begun[at - 1]} {sentence}"]
        for piece in pieces:
            if any(pattern.match(plain(piece).strip()) for pattern in refusals.patterns):
                return piece
    return None


def _letters(text: str) -> int:
    return sum(count * (3 if script in DENSE else 1) for script, count in scripts_in(text).items())
