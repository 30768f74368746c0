"""Whether an output has the form that was asked for: true to its schema, and no longer than it may be."""

from baton.core.errors import Invalid
from baton.gateway.shaping.validity import Validity
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output
from baton.quality.task import Task

BARELY = 1.1
"""So much longer than allowed is a hint only."""


def untrue(task: Task, output: Output) -> Objection | None:
    """An objection to an output that is not true to the schema which was asked for.

    Fatal: whoever names a schema has a program read the output. A schema that is none judges nothing.
    """
    if task.schema is None or output.more or output.is_taken_away:
        return None
    try:
        problems = Validity(task.schema).problems(output.text)
    except Invalid:
        return None
    if not problems:
        return None
    return Objection(
        kind=Kind.SCHEMA, severity=Severity.FATAL, because=problems[0], evidence=quoted(output.text)
    )


def too_long(task: Task, output: Output) -> Objection | None:
    """An objection to an output that is longer than it may be."""
    chars = len(output.text.strip())
    if task.most_chars is None or chars <= task.most_chars:
        return None
    severity = Severity.HINT if chars <= task.most_chars * BARELY else Severity.SERIOUS
    because = f"It has {chars} characters and may have {task.most_chars}."
    return Objection(
        kind=Kind.TOO_LONG,
        severity=severity,
        because=because,
        evidence=quoted(output.text.strip()[task.most_chars :]),
    )
