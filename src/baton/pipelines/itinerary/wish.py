"""What somebody wants of a trip."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from baton.core.errors import Invalid

MOST_DAYS = 30
LEAST_LOCAL = 1
MOST_LOCAL = 6
"""Localness: 1 the famous sights, 6 where only locals go."""

USUAL_LOCALNESS = 3
_PLAIN = r"^\S(?:[^\x00-\x1f\x7f]*\S)?$"

City = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Phrase = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Localness = Annotated[int, Meta(ge=LEAST_LOCAL, le=MOST_LOCAL)]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$")]
"""A BCP 47 tag, e.g. `pt` or `pt-BR`."""

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""


class Pace(StrEnum):
    """How much fits into a day."""

    RELAXED = "relaxed"
    MODERATE = "moderate"
    PACKED = "packed"

    @property
    def activities(self) -> tuple[int, int]:
        """Of a day, the fewest and the most; as the generator is told."""
        return _ACTIVITIES[self]


_ACTIVITIES = {Pace.RELAXED: (3, 4), Pace.MODERATE: (4, 5), Pace.PACKED: (6, 7)}


class Wish(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A trip as it is asked for."""

    city: City
    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]
    interests: Annotated[tuple[Phrase, ...], Meta(max_length=20)] = ()
    budget: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    """Per person, for the whole trip, in `currency`; None: not limited."""
    currency: Currency = "EUR"
    localness: Localness = USUAL_LOCALNESS
    pace: Pace = Pace.MODERATE
    group: Phrase | None = None
    """Who travels, e.g. `a family with two children`."""
    template_prompt: Annotated[str, Meta(max_length=4000)] = ""
    """What else is wanted, in words of a template's or of their own."""
    language: Language = "en"
    """Of what is written for the travellers."""

    @property
    def told(self) -> str:
        """In one line for a reviewer, the fields of a trip first and what people said of it last."""
        low, high = self.pace.activities
        parts = [
            f"{self.city}, {self.days} {'day' if self.days == 1 else 'days'}",
            f"interests: {', '.join(self.interests) or 'a bit of everything'}",
            f"budget per person: {self.money}",
            f"localness {self.localness} of {MOST_LOCAL}",
            f"{self.pace.value} ({low}-{high} activities a day)",
        ]
        if self.group is not None:
            parts.append(f"for {self.group}")
        if self.template_prompt.strip():
            parts.append(f"wishes: {self.template_prompt.strip()}")
        return "; ".join(parts)

    @property
    def money(self) -> str:
        """The budget with its currency, in words where there is none."""
        return "not limited" if self.budget is None else f"{amount(self.budget)} {self.currency}"


def amount(value: float) -> str:
    """A sum of money without its currency, cents only where there are some."""
    return f"{value:.2f}".removesuffix(".00")


def wish_of(given: Raw | bytes) -> Wish:
    """The wish that JSON says.

    Raises:
        Invalid: a field is missing, unknown, or out of its bounds; `param` is its path.
    """
    try:
        return msgspec.json.decode(given, type=Wish)
    except msgspec.DecodeError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Invalid(f"{message}.", param=path.strip("`.") or None) from error
