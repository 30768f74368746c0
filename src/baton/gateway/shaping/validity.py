"""Whether a text is JSON that is true to a schema."""

import importlib
from typing import Any

import msgspec
from msgspec import Raw

from baton.core.errors import Invalid
from baton.upstream.dialects.wire import UNREADABLE

_MOST_PROBLEMS = 8
_MOST_CHARS = 200


class Validity:
    """A schema, compiled. Patterns run in linear time and nothing is fetched, whatever the schema says."""

    def __init__(self, schema: Raw) -> None:
        """Compile it.

        Raises:
            Invalid: it is no JSON Schema, or refers to another document.
        """
        # Loaded when first needed: most installations never emulate a schema, and it takes 8 MB.
        rules: Any = importlib.import_module("jsonschema_rs")
        try:
            self._validator: Any = rules.validator_for(
                bytes(schema).decode(), pattern_options=rules.RegexOptions(), retriever=_refuse
            )
        except (ValueError, rules.ValidationError) as error:
            why = str(error).partition("\n")[0][:_MOST_CHARS]
            message = f"The schema of the answer cannot be used: {why}"
            raise Invalid(message, param="response_format", code="invalid_schema") from None

    def problems(self, text: str) -> tuple[str, ...]:
        """What is wrong with a text, a sentence each; nothing where it is true to the schema."""
        try:
            value: Any = msgspec.json.decode(text)
        except UNREADABLE as error:
            return (f"It is not valid JSON: {error}.",)
        found: list[str] = []
        for error in self._validator.iter_errors(value):
            steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path]
            found.append(f"At ${''.join(steps)}: {error.message[:_MOST_CHARS]}.")
            if len(found) == _MOST_PROBLEMS:
                break
        return tuple(found)


def _refuse(uri: str) -> Any:
    raise ValueError(f"no other document is fetched, also not {uri}")
