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


class Output(Struct, frozen=True):
    """How long the answer is taken to be."""

    tokens: int
    answers: int = 0
    """Of how many answers to the same user it is the mean; 0: it is assumed."""

    @property
    def source(self) -> str:
        """`history` or `assumed`."""
        return "history" if self.answers else "assumed"


class Figures(Struct, frozen=True, kw_only=True, rename="camel"):
    """An estimate as it is shown; costs in USD, None: unpriced."""

    model_id: str
    estimated_tokens_input: int
    estimated_tokens_output: int
    estimated_tokens_total: int
    input_exact: bool
    output_source: str
    output_answers: int
    cost_input: str | None
    cost_output: str | None
    cost_total: str | None
    pricing: str


class Estimate(Struct, frozen=True, kw_only=True):
    """What one request would take."""

    model_id: str
    """`provider/name`."""
    prompt: TokenCount
    """Its tokens; not exact: nobody outside the provider can count them."""
    output: Output
    cost: Cost
    """Nano-USD; None throughout where the model is unpriced."""

    @property
    def total_tokens(self) -> int:
        """Prompt and answer together."""
        return self.prompt.tokens + self.output.tokens

    @property
    def input_nanos(self) -> int | None:
        """The prompt's cost, nano-USD; None: unpriced."""
        total, output = self.cost.total, self.cost.output
        return None if total is None or output is None else total - output

    @property
    def figures(self) -> Figures:
        """As it is shown."""
        return Figures(
            model_id=self.model_id,
            estimated_tokens_input=self.prompt.tokens,
            estimated_tokens_output=self.output.tokens,
            estimated_tokens_total=self.total_tokens,
            input_exact=self.prompt.exact,
            output_source=self.output.source,
            output_answers=self.output.answers,
            cost_input=_usd(self.input_nanos),
            cost_output=_usd(self.cost.output),
            cost_total=_usd(self.cost.total),
            pricing=self.cost.standing.value,
        )

    @property
    def text(self) -> str:
        """A sentence for a person."""
        about = "" if self.prompt.exact else "about "
        basis = f"out, as in the last {self.output.answers} answers" if self.output.answers else "assumed out"
        tokens = f"{about}{self.prompt.tokens} tokens in, {self.output.tokens} {basis}"
        total = self.cost.total
        if total is None:
            return f"{self.model_id}: {tokens}; no price is known."
        partly = ", parts of it guessed" if self.cost.standing is Standing.PARTLY else ""
        return f"{self.model_id}: {tokens}; about {usd_text(total)} USD{partly}."


class Estimates:
    """Estimates requests that are one message of a user's."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def estimate(self, offer: Offer, prompt: str, output: Output) -> Estimate:
        """What a prompt with an answer of that length would take of a model, at the prices in force.

        Raises:
            Invalid: the model is not paid by the tokens of a text.
        """
        output = writable(offer.model, output)
        counted = await self._counted(offer.model, prompt)
        usage = Usage(prompt=counted.tokens, completion=output.tokens, estimated=True)
        return Estimate(model_id=offer.id, prompt=counted, output=output, cost=cost(usage, offer.prices))

    async def _counted(self, model: Model, prompt: str) -> TokenCount:
        said = Message(role=Role.USER, parts=(Text(text=prompt),))
        request = ChatRequest(model=model.name, messages=(said,), dialect=Dialect.OPENAI)
        counted = await self._tokens.count(model.name, request)
        # What is no chat is not framed as one.
        return counted if "text" in model.capabilities else TokenCount(counted.tokens, exact=False)


def writable(model: Model, output: Output) -> Output:
    """No more of it than the model writes; nothing where it answers in no tokens.

    Raises:
        Invalid: it makes something else of a prompt than text.
    """
    if "text" in model.capabilities:
        return Output(min(output.tokens, model.max_output_tokens or output.tokens), output.answers)
    if model.capabilities & _SILENT:
        return Output(0)
    raise Invalid(
        f"What {model.id} costs cannot be told from a prompt: it makes no text of it.",
        code="no_estimate",
        param="modelId",
    )


def _usd(nanos: int | None) -> str | None:
    return None if nanos is None else usd_text(nanos)
