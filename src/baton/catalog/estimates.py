"""What a prompt would cost before it is sent, by the code that prices it afterwards."""

from enum import StrEnum

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.catalog.pricing import Cost, Standing, cost
from baton.catalog.tokens.tokens import TokenCount, Tokens
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.messages import Message, Role, Text
from baton.core.money import usd_text
from baton.core.provider import Service
from baton.core.request import ChatRequest
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


class Estimate(Struct, frozen=True, kw_only=True):
    """What one request would take."""

    model_id: str
    """`provider/name`."""
    prompt: TokenCount
    """Its tokens; not exact: nobody outside the provider can count them."""
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
    """Estimates requests that are one message of a user's."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def estimate(self, offer: Offer, prompt: str, length: OutputLength) -> Estimate:
        """What a prompt with an answer of that length would take of a model, at the prices in force.

        Raises:
            Invalid: the model is not paid by the tokens of a text.
        """
        output = output_tokens(offer.model, length)
        counted = await self._counted(offer.model, prompt)
        usage = Usage(prompt=counted.tokens, completion=output, estimated=True)
        return Estimate(
            model_id=offer.id, prompt=counted, output_tokens=output, cost=cost(usage, offer.prices)
        )

    async def _counted(self, model: Model, prompt: str) -> TokenCount:
        said = Message(role=Role.USER, parts=(Text(text=prompt),))
        request = ChatRequest(model=model.name, messages=(said,), dialect=Dialect.OPENAI)
        counted = await self._tokens.count(model.name, request)
        # What is no chat is not framed as one.
        return counted if "text" in model.capabilities else TokenCount(counted.tokens, exact=False)


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
