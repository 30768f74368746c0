"""Which models a use case wants; edited at run time, as models are."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.chains import ModelId
from baton.catalog.model import Line, Word
from baton.core.errors import Invalid
from baton.records.kind import RecordKind

MOST_LISTED = 16
"""Models of one list."""


class Aim(StrEnum):
    """What counts for a use case where none of the models that its rule lists can serve."""

    QUALITY = "quality"
    """The best, whatever it costs."""
    BALANCED = "balanced"
    COST = "cost"
    """The cheapest that is adequate."""
    CAPABILITY = "capability"
    """Whatever can do it at all, as scored."""
    INNOVATION = "innovation"
    """The newest."""


class UseCaseRule(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a use case is served by: the first of `preferred` that fits, else the first of `fallbacks`.

    After a failure the rest of both is asked, in this order. A retired model means what takes its place.
    """

    use_case: Word
    preferred: Annotated[tuple[ModelId, ...], Meta(max_length=MOST_LISTED)] = ()
    fallbacks: Annotated[tuple[ModelId, ...], Meta(max_length=MOST_LISTED)] = ()
    aim: Aim = Aim.BALANCED
    is_enabled: bool = True
    description: Line = ""

    @property
    def listed(self) -> tuple[str, ...]:
        """All of them in order."""
        return (*self.preferred, *self.fallbacks)


def rules_kind() -> RecordKind[UseCaseRule]:
    """The kind `routing_rules`; its key is the use case."""
    return RecordKind(name="routing_rules", type=UseCaseRule, key=lambda rule: rule.use_case, check=_check)


def packaged_rules() -> tuple[UseCaseRule, ...]:
    """The rules that a new installation starts with; reads one file, so call it at start."""
    data = files("baton.gateway.routing.rules").joinpath("data/use_cases.json")
    return rules_kind().decode_all(data.read_bytes())


_TAKEN = frozenset({"export", "import", "test"})
"""Words that stand in the place of a use case where rules are reached."""


def _check(rule: UseCaseRule) -> None:
    if rule.use_case in _TAKEN:
        raise Invalid(f"No use case can be named {rule.use_case}.", param="useCase")
    seen: set[str] = set()
    for field, names in (("preferred", rule.preferred), ("fallbacks", rule.fallbacks)):
        for place, name in enumerate(names):
            if name in seen:
                raise Invalid(f"{name} is there twice.", param=f"{field}[{place}]")
            seen.add(name)
