"""Whether an output is in the language that was wanted."""

import re

from baton.quality.checks.leaves import leaves_of
from baton.quality.checks.prose import prose_of, without_addresses, without_inline_code, without_quotes
from baton.quality.checks.tongues import Tongues
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output
from baton.quality.task import Task

_MOST_ASKED = 400
"""Characters of a question by whose language the answer's is expected: longer ones hold documents."""

_ABOUT_LANGUAGE = re.compile(
    r"translat|übersetz|tradu[iczç]|перев|vertal|vertaal|tłumacz|översätt|çevir|翻[译譯訳]|번역|ترجم|अनुवाद"
    r"|language|sprache|langue|idioma|lingua|язык|język|语言|語言|言語|언어",
    re.IGNORECASE,
)
"""Who speaks of languages may want another one than they ask in."""


def wrong_language(task: Task, output: Output, tongues: Tongues) -> Objection | None:
    """An objection to an output that is surely in another language.

    Serious where somebody said which language was wanted; a hint where it is only that of the question.
    """
    text = _spoken(output.text)
    wanted = task.language or _expected(task, tongues)
    found = tongues.of(text) if wanted else None
    if wanted is None or found is None or not tongues.differ(found, wanted):
        return None
    severity = Severity.SERIOUS if task.language else Severity.HINT
    because = f"It is in {found}, and {wanted} was {'wanted' if task.language else 'spoken'}."
    return Objection(kind=Kind.LANGUAGE, severity=severity, because=because, evidence=quoted(text))


def _expected(task: Task, tongues: Tongues) -> str | None:
    """The language of the question, where nothing says that the answer's is another."""
    if len(task.asked) > _MOST_ASKED or _ABOUT_LANGUAGE.search(task.everything):
        return None
    if tongues.named_in(task.everything):
        return None
    return tongues.of(without_quotes(_spoken(task.asked)))


def _spoken(text: str) -> str:
    """What is language in a text: no code, no addresses, and of JSON only the texts in it."""
    leaves = leaves_of(text)
    if leaves is not None:
        return "\n".join(leaf.text for leaf in leaves)
    return without_addresses(without_inline_code(prose_of(text).text))
