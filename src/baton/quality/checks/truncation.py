"""Whether an output was cut off: by what its provider says, else by how it ends."""

import re

from baton.core.answer import Finish
from baton.quality.checks.prose import Prose, prose_of, without_addresses, without_inline_code
from baton.quality.checks.tongues import Tongues
from baton.quality.objection import Kind, Objection, Severity, tail_of
from baton.quality.output import Output
from baton.quality.task import Task

_LEAST_WORDS = 6
"""Of a last line that is taken for prose: shorter ones are headings, names, greetings."""

_LEAST_DENSE = 12
"""The same in characters, for lines without blanks."""

_SENTENCES = 3
"""So many sentences have ended properly before one without an end is remarked."""

_COMMAS = ",،、，"
_ENDS = ".!?…:;。！？：；।؟।»”\"'’)]}）】」』*_`~|>"
_BRACKETS = {"(": ")", "[": "]", "（": "）", "「": "」", "【": "】"}
_EMOTICON = re.compile(r"[:;]['^-]?[(\[]")
_SENTENCE_END = re.compile(r"[.!?…।؟](?=\s|\Z)|[。！？]")
_STRUCTURE = re.compile(r"\s*(?:[|#>]|[-*+•]\s|\d{1,3}[.)]\s|\$\$|\\)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_TAIL = 4_000
"""Characters at the end in which an open bracket is looked for."""


def truncated(task: Task, output: Output, tongues: Tongues, language: str | None) -> Objection | None:
    """An objection to an output that does not come to its end; `language`: its own, where it can be told.

    Where nothing but the look of the last sentence speaks for it, it is a hint.
    """
    text = output.text.rstrip()
    if output.finish is Finish.LENGTH:
        return _objection(Severity.SERIOUS, "It came to the bound of its length.", text)
    if task.stops or output.more or output.is_taken_away or output.finish is Finish.PAUSE:
        return None
    prose = prose_of(text)
    if prose.is_open:
        return _objection(Severity.SERIOUS, "A code block has no end.", text)
    if _is_broken_json(text):
        return _objection(Severity.SERIOUS, "Its JSON has no end.", text)
    if prose.code and text.endswith(("`", "~")):
        return None
    return _by_last_words(_end_of(prose), text, tongues, language)


def _end_of(prose: Prose) -> str:
    return without_addresses(without_inline_code(prose.text[-_TAIL:])).rstrip()


def _by_last_words(prose: str, text: str, tongues: Tongues, language: str | None) -> Objection | None:
    line = prose.rpartition("\n")[2].strip()
    words = _WORD.findall(line)
    is_dense = len(words) < _LEAST_WORDS and len(line) >= _LEAST_DENSE and not line.isascii()
    if not line or (len(words) < _LEAST_WORDS and not is_dense) or text[-1:] != line[-1:]:
        return None
    if line[-1] in _COMMAS:
        return _objection(Severity.SERIOUS, "It ends with a comma.", text)
    last = words[-1].casefold() if words else ""
    # A bare word at the very end: "of" may end a sentence only with a sign behind it.
    if language and line.endswith(words[-1] if words else " ") and last in tongues.never_last(language):
        return _objection(Severity.SERIOUS, f"No sentence ends with “{words[-1]}”.", text)
    if line[-1] in _ENDS:
        return None
    if _has_open_bracket(prose.rpartition("\n\n")[2]):
        return _objection(Severity.SERIOUS, "A bracket has no end.", text)
    if not _STRUCTURE.match(line) and line[-1].isalnum() and _ended(prose) >= _SENTENCES:
        return _objection(Severity.HINT, "Its last sentence has no end.", text)
    return None


def _ended(prose: str) -> int:
    return len(_SENTENCE_END.findall(prose))


def _has_open_bracket(paragraph: str) -> bool:
    open_: list[str] = []
    for sign in _EMOTICON.sub(" ", paragraph):
        if sign in _BRACKETS:
            open_.append(_BRACKETS[sign])
        elif open_ and sign == open_[-1]:
            open_.pop()
    return bool(open_)


def _is_broken_json(text: str) -> bool:
    """Whether a text that begins as an object or a list of JSON stops before its end."""
    start = text.lstrip()
    if not re.match(r"\{\s*\"|\[\s*[\[{\"]", start):
        return False
    depth = 0
    in_text = escaped = False
    for sign in start:
        if in_text:
            if escaped:
                escaped = False
            elif sign == "\\":
                escaped = True
            elif sign == '"':
                in_text = False
        elif sign == '"':
            in_text = True
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return False  # what follows is somebody else's affair
    return True


def _objection(severity: Severity, because: str, text: str) -> Objection:
    return Objection(kind=Kind.TRUNCATED, severity=severity, because=because, evidence=tail_of(text))
