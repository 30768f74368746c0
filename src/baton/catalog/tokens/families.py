"""What a prompt's sizes mean in tokens, by the family of the model: `data/tokens.json`, written by
`python -m tests.contracts.estimates`."""

import re
from functools import lru_cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from baton.catalog.tokens.measure import Chars, Measure
from baton.core.dialect import Dialect


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
    tools: float = 0
    """Once, where there are tools."""
    tools_in_chat: float = 0
    """Once more, where these came in a chat of OpenAI's."""
    tool: float = 0
    call: float = 0
    """For each call of a tool with its result."""
    schema: float = 0
    image: float = 0
    file: float = 0

    def total(self, measure: Measure, said: float, declared: float, dialect: Dialect) -> int:
        """The tokens of a prompt, given its units (or exact tokens); at least one."""
        tokens = (
            self.once
            + self.message * measure.messages
            + self.answer * measure.answers
            + self.said * said
            + self.declared * declared
            + self.tool * measure.tools
            + self.call * measure.calls
            + self.schema * measure.schema
            + self.image * measure.images
            + self.file * measure.files
        )
        if measure.tools:
            tokens += self.tools
            if dialect in (Dialect.OPENAI, Dialect.NATIVE):
                tokens += self.tools_in_chat
        return max(1, round(tokens))


class Calibration(Struct, frozen=True, kw_only=True):
    """All that is known of how models count."""

    units: tuple[float, ...]
    """What a character of each kind is worth, in tokens of the newest public encoding."""
    families: tuple[Family, ...]
    """The last one stands for models that no other matches."""

    def family_of(self, model: str) -> Family:
        """How a model counts."""
        return next((family for family in self.families if _matches(family.models, model)), self.families[-1])

    def units_of(self, chars: Chars) -> float:
        """Characters by kind as units."""
        return sum(worth * count for worth, count in zip(self.units, chars, strict=True))

    def estimate(self, family: Family, measure: Measure, dialect: Dialect) -> int:
        """The tokens of a prompt, without any tokenizer."""
        said, declared = self.units_of(measure.said), self.units_of(measure.declared)
        return family.total(measure, said, declared, dialect)


@lru_cache(maxsize=4096)
def _matches(pattern: str, model: str) -> bool:
    return re.search(pattern, model, re.IGNORECASE) is not None


def packaged_calibration() -> Calibration:
    """The packaged one; reads one file, so call it at start, not in a request."""
    text = files("baton.catalog").joinpath("data/tokens.json").read_bytes()
    return msgspec.json.decode(text, type=Calibration)
