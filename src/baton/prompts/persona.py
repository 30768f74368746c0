"""Personas as records: a voice that stays the same, whichever model speaks."""

from typing import Annotated

from msgspec import Meta, Struct

from baton.core.errors import Invalid
from baton.prompts.prompt import MOST_USE_CASES, Line, Name, Text
from baton.records.kind import RecordKind

MOST_RULES = 32
_ANY = "*"

Binding = Annotated[str, Meta(pattern=r"^[^\s*]{1,64}\*?$")]
"""A use case; with `*` at its end, all that begin so."""


class Persona(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who speaks, and how."""

    name: Name
    title: Annotated[str, Meta(min_length=1, max_length=100)]
    """As people call it."""
    description: Line = ""
    voice: Text
    """Who it is and how it sounds, told to the model."""
    does: Annotated[tuple[Line, ...], Meta(max_length=MOST_RULES)] = ()
    avoids: Annotated[tuple[Line, ...], Meta(max_length=MOST_RULES)] = ()
    use_cases: Annotated[tuple[Binding, ...], Meta(max_length=MOST_USE_CASES)] = ()
    """Requests of these are answered in its voice where they want no other one."""
    is_enabled: bool = True

    @property
    def told(self) -> str:
        """What a model is told, before all else."""
        parts = [self.voice.strip()]
        if self.does:
            parts.append("\n".join(("Always:", *(f"- {each}" for each in self.does))))
        if self.avoids:
            parts.append("\n".join(("Never:", *(f"- {each}" for each in self.avoids))))
        return "\n\n".join(parts)

    def closeness(self, use_case: str) -> int:
        """How closely it is bound to a use case: 0 not at all, else the more the longer the word."""
        return max((_closeness(word, use_case) for word in self.use_cases), default=0)


def personas_kind() -> RecordKind[Persona]:
    """The kind `personas`; its key is the persona's name."""
    return RecordKind(name="personas", type=Persona, key=lambda persona: persona.name, check=_check)


def _check(persona: Persona) -> None:
    if not persona.voice.strip():
        raise Invalid("A persona has a voice.", param="voice")
    if persona.name == "off":
        raise Invalid("'off' is what requests say that want no persona.", param="name")
    if len(set(persona.use_cases)) < len(persona.use_cases):
        raise Invalid("A use case is there twice.", param="useCases")


def _closeness(word: str, use_case: str) -> int:
    """The whole word is closer than any beginning."""
    if word == use_case:
        return len(word) * 2 + 2
    if word.endswith(_ANY) and use_case.startswith(word[:-1]):
        return len(word) * 2 - 1
    return 0
