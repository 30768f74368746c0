"""What a call may cost before it is made."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.catalog.prices import LongContext, Prices, Rates, Tariff
from baton.catalog.pricing import cost
from baton.core.dialect import Dialect
from baton.core.request import ChatRequest, Envelope, Options
from baton.core.usage import Charge, Usage
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


FEES = {Charge.REQUEST_LOW: 5 * 10**9, Charge.REQUEST_HIGH: 12 * 10**9, Charge.WEB_SEARCH: 10 * 10**9}


def test_the_fees_of_a_call_are_held() -> None:
    """The dearest of every call, and each search that it may make; what is left pays for the answer."""
    prices = replace(PRICES, fees=FEES)
    plain, searching = an_envelope(max_tokens=20), replace(an_envelope(max_tokens=20), searches=3)
    assert worth(plain, prices).most_nanos == worth(plain).most_nanos + 12_000_000
    assert worth(searching, prices).most_nanos == worth(plain, prices).most_nanos + 30_000_000
    assert worth(plain, prices).least_nanos > 12_000_000
    of = worth(searching, prices)
    assert of.tokens_for(of.most_nanos) == 20
    assert of.tokens_for(42_000_000) == 0


@pytest.mark.parametrize(("wish", "times"), [("", 1), ("priority", 2), ("flex", 1), ("odd", 2)])
def test_processing_is_held_at_its_price(wish: str, times: int) -> None:
    """That of the wish where it is dearer than usual; where it has none, at the dearest that is listed."""
    dear, cheap = (
        Tariff(rates=Rates(input=PRICES.standard.rates.input * 2, output=24 * 10**9)),
        Tariff(rates=Rates(input=1, output=1)),
    )
    prices = replace(PRICES, processing={"priority": dear, "flex": cheap})
    envelope = replace(an_envelope(max_tokens=100), processing=wish)
    assert worth(envelope, prices).most_nanos == times * worth(an_envelope(max_tokens=100)).most_nanos


def test_sound_and_pictures_are_held_at_their_own_rates() -> None:
    """An answer may be of either; a prompt only where it has some, and sound has a token in few bytes."""
    rates = replace(PRICES.standard.rates, audio_in=10 * 10**9, audio_out=40 * 10**9)
    prices = Prices(standard=Tariff(rates=rates))
    text, heard = an_envelope(3000, 10), replace(an_envelope(3000, 10), needs=frozenset({"audio"}))
    assert worth(text, prices).output_price == 40 * 10**9
    assert worth(text, prices).input_price == rates.input
    assert worth(heard, prices).input_price == 10 * 10**9
    assert worth(heard, prices).certain_tokens == 2 * 750 + 1000 + 100


def test_a_model_says_itself_what_is_usual() -> None:
    """Its default holds until a hundred answers were seen."""
    offer = an_offer(max_output_tokens=8000, default_max_tokens=400)
    of = worth_of(an_envelope(), Ask(tier="pro", input_tokens=25), offer, PRICES)
    assert isinstance(of, Worth)
    lengths = Lengths()
    assert of.usual_tokens(lengths) == 400
    for _ in range(OBSERVED):
        lengths.saw(offer.id, None, 2000)
    assert of.usual_tokens(lengths) == 2000
