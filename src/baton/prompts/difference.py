"""What is different between two versions of a prompt."""

from collections.abc import Iterator
from difflib import unified_diff

from msgspec import Struct

from baton.prompts.prompt import PromptVersion


class Changed(Struct, frozen=True, kw_only=True):
    """A field that is different, as text."""

    field: str
    before: str
    after: str


class Difference(Struct, frozen=True, kw_only=True):
    """Lines of the texts as unified diffs, and the fields beside them."""

    system: tuple[str, ...]
    user: tuple[str, ...]
    fields: tuple[Changed, ...]


def difference(before: PromptVersion, after: PromptVersion) -> Difference:
    """What has become of one version in the other; nothing where they are equal but for their notes."""
    return Difference(
        system=_lines(before, after, "system"),
        user=_lines(before, after, "user"),
        fields=tuple(_fields(before, after)),
    )


def _lines(before: PromptVersion, after: PromptVersion, field: str) -> tuple[str, ...]:
    old: str = getattr(before, field)
    new: str = getattr(after, field)
    return tuple(
        unified_diff(old.splitlines(), new.splitlines(), before.reference, after.reference, lineterm="")
    )


def _fields(before: PromptVersion, after: PromptVersion) -> Iterator[Changed]:
    old, new = _beside(before), _beside(after)
    for field, text in old.items():
        if text != new[field]:
            yield Changed(field=field, before=text, after=new[field])


def _beside(version: PromptVersion) -> dict[str, str]:
    """The fields that are no texts of their own, as text."""
    variables = [
        each.name if each.default is None else f"{each.name}={each.default}" for each in version.variables
    ]
    return {
        "variables": ", ".join(sorted(variables)),
        "model": version.model or "",
        "temperature": "" if version.temperature is None else str(version.temperature),
        "maxTokens": "" if version.max_tokens is None else str(version.max_tokens),
    }
