"""How long an answer may be given again, where nobody says it."""

import re

from baton.core.task import TaskType

SHORT_S, MEDIUM_S, LONG_S, VERY_LONG_S = 300.0, 1800.0, 3600.0, 86_400.0
"""The classes of time to live."""

_BY_TASK = {
    TaskType.CONVERSATION: MEDIUM_S,
    TaskType.TRANSLATION: VERY_LONG_S,
    TaskType.EXTRACTION: VERY_LONG_S,
    TaskType.SUMMARIZATION: VERY_LONG_S,
    TaskType.MATH_REASONING: VERY_LONG_S,
}
"""What depends on nothing but what was sent along stays true; talk does not."""

_SOON_OLD = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|currently|current|latest|recent(?:ly)?|breaking|live|"
    r"this (?:week|month|year|morning|afternoon|evening)|right now|up to date|"
    r"heute|morgen|gestern|jetzt|aktuell\w*|neueste\w*|"
    r"aujourd'hui|maintenant|actuel\w*|demain|hier|hoy|ahora|actual\w*|mañana|ayer|"
    r"oggi|adesso|attual\w*|domani|ieri|hoje|agora|atual\w*|amanhã|ontem|"
    r"vandaag|morgen|nu|actueel|dzisiaj|dziś|teraz|сегодня|сейчас|завтра|вчера|bugün|şimdi)\b"
    r"|今天|现在|目前|最新|今日|今の|現在|오늘|지금|최신|اليوم|الآن|आज|अभी",
    re.IGNORECASE,
)
_READ_CHARS = 20_000
_BREAK = re.compile(r"\\[nrt]")
"""A line's end as JSON writes it: its letter would seem to belong to the next word."""


def usual_ttl_s(text: str, task: TaskType | None, house_s: float) -> float:
    """How long an answer may be given again where nobody says it, seconds. `task`: what kind of work was
    asked for, None: nobody knows; `house_s`: what the house says of all."""
    if ages_soon(text):
        return min(SHORT_S, house_s)
    class_s = house_s if task is None else _BY_TASK.get(task, house_s)
    return class_s if house_s >= LONG_S else min(class_s, house_s)


def ages_soon(text: str) -> bool:
    """Whether what is asked for is different soon: a word for the present stands at a body's beginning or
    its end."""
    if len(text) > 2 * _READ_CHARS:
        text = f"{text[:_READ_CHARS]} {text[-_READ_CHARS:]}"
    return _SOON_OLD.search(_BREAK.sub(" ", text)) is not None
