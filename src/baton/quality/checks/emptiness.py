"""Whether there is anything at all."""

import re

from baton.quality.checks.prose import plain
from baton.quality.objection import Kind, Objection, Severity, quoted
from baton.quality.output import Output

_NOTHING = re.compile(r"[\s.`~*_\"']*")
"""What is left where something was to come: dots, an empty code block, empty quotation marks. A lone dash or
a sign may be an answer."""


def emptiness(output: Output) -> Objection | None:
    """An objection to an output in which nothing is."""
    if output.more or output.is_taken_away:
        return None
    if not _NOTHING.fullmatch(plain(output.text)):
        return None
    because = "There is nothing in it."
    return Objection(kind=Kind.EMPTY, severity=Severity.FATAL, because=because, evidence=quoted(output.text))
