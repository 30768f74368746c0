"""A stretch of a day, as plans write it: `09:00-10:30`."""

import re
from typing import Self

from msgspec import Struct

_HOUR = r"(\d{1,2})(?:\s*[:.hH時시]\s*(\d{2})?)?\s*([AaPp])?(?:\.?[Mm]\.?)?"
_SLOT = re.compile(
    rf"\s*{_HOUR}\s*(?:uhr|h)?\s*(?:-|–|—|~|to|bis|à|a)\s*{_HOUR}\s*(?:uhr|h)?\s*", re.IGNORECASE
)

DAY = 24 * 60
_LATE = 17 * 60
_DAWN = 6 * 60
_LONGEST = 12 * 60
"""Minutes. What begins late may end before dawn; nothing of a trip takes longer than half a day."""


class Slot(Struct, frozen=True):
    """Minutes since midnight; what ends after midnight ends above `DAY`."""

    begins: int
    ends: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a text says; None: no stretch of a day that there could be."""
        found = _SLOT.fullmatch(text)
        if found is None:
            return None
        begins = _minutes(found[1], found[2], found[3] or found[6])
        ends = _minutes(found[4], found[5], found[6])
        if begins is not None and ends is not None and found[3] is None and begins > ends:
            begins = _minutes(found[1], found[2], None)  # 11-1 PM: from before noon
        if begins is None or ends is None or begins >= DAY:
            return None
        if ends < begins and begins >= _LATE and ends <= _DAWN:
            ends += DAY
        return cls(begins, ends) if begins < ends <= begins + _LONGEST else None

    def overlaps(self, other: "Slot") -> bool:
        """Whether both cannot be kept."""
        return self.begins < other.ends and other.begins < self.ends


def _minutes(hours: str, minutes: str | None, half: str | None) -> int | None:
    """Since midnight; None: no time of day. `half`: the letter of a. m. or p. m."""
    hour, minute = int(hours), int(minutes or 0)
    if minute >= 60 or hour > 24 or (hour == 24 and minute):
        return None
    if half is None:
        return hour * 60 + minute
    if not 1 <= hour <= 12:
        return None
    return (hour % 12 + (12 if half in "pP" else 0)) * 60 + minute
