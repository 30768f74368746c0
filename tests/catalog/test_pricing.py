"""Money adds up, to the nano-dollar."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.structs import replace

from baton.catalog.prices import FREE, LongContext, Prices, Rates, Tariff
from baton.catalog.pricing import Standing, cost
from baton.core.usage import Charge, Charged, Usage

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
        image_in=draw(maybe),
        image_out=draw(maybe),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A usage whose parts lie inside their wholes."""
    text, cached, written, audio, seen = (draw(TOKENS) for _ in range(5))
    plain, thought, spoken, drawn = (draw(TOKENS) for _ in range(4))
    return Usage(
        prompt=text + cached + written + audio + seen,
        cached=cached,
        cache_write=written,
        audio_in=audio,
        image_in=seen,
        completion=plain + thought + spoken + drawn,
        reasoning=thought,
        audio_out=spoken,
        image_out=drawn,
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
    text = usage.prompt - usage.cached - usage.cache_write - usage.audio_in - usage.image_in
    plain = usage.completion - usage.reasoning - usage.audio_out - usage.image_out
    assert made.input == usd(
        (text, r.input),
        (usage.audio_in, r.input if r.audio_in is None else r.audio_in),
        (usage.image_in, r.input if r.image_in is None else r.image_in),
    )
    assert made.cached == usd((usage.cached, r.input if r.cached is None else r.cached))
    assert made.cache_write == usd((usage.cache_write, r.input if r.cache_write is None else r.cache_write))
    assert made.output == usd(
        (plain, r.output),
        (usage.reasoning, r.output if r.reasoning is None else r.reasoning),
        (usage.audio_out, r.output if r.audio_out is None else r.audio_out),
        (usage.image_out, r.output if r.image_out is None else r.image_out),
    )
    parts = [known(part) for part in (made.input, made.cached, made.cache_write, made.output)]
    assert made.total == sum(parts)


@given(usages(), rates(), st.integers(0, 10_000))
def test_more_tokens_never_cost_less(usage: Usage, r: Rates, more: int) -> None:
    """Cost grows with the prompt and with the completion."""
    before = known(cost(usage, flat(r)).total)
    longer = replace(usage, prompt=usage.prompt + more, completion=usage.completion + more)
    after = known(cost(longer, flat(r)).total)
    assert after >= before


COUNTS = ("prompt", "completion", "cached", "cache_write", "reasoning", "audio_in", "audio_out", "image_in")


@given(st.fixed_dictionaries(dict.fromkeys((*COUNTS, "image_out"), TOKENS)), rates())
def test_contradicting_counts_never_make_a_negative_cost(counts: dict[str, int], r: Rates) -> None:
    """Providers miscount; a component is never below nothing."""
    usage = convert(counts, Usage)
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
    """Half price for batches; without a batch price they pay the standard one, and that is said."""
    full, half = Rates(input=2_000, output=4_000), Rates(input=1_000, output=2_000)
    usage = Usage(prompt=1_000_000, completion=1_000_000)
    both = Prices(standard=Tariff(rates=full), batch=Tariff(rates=half))
    assert cost(usage, both, batch=True).total == 3_000
    assert cost(usage, both).total == 6_000
    without = cost(usage, flat(full), batch=True)
    assert (without.total, without.standing) == (6_000, Standing.PARTLY)


@pytest.mark.parametrize(
    ("usage", "standing"),
    [
        (Usage(prompt=10, audio_in=4), Standing.PARTLY),
        (Usage(completion=10, audio_out=4), Standing.PARTLY),
        (Usage(completion=10, image_out=4), Standing.PARTLY),
        (Usage(prompt=10, image_in=4), Standing.PRICED),
        (Usage(prompt=10, completion=10, cached=3, reasoning=2), Standing.PRICED),
    ],
)
def test_what_is_no_text_and_has_no_price_of_its_own_says_so(usage: Usage, standing: Standing) -> None:
    """Sound and made pictures at the price of text are only partly priced; seen ones cost as text does."""
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


@pytest.mark.parametrize("word", ["flex", "priority", "batch"])
def test_processing_with_a_price_of_its_own_pays_it(word: str) -> None:
    """A listed tier is priced whole, its long prompts too; one that is not pays as usual, and says so."""
    usual, other = Rates(input=2_000_000, output=4_000_000), Rates(input=1_000_000, output=3_000_000)
    long = LongContext(above=100, rates=Rates(input=9_000_000, output=9_000_000))
    tariff = Tariff(rates=other, long_context=(long,))
    named = {"batch": tariff} if word == "batch" else {"processing": {word: tariff}}
    listed = convert({"standard": Tariff(rates=usual), **named}, Prices)
    usage = Usage(prompt=10, completion=10, processing=word)
    assert (cost(usage, listed).total, cost(usage, listed).standing) == (40, Standing.PRICED)
    assert cost(replace(usage, prompt=101), listed).total == 111 * 9
    odd = cost(replace(usage, processing="scale"), listed)
    assert (odd.total, odd.standing) == (60, Standing.PARTLY)


def per_piece(**fees: int) -> Prices:
    rates = Rates(input=1_000_000, output=1_000_000)
    return Prices(standard=Tariff(rates=rates), fees={Charge(name): fee for name, fee in fees.items()})


HEARD = Prices(standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.SOUND: 360_000_000})


