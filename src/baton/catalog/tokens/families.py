"""What a prompt's sizes mean in tokens, by the family of the model: `data/tokens.json`, written by
`python -m tests.contracts.estimates`."""

import re
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from baton.catalog.tokens.gauge import Gauge
from baton.catalog.tokens.images import USUAL, Vision
from baton.catalog.tokens.measure import Measure
from baton.core.chars import Chars
from baton.core.dialect import Dialect


class Texts(NamedTuple):
    """What the texts of a prompt are worth: in units, or in exact tokens where the encoding is known."""

    said: float
    declared: float
    formed: float


class Family(Struct, frozen=True, kw_only=True):
    """Models that count alike. What is not said costs nothing."""

    name: str
    models: str
    """A regular expression, searched in the model's name without regard to case; the first family counts."""
    source: str
    """Where the numbers come from."""
    encoding: str | None = None
    """The exact tokenizer of its texts; None: nobody outside has it."""
    exact: bool = False
    """Whether a prompt of nothing but text is counted to the token."""
    once: float = 0
    message: float = 0
    answer: float = 0
    """For each message of the assistant's."""
    said: float = 1
    """For each of the units that the text makes, or for each exact token."""
    declared: float = 1
    """As much for the tools."""
    formed: float = 1
    """As much for the answer's schema."""
    tools: float = 0
    """Once, where there are tools."""
    tools_in_chat: float = 0
    """Once more, where these came in a chat of OpenAI's."""
    tool: float = 0
    call: float = 0
    """For each call of a tool with its result."""
    schema: float = 0
    image: float = 0
    """Where no rule for images is published."""
    gauge: Gauge = Gauge()
    """The same in outline; its units are the calibration's."""

    def total(self, measure: Measure, texts: Texts, images: float, dialect: Dialect) -> int:
        """The tokens of a prompt, given those of its images; at least one."""
        tokens = (
            self.once
            + self.message * measure.messages
            + self.answer * measure.answers
            + self.said * texts.said
            + self.declared * texts.declared
            + self.formed * texts.formed
            + self.tool * measure.tools
            + self.call * measure.calls
            + self.schema * measure.schema
            + images
        )
        if measure.tools:
            tokens += self.tools
            if dialect in (Dialect.OPENAI, Dialect.NATIVE):
                tokens += self.tools_in_chat
        return max(1, round(tokens))


class Calibration(Struct, frozen=True, kw_only=True):
    """All that is known of how models count."""

    units: tuple[float, ...]
    """What `Chars` of each kind are worth, in tokens of the newest public encoding."""
    families: tuple[Family, ...]
    """The last one stands for models that no other matches."""
    visions: tuple[Vision, ...] = ()
    """Rules for images; models that none matches have what was fitted."""

    def family_of(self, model: str) -> Family:
        """How a model counts."""
        return next((family for family in self.families if _matches(family.models, model)), self.families[-1])

    def gauge_of(self, model: str) -> Gauge:
        """How a model counts what is seen from outside."""
        return replace(self.family_of(model).gauge, units=self.units)

    def units_of(self, chars: Chars) -> float:
        """Characters by kind as units."""
        return sum(worth * count for worth, count in zip(self.units, chars, strict=True))

    def texts_of(self, measure: Measure) -> Texts:
        """The texts of a prompt in units."""
        return Texts(*map(self.units_of, (measure.said, measure.declared, measure.formed)))

    def images_of(self, model: str, measure: Measure) -> float:
        """The tokens of a prompt's images."""
        if not measure.images:
            return 0
        vision = next((vision for vision in self.visions if _matches(vision.models, model)), None)
        if vision is None:
            return self.family_of(model).image * len(measure.images)
        return sum(vision.tokens_of(size or USUAL) for size in measure.images)

    def total(self, model: str, measure: Measure, texts: Texts, dialect: Dialect) -> int:
        """The tokens of a prompt whose texts are counted already."""
        return self.family_of(model).total(measure, texts, self.images_of(model, measure), dialect)


@lru_cache(maxsize=4096)
def _matches(pattern: str, model: str) -> bool:
    return re.search(pattern, model, re.IGNORECASE) is not None


@lru_cache(maxsize=1)
def packaged_calibration() -> Calibration:
    """The packaged one; reads one file the first time, so call it at start, not in a request."""
    text = files("baton.catalog").joinpath("data/tokens.json").read_bytes()
    return msgspec.json.decode(text, type=Calibration)
