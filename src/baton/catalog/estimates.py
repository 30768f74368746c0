"""What a prompt would cost before it is sent, by the code that prices it afterwards."""

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.catalog.pricing import Cost, Standing, cost
from baton.core.errors import Invalid
from baton.core.estimate import estimate_tokens
from baton.core.money import usd_text
from baton.core.provider import Service
from baton.core.usage import Usage

_SILENT = frozenset({Service.EMBEDDINGS.value, Service.MODERATIONS.value})
"""Services whose answers have no tokens."""


class OutputLength(StrEnum):
    """How long the answer is assumed to be."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"

    @property
    def tokens(self) -> int:
        """Tokens of such an answer."""
        return _TOKENS[self]


_TOKENS = {OutputLength.SHORT: 200, OutputLength.MEDIUM: 500, OutputLength.LONG: 2000}


class PromptTokens(Struct, frozen=True):
    """How many tokens a model makes of a text."""

    tokens: int
    exact: bool
    """False: a guess, because nobody outside the provider can count them."""


class CountTokens(Protocol):
    """Counts a text as a model would."""

    async def __call__(self, model: Model, text: str, /) -> PromptTokens:
        """The text's tokens."""
        ...


async def roughly(_: Model, text: str) -> PromptTokens:
    """The same count for every model, by the text's length alone."""
    return PromptTokens(estimate_tokens(len(text)), exact=False)


class Estimate(Struct, frozen=True, kw_only=True):
    """What one request would take."""

    model_id: str
    """`provider/name`."""
    prompt: PromptTokens
    output_tokens: int
    cost: Cost
    """Nano-USD; None throughout where the model is unpriced."""

    @property
    def total_tokens(self) -> int:
        """Prompt and answer together."""
        return self.prompt.tokens + self.output_tokens

    @property
    def input_nanos(self) -> int | None:
        """The prompt's cost, nano-USD; None: unpriced."""
        total, output = self.cost.total, self.cost.output
        return None if total is None or output is None else total - output

    @property
    def text(self) -> str:
        """A sentence for a person."""
        about = "" if self.prompt.exact else "about "
        tokens = f"{about}{self.prompt.tokens} tokens in, {self.output_tokens} assumed out"
        total = self.cost.total
        if total is None:
            return f"{self.model_id}: {tokens}; no price is known."
        partly = ", parts of it guessed" if self.cost.standing is Standing.PARTLY else ""
        return f"{self.model_id}: {tokens}; about {usd_text(total)} USD{partly}."


class Estimates:
    """Estimates requests; made with whatever counts tokens."""

    def __init__(self, count: CountTokens) -> None:
        self._count = count

    async def estimate(self, offer: Offer, prompt: str, length: OutputLength) -> Estimate:
        """What a prompt with an answer of that length would take of a model, at the prices in force.

        Raises:
            Invalid: the model is not paid by the tokens of a text.
        """
        output = output_tokens(offer.model, length)
        counted = await self._count(offer.model, prompt)
        usage = Usage(prompt=counted.tokens, completion=output, estimated=True)
        return Estimate(
            model_id=offer.id, prompt=counted, output_tokens=output, cost=cost(usage, offer.prices)
        )


def output_tokens(model: Model, length: OutputLength) -> int:
    """Tokens of an answer of that length, and no more than the model writes; 0 where it answers in no tokens.

    Raises:
        Invalid: it makes something else of a prompt than text.
    """
    if "text" in model.capabilities:
        return min(length.tokens, model.max_output_tokens or length.tokens)
    if model.capabilities & _SILENT:
        return 0
    raise Invalid(
        f"What {model.id} costs cannot be told from a prompt: it makes no text of it.",
        code="no_estimate",
        param="modelId",
    )