@given(st.lists(st.tuples(st.sampled_from(Charge), st.integers(1, 10**7)), unique_by=lambda each: each[0]))
def test_each_fee_is_exact_and_part_of_the_total(charges: list[Charged]) -> None:
    """So much for a thousand, for a picture, for an hour: each rounded by itself, all added to the tokens."""
    units = {Charge.PICTURE: 1, Charge.SOUND: 3_600_000}
    prices = Prices(
        standard=Tariff(rates=Rates(input=1_000_000, output=1_000_000)),
        fees={charge: 7_777_777 + n for n, charge in enumerate(Charge)},
    )
    made = cost(Usage(prompt=5, completion=3, charges=tuple(charges)), prices)
    fees = sum(
        int(
            (Decimal(count) * prices.fees[charge] / units.get(charge, 1000)).quantize(
                Decimal(1), rounding=ROUND_HALF_EVEN
            )
        )
        for charge, count in charges
    )
    assert (made.fees, made.total) == (fees, 8 + fees)


def test_a_search_without_a_price_says_so() -> None:
    """Two searches at ten dollars a thousand; where nobody lists them, the tokens alone are counted."""
    usage = Usage(prompt=10, completion=10, charges=((Charge.WEB_SEARCH, 2),))
    priced = cost(usage, per_piece(web_search=10 * 10**9))
    assert (priced.total, priced.input_fees, priced.standing) == (20 + 2 * 10**7, 2 * 10**7, Standing.PRICED)
    unlisted = cost(usage, flat(Rates(input=1_000_000, output=1_000_000)))
    assert (unlisted.total, unlisted.standing) == (20, Standing.PARTLY)
    unused = cost(Usage(prompt=10, completion=10), per_piece(web_search=10 * 10**9))
    assert (unused.total, unused.standing) == (20, Standing.PRICED)


def test_what_every_call_is_charged_for_is_missed_where_it_is_not_told() -> None:
    """A request whose fee goes by a size that it does not name is priced in part; one that names it, whole;
    one that was never served owes nothing."""
    prices = per_piece(request_low=5 * 10**9, request_high=12 * 10**9)
    small = cost(Usage(prompt=10, charges=((Charge.REQUEST_LOW, 1),)), prices)
    assert (small.total, small.standing) == (10 + 5 * 10**6, Standing.PRICED)
    untold = cost(Usage(prompt=10), prices)
    assert (untold.total, untold.standing) == (10, Standing.PARTLY)
    assert (cost(Usage(), prices).total, cost(Usage(), prices).standing) == (0, Standing.PRICED)


def test_sound_by_the_hour_is_paid_by_its_length_or_not_known() -> None:
    """Ten seconds of an hour at 0.36 USD; a guess at tokens is no ground for a cost of nothing."""
    heard = cost(Usage(prompt=30, completion=9, estimated=True, charges=((Charge.SOUND, 10_000),)), HEARD)
    assert (heard.total, heard.standing) == (1_000_000, Standing.PRICED)
    assert cost(Usage(prompt=30, completion=9, estimated=True), HEARD).total is None
    assert cost(Usage(), HEARD).total == 0


def test_what_of_the_sound_was_cached_nobody_says() -> None:
    """Sound and text cost differently, fresh and cached: which of them the cache held is a guess."""
    listed = flat(Rates(input=1, output=1, cached=1, audio_in=5))
    assert cost(Usage(prompt=10, audio_in=4), listed).standing is Standing.PRICED
    assert cost(Usage(prompt=10, audio_in=4, cached=3), listed).standing is Standing.PARTLY
