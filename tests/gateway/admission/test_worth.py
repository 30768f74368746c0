"""What a call may cost before it is made."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.catalog.prices import LongContext, Prices, Rates, Tariff
from baton.catalog.pricing import cost
from baton.core.dialect import Dialect
from baton.core.request import ChatRequest, Envelope, Options
from baton.core.usage import Usage
from baton.gateway.admission.worth import LEAST_USUAL, OBSERVED, Lengths, Worth, worth_of
from baton.gateway.routing.decision import Ask
from baton.upstream.dialects.openai.codec import CODEC
from tests.gateway.admission.accounts_ground import PRICES, an_offer

PRICE = st.integers(0, 200_000_000_000)
RATES = st.builds(
    Rates,
    input=PRICE,
    output=PRICE,
    cached=st.just(0),
    cache_write=st.none() | PRICE,
    reasoning=st.none() | PRICE,
)


def never_read(body: bytes) -> ChatRequest:
    raise AssertionError(body)


def an_envelope(size: int = 100, max_tokens: int | None = None, answers: int = 1) -> Envelope:
    """A chat with a body of so many bytes."""
    return Envelope(
        dialect=Dialect.OPENAI,
        model="acme/large-1",
        body=b"x" * size,
        stream=False,
        include_usage=False,
        max_tokens=max_tokens,
        needs=frozenset(),
        input_chars=size,
        options=Options(),
        answers=answers,
        headers={},
        read=never_read,
        write=None,
        writer=CODEC.writer,
    )


def worth(envelope: Envelope, prices: Prices = PRICES, most: int | None = None, *words: str) -> Worth:
    offer = an_offer(prices, max_output_tokens=most, capabilities=frozenset({"text", *words}))
    found = worth_of(envelope, Ask(tier="pro", input_tokens=envelope.input_chars // 4), offer, prices)
    assert isinstance(found, Worth)
    return found


@given(
    rates=RATES,
    long=st.none() | st.integers(1, 4000),
    size=st.integers(0, 8000),
    limit=st.integers(1, 4000),
    answers=st.integers(1, 4),
    shares=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_no_bill_within_the_bounds_is_above_the_hold(
    rates: Rates, long: int | None, size: int, limit: int, answers: int, shares: tuple[float, ...]
) -> None:
    """However a call of so many bytes splits what it used: fresh, read from a cache, written to it, thought
    and said, with long prompts dearer, it costs at most what is held, but for the rounding of its parts."""
    dearer = Rates(input=rates.input * 2, output=rates.output * 2, cached=0, cache_write=rates.cache_write)
    steps = () if long is None else (LongContext(above=long, rates=dearer),)
    prices = Prices(standard=Tariff(rates=rates, long_context=steps))
    assume(long is None or not (rates.reasoning or rates.cache_write))  # a step is never the cheaper one
    prompt, said = int(size * shares[0]), int(limit * answers * shares[1])
    cached = int(prompt * shares[2])
    usage = Usage(
        prompt=prompt,
        completion=said,
        cached=cached,
        cache_write=int((prompt - cached) * shares[3]),
        reasoning=int(said * shares[3]),
    )
    held = worth(an_envelope(size, limit, answers), prices).nanos(limit)
    total = cost(usage, prices).total
    assert total is not None
    assert total <= held + 2


@given(
    size=st.integers(0, 3000),
    nanos=st.integers(0, 10_000_000_000),
    answers=st.integers(1, 4),
    limit=st.integers(1, 100_000),
)
def test_a_bounded_answer_costs_no_more_than_its_money(
    size: int, nanos: int, answers: int, limit: int
) -> None:
    """What so much money pays for costs so much at most; nothing where it does not pay for the prompt."""
    of = worth(an_envelope(size, limit, answers))
    tokens = of.tokens_for(nanos)
    assert 0 <= tokens <= limit
    assert tokens == 0 or of.nanos(tokens) <= nanos + 1


@pytest.mark.parametrize(
    ("asked", "models", "most"),
    [(None, 500, 500), (90, 500, 90), (900, 500, 500), (900, None, 900), (0, 9, 1)],
)
def test_an_answer_is_as_long_as_it_may_be(asked: int | None, models: int | None, most: int) -> None:
    """The caller's word or the model's, whichever is less."""
    of = worth(an_envelope(max_tokens=asked), PRICES, models)
    assert (of.most_tokens, of.said) == (most, asked is not None)


def test_an_usual_answer_is_what_99_of_100_stay_below() -> None:
    """Before a hundred were seen a thousand tokens, of a model that thinks its limit; never less than a
    thousand, never more than its limit, each use case for itself."""
    lengths, of = Lengths(), worth(an_envelope(), PRICES, 8000)
    assert of.usual_tokens(lengths) == LEAST_USUAL
    assert worth(an_envelope(), PRICES, 8000, "reasoning").usual_tokens(lengths) == 8000
    for tokens in range(OBSERVED):
        lengths.saw("acme/large-1", None, 2000 + tokens)
    assert of.usual_tokens(lengths) == 2098
    assert worth(an_envelope(), PRICES, 1500).usual_tokens(lengths) == 1500
    other = replace(of, request=replace(an_envelope(), options=Options(use_case="poem")))
    assert other.usual_tokens(lengths) == LEAST_USUAL
    for _ in range(1000):
        lengths.saw("acme/large-1", None, 3)
    assert of.usual_tokens(lengths) == LEAST_USUAL
