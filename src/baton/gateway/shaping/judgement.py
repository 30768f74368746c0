"""Whether a provider kept its promise of structured output: handed on either way, and recorded."""

from baton.core.errors import Invalid
from baton.core.request import Envelope, FormatKind
from baton.gateway.shaping.validity import Validity
from baton.upstream.dialects.listening import Heard

_MOST_CHARS = 4 * 1024 * 1024
"""Of an answer that is judged."""


class Judgement:
    """Judges answers to one request by the schema that it asked for."""

    def __init__(self, validity: Validity) -> None:
        self._validity = validity

    def violation(self, heard: Heard) -> str | None:
        """What is wrong with an answer, in a sentence. None: nothing, or it was no answer in the first place
        (cut off, refused, a call of a tool)."""
        if not heard.is_answer or len(heard.text) > _MOST_CHARS:
            return None
        problems = self._validity.problems(heard.text)
        return problems[0] if problems else None


def judgement(envelope: Envelope) -> Judgement | None:
    """The judge of an answer; None where no schema was asked for, or one that cannot be judged by: what a
    provider makes of that is its own affair."""
    if "json" not in envelope.needs:
        return None
    try:
        wish = envelope.open().response_format
        if wish is None or wish.kind is not FormatKind.JSON_SCHEMA or wish.schema is None:
            return None
        return Judgement(Validity(wish.schema))
    except Invalid:
        return None
