"""The gain of asking the strong model, for prompts that are like recorded ones, and for no other."""

from importlib.resources import files

import msgspec

from baton.gateway.routing.gain.family import Family, FamilySheet, Found, Gain
from baton.gateway.routing.gain.reading import read

LEAST_LIKENESS = 0.05
"""Below it there is no estimate: one in twenty of the recorded prompts is refused for it."""

LONGEST = 6000
"""Characters; longer than any recorded prompt, so that no prompt can take long."""


class GainModel:
    """All families; a prompt is asked of the one that it is most like."""

    __slots__ = ("_families",)

    def __init__(self, families: tuple[Family, ...]) -> None:
        self._families = families

    def estimate(self, prompt: str) -> Gain | None:
        """What the strong model is likely to gain; None where nothing like the prompt was recorded."""
        if len(prompt) > LONGEST:
            return None
        reading = read(prompt)
        most = LEAST_LIKENESS
        nearest: tuple[Family, Found] | None = None
        for family in self._families:
            spread = family.spread
            outlier = spread.by_shape(reading.shape)
            if spread.share(outlier.squared) < most:
                continue
            found = family.find(reading)
            likeness = spread.with_words(outlier, found.shares(reading))
            if likeness >= most:
                most, nearest = likeness, (family, found)
        if nearest is None:
            return None
        family, found = nearest
        return family.estimate(reading, found, most)


def load_gain_model() -> GainModel:
    """The packaged model; reads one file and takes tens of milliseconds, so call it once, when first
    needed."""
    text = files("baton.gateway.routing.gain").joinpath("data/gain.json").read_bytes()
    sheets = msgspec.json.decode(text, type=tuple[FamilySheet, ...])
    return GainModel(tuple(map(Family.of, sheets)))
