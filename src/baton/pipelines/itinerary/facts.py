"""What a checker knows: of a city, and of the places in a plan."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from baton.pipelines.itinerary.plan import Line

SURE = 0.8
"""From this confidence on, inclusive, a checker's word counts against a place, and corrects it: a wrong
`invalid` costs somebody a good evening."""

_MOST = 600
_Confidence = Annotated[float, Meta(ge=0, le=1)]


class CityFacts(Struct, frozen=True, kw_only=True):
    """What holds for a whole city: closing days, ways, prices, what is closed or under repair."""

    facts: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...], Meta(max_length=50)]


class Verdict(StrEnum):
    """What a checker says of a place."""

    VERIFIED = "verified"
    INVALID = "invalid"
    UNCERTAIN = "uncertain"


class Check(Struct, frozen=True, kw_only=True, rename="camel"):
    """One place, checked."""

    name: str
    """As it stands in the plan."""
    verdict: Verdict
    confidence: _Confidence
    reason: Annotated[str, Meta(max_length=1000)] | None = None
    corrected_name: Annotated[str, Meta(max_length=200)] | None = None
    corrected_address: Line | None = None
    corrected_category: Annotated[str, Meta(max_length=50)] | None = None
    place_id: Annotated[str, Meta(max_length=200)] | None = None
    hours: Line | None = None
    matches: Annotated[tuple[str, ...], Meta(max_length=20)] = ()
    """Places that may have been meant."""
    suggestion: Annotated[str, Meta(max_length=1000)] | None = None

    @property
    def counts_against(self) -> bool:
        """Whether the place is out: `invalid` with confidence, a reason, and what to do instead."""
        return (
            self.verdict is Verdict.INVALID
            and self.confidence >= SURE
            and bool((self.reason or "").strip())
            and bool((self.suggestion or "").strip() or self.matches)
        )

    @property
    def corrects(self) -> bool:
        """Whether its corrections are to be taken over."""
        return self.verdict is not Verdict.INVALID and self.confidence >= SURE


class FactCheck(Struct, frozen=True, kw_only=True):
    """All places of a plan, checked."""

    checks: Annotated[tuple[Check, ...], Meta(max_length=_MOST)]
