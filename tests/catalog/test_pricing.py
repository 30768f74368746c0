"""Money adds up, to the nano-dollar."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.catalog.prices import FREE, LongContext, Prices, Rates, Tariff
from baton.catalog.pricing import Standing, cost
from baton.core.usage import Usage

PRICES = st.integers(0, 200_000_000_000)
TOKENS = st.integers(0, 3_000_000)


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    maybe = st.none() | PRICES
    return Rates(
        input=draw(PRICES),
        output=draw(PRICES),
        cached=draw(maybe),
        cache_write=draw(maybe),
        reasoning=draw(maybe),
        audio_in=draw(maybe),
        audio_out=draw(maybe),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A usage whose parts lie inside their wholes."""
    text, cached, written, audio = draw(TOKENS), draw(TOKENS), draw(TOKENS), draw(TOKENS)
    plain, thought, spoken = draw(TOKENS), draw(TOKENS), draw(TOKENS)
    return Usage(
        prompt=text + cached + written + audio,
        cached=cached,
        cache_write=written,
        audio_in=audio,
        completion=plain + thought + spoken,
        reasoning=thought,
        audio_out=spoken,
    )


def usd(*parts: tuple[int, int]) -> int:
    """The cost of a component in nano-USD, worked out another way: decimals, in dollars."""
    dollars = sum(
        (Decimal(tokens) * Decimal(price) / Decimal(10**9) / Decimal(10**6) for tokens, price in parts),
        Decimal(0),
    )
    return int(dollars.quantize(Decimal("1e-9"), rounding=ROUND_HALF_EVEN).scaleb(9))


def known(amount: int | None) -> int:
    assert amount is not None
    return amount


def flat(rates: Rates) -> Prices:
    return Prices(standard=Tariff(rates=rates))


@given(usages(), rates())
def test_each_component_is_exact_and_the_total_is_their_sum(usage: Usage, r: Rates) -> None:
    """Every component equals the one that decimal arithmetic gives; nothing is counted twice or lost."""
    made = cost(usage, flat(r))
    text = usage.prompt - usage.cached - usage.cache_write - usage.audio_in
    plain = usage.completion - usage.reasoning - usage.audio_out
    assert made.input == usd((text, r.input), (usage.audio_in, r.input if r.audio_in is None else r.audio_in))
    assert made.cached == usd((usage.cached, r.input if r.cached is None else r.cached))
    assert made.cache_write == usd((usage.cache_write, r.input if r.cache_write is None else r.cache_write))
    assert made.output == usd(
        (plain, r.output),
        (usage.reasoning, r.output if r.reasoning is None else r.reasoning),
        (usage.audio_out, r.output if r.audio_out is None else r.audio_out),
    )
    parts = [known(part) for part in (made.input, made.cached, made.cache_write, made.output)]
    assert made.total == sum(parts)


@given(usages(), rates(), st.integers(0, 10_000))
def test_more_tokens_never_cost_less(usage: Usage, r: Rates, more: int) -> None:
    """Cost grows with the prompt and with the completion."""
    before = known(cost(usage, flat(r)).total)
    longer = Usage(
        prompt=usage.prompt + more,
        cached=usage.cached,
        cache_write=usage.cache_write,
        audio_in=usage.audio_in,
        completion=usage.completion + more,
        reasoning=usage.reasoning,
        audio_out=usage.audio_out,
    )
    after = known(cost(longer, flat(r)).total)
    assert after >= before


@given(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, TOKENS, rates())
def test_contradicting_counts_never_make_a_negative_cost(
    prompt: int, completion: int, cached: int, write: int, thought: int, heard: int, said: int, r: Rates
) -> None:
    """Providers miscount; a component is never below nothing."""
    usage = Usage(
        prompt=prompt,
        completion=completion,
        cached=cached,
        cache_write=write,
        reasoning=thought,
        audio_in=heard,
        audio_out=said,
    )
    made = cost(usage, flat(r))
    assert min(known(part) for part in (made.input, made.cached, made.cache_write, made.output)) >= 0


def test_unpriced_is_not_free() -> None:
    """Without a price the total is unknown; with prices of zero it is nothing."""
    usage = Usage(prompt=1000, completion=1000)
    assert cost(usage, None).total is None
    assert cost(usage, None).standing is Standing.UNPRICED
    assert cost(usage, FREE).total == 0
    assert cost(usage, FREE).standing is Standing.PRICED


def test_half_a_nano_dollar_goes_to_the_even_one() -> None:
    """Rounding is half even, in each component."""
    half = flat(Rates(input=500_000, output=1_500_000))
    made = cost(Usage(prompt=1, completion=1), half)
    assert (made.input, made.output, made.total) == (0, 2, 2)


def test_a_prompt_above_the_step_pays_the_step_for_every_token() -> None:
    """The long-context price holds for the whole request, from the first token above the threshold."""
    dear = Rates(input=4_000_000_000, output=18_000_000_000)
    prices = Prices(
        standard=Tariff(
            rates=Rates(input=2_000_000_000, output=12_000_000_000),
            long_context=(LongContext(above=200_000, rates=dear),),
        )
    )
    assert cost(Usage(prompt=200_000, completion=1000), prices).total == 412_000_000
    assert cost(Usage(prompt=200_001, completion=1000), prices).total == 800_004_000 + 18_000_000


def test_a_batch_pays_the_batch_price_where_there_is_one() -> None:
    """Half price for batches; without a batch price they pay the standard one."""
    full, half = Rates(input=2_000, output=4_000), Rates(input=1_000, output=2_000)
    usage = Usage(prompt=1_000_000, completion=1_000_000)
    both = Prices(standard=Tariff(rates=full), batch=Tariff(rates=half))
    assert cost(usage, both, batch=True).total == 3_000
    assert cost(usage, both).total == 6_000
    assert cost(usage, flat(full), batch=True).total == 6_000


@pytest.mark.parametrize(
    ("usage", "standing"),
    [
        (Usage(prompt=10, audio_in=4), Standing.PARTLY),
        (Usage(completion=10, audio_out=4), Standing.PARTLY),
        (Usage(prompt=10, completion=10, cached=3, reasoning=2), Standing.PRICED),
    ],
)
def test_audio_without_a_price_of_its_own_says_so(usage: Usage, standing: Standing) -> None:
    """Sound counted at the price of text is only partly priced."""
    assert cost(usage, flat(Rates(input=10, output=10))).standing is standing


def test_what_is_kept_longer_in_the_cache_has_its_own_price() -> None:
    """Of what was written, each lifetime is paid by itself; without a price for it the row says so."""
    usage = Usage(prompt=100, cache_write=100, cache_write_long=40)
    rates = Rates(input=1_000_000, output=1, cache_write=2_000_000, cache_write_long=4_000_000)
    priced = cost(usage, flat(rates))
    assert (priced.cache_write, priced.standing) == (60 * 2 + 40 * 4, Standing.PRICED)
    unlisted = cost(usage, flat(Rates(input=1_000_000, output=1, cache_write=2_000_000)))
    assert (unlisted.cache_write, unlisted.standing) == (200, Standing.PARTLY)


@pytest.mark.parametrize("usage", [Usage(prompt=10, beside=True), Usage(prompt=10, processing="priority")])
def test_what_tokens_do_not_pay_for_is_never_silently_priced(usage: Usage) -> None:
    """Its tokens are counted, and the cost is said not to be all; where all is free it is."""
    priced = cost(usage, flat(Rates(input=1_000_000, output=1)))
    assert (priced.input, priced.standing) == (10, Standing.PARTLY)
    assert cost(usage, FREE).standing is Standing.PRICED
