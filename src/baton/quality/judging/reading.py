"""Reads what a judge answers, strictly: what is not exactly an answer to the question gives no score."""

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from baton.core.answer import ChatResponse, Finish
from baton.core.messages import Reasoning, Refusal, Text
from baton.quality.checks.refusals import Refusals, is_refusal
from baton.quality.scores import LEAST, MOST, Scores

_MOST_CHARS = 20_000
"""Of an answer; one with more is none."""

_LEAST_LETTERS = 20
_LEAST_KINDS = 8
"""Letters of a reasoning, and how many different ones: "aaaa", "good good good" and "n/a" are none."""

_LEAST_WORDS = 5
"""Different words of a reasoning that is written with blanks."""

_MOST_REPEATED = 6
"""How often its words may be said, in the mean."""

_MOST_REASONING = 4_000
"""Characters."""

_SLIP = 2
"""How far a stated overall may be from the mean: rounding, and a little bad arithmetic."""

_COPIED = 40
"""From so many characters on, a reasoning that stands in the output itself is no reasoning."""

_NUMBERS = ("completeness", "coherence", "actionability", "overall")
_FIELDS = frozenset({"reasoning", *_NUMBERS})
_WORD = re.compile(r"\w+")
_ANSWERING = re.compile(
    r"(?:sure|certainly|absolutely|of course|no problem|gladly|here(?:'s| is| are) (?:the|your|a|an|my|some)"
    r"|i(?:'d| would) be happy to|thank you for|you(?:'re| are) (?:right|welcome)"
    r"|as you (?:asked|requested|wish)"
    r"|understood|i (?:will|'ll) (?:comply|follow|ignore)|as instructed)\b[,.:! ]",
    re.IGNORECASE,
)
"""How somebody begins who does as the output says, or goes on with it."""


class Reading(Struct, frozen=True, kw_only=True):
    """What was made of a judge's answer: scores, or what is wrong with it."""

    scores: Scores | None = None
    reasoning: str = ""
    problems: tuple[str, ...] = ()
    """Sentences, in our own words: they are told to the judge."""


class _Broken(Exception):
    """Not the JSON that was asked for; says why."""


def read(response: ChatResponse, output: str, dictated: frozenset[int], refusals: Refusals) -> Reading:
    """Read an answer about an output, which wants to be given the scores `dictated`."""
    try:
        fields = _fields(_said(response))
        scores = _scores(fields)
        reasoning = _reasoning(fields["reasoning"], output, refusals)
    except _Broken as broken:
        return Reading(problems=(str(broken),))
    if dictated and set(scores.each) <= dictated:
        return Reading(problems=("The scores are just those that the examined output asks for.",))
    return Reading(scores=scores, reasoning=reasoning)


def said(response: ChatResponse) -> str:
    """The text of an answer's first choice."""
    choice = response.choices[0] if response.choices else None
    return "" if choice is None else "".join(part.text for part in choice.parts if isinstance(part, Text))


def _said(response: ChatResponse) -> str:
    """The text of an answer that is nothing but a text, and came to its end."""
    if len(response.choices) != 1:
        raise _Broken("There was not exactly one answer.")
    [choice] = response.choices
    if choice.finish is Finish.LENGTH:
        raise _Broken("The answer was cut off: write a shorter reasoning.")
    if choice.finish not in (Finish.STOP, None):
        raise _Broken("The answer did not come to an end.")
    if any(isinstance(part, Refusal) for part in choice.parts):
        raise _Broken("The examination was refused.")
    if any(not isinstance(part, Text | Reasoning) for part in choice.parts):
        raise _Broken("The answer is not text alone.")
    return said(response)


def _fields(text: str) -> Mapping[str, Any]:
    """The object, with exactly the fields that were asked for."""
    if len(text) > _MOST_CHARS:
        raise _Broken("The answer is far too long.")
    try:
        value: Any = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _Broken("The answer is not one JSON object and nothing else.") from None
    if not isinstance(value, _Object):
        raise _Broken("The answer is not one JSON object and nothing else.")
    if value.keys() != _FIELDS:
        missing = sorted(_FIELDS - value.keys())
        named = f"{', '.join(missing)} missing" if missing else "there are others"
        raise _Broken(f"The fields are not exactly those asked for: {named}.")
    return value


class _Object(dict[str, Any]):
    """A JSON object in which no field stood twice."""


def _once(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) != len(pairs):
        raise _Broken("A field stands twice.")
    return found


def _no_number(name: str) -> float:
    raise _Broken(f"{name.lstrip('-')} is no number.")


def _scores(fields: Mapping[str, Any]) -> Scores:
    for name in _NUMBERS:
        value = fields[name]
        if type(value) is not int:  # no truth value, no fraction, no text
            raise _Broken(f"{name} is not a whole number.")
        if not LEAST <= value <= MOST:
            raise _Broken(f"{name} is not between {LEAST} and {MOST}.")
    scores = Scores(
        completeness=fields["completeness"],
        coherence=fields["coherence"],
        actionability=fields["actionability"],
    )
    if abs(fields["overall"] - scores.overall) > _SLIP:
        raise _Broken("overall is not the mean of the three scores.")
    return scores


def _reasoning(value: Any, output: str, refusals: Refusals) -> str:
    """The reasoning, where it is one."""
    if not isinstance(value, str):
        raise _Broken("reasoning is not a text.")
    reasoning = value.strip()
    letters = [letter for letter in reasoning.casefold() if letter.isalpha()]
    spoken = [word for word in _WORD.findall(reasoning.casefold()) if not word.isdigit()]
    words = set(spoken)
    has_blanks = all(letter < "\u0e00" for letter in letters)
    if (
        len(letters) < _LEAST_LETTERS
        or len(set(letters)) < _LEAST_KINDS
        or (has_blanks and not _LEAST_WORDS <= len(words) >= len(spoken) / _MOST_REPEATED)
    ):
        raise _Broken("reasoning says nothing.")
    if len(reasoning) > _MOST_REASONING:
        raise _Broken("reasoning is far too long.")
    if any("\ud800" <= sign <= "\udfff" or (sign < " " and sign not in "\n\t\r") for sign in reasoning):
        raise _Broken("reasoning has signs that are none.")
    if _ANSWERING.match(reasoning) or is_refusal(reasoning, refusals):
        raise _Broken("reasoning answers the output instead of examining it.")
    squeezed = _squeezed(reasoning)
    if len(squeezed) >= _COPIED and squeezed in _squeezed(output):
        raise _Broken("reasoning repeats the output instead of examining it.")
    return reasoning


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())
