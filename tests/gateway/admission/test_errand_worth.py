"""What an errand may cost before it is run: what no token tells is held for as well."""

import pytest

from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.money import NANOS_PER_USD
from baton.core.provider import Service
from baton.core.request import Outline
from baton.core.usage import Charge, Usage
from baton.gateway.admission.worth import ErrandWorth, worth_of
from baton.gateway.routing.decision import ask_of
from tests.gateway.admission.accounts_ground import an_offer
from tests.gateway.admission.errands_ground import a_recording, an_errand

CALLER = Caller(user_id="u", key_id="k", tier="master", roles=frozenset({"user"}))
BY_THE_HOUR = Prices(standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.SOUND: 360_000_000})
BY_TOKENS = Prices(
    standard=Tariff(
        rates=Rates(input=5 * NANOS_PER_USD, output=30 * NANOS_PER_USD, image_in=8 * NANOS_PER_USD)
    )
)
BY_THE_PIECE = Prices(standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.PICTURE: 70_000_000})


def worth(request: Outline, prices: Prices) -> ErrandWorth:
    found = worth_of(request, ask_of(CALLER, request), an_offer(prices), prices)
    assert isinstance(found, ErrandWorth)
    return found


def bill(usage: Usage, prices: Prices) -> int:
    total = cost(usage, prices).total
    assert total is not None
    return total


def test_sound_is_held_for_by_the_bytes_of_its_recording() -> None:
    """An hour at 6 kbit/s is held as an hour; all of it must be there, for nothing of it can be lowered."""
    of = worth(a_recording(bytes(750 * 3600)), BY_THE_HOUR)
    assert of.most_nanos == of.least_nanos == 360_000_000
    assert worth(a_recording(b"abc"), BY_THE_HOUR).most_nanos == 1_000_000, "ten seconds at least"


@pytest.mark.parametrize(("kind", "seconds"), [(1, 100), (3, 100), (2, 4267)])
def test_samples_that_are_not_packed_say_how_long_they_last(kind: int, seconds: int) -> None:
    """16 kHz, 16 bits: 32 000 bytes a second; what is packed may last as long as anything."""
    head = b"RIFF\0\0\0\0WAVE" + b"LIST\x03\0\0\0abc\0"
    head += b"fmt \x10\0\0\0" + kind.to_bytes(2, "little") + b"\x01\0" + (16_000).to_bytes(4, "little")
    head += bytes(4) + b"\x02\0\x10\0"
    errand = a_recording(head + bytes(3_200_000 - len(head)))
    assert errand.most.charges == ((Charge.SOUND, seconds * 1000),)


def test_a_header_that_says_nothing_is_none() -> None:
    """Cut, without a format, with no samples at all: then bytes alone tell."""
    for head in (b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + b"\x01" + bytes(15)):
        assert a_recording(head + bytes(750 * 60)).most.charges[0][1] >= 60_000


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({}, 6240),
        ({"n": 10, "quality": "high"}, 62_400),
        ({"n": 4, "quality": "low", "size": "1024x1536"}, 4 * 408),
        ({"quality": "medium", "size": "1536x1024"}, 1584),
        ({"quality": "hd", "size": "3072x2048"}, 4 * 6240),
    ],
)
def test_pictures_are_held_for_by_how_many_and_how_good_they_are(
    fields: dict[str, int | str], tokens: int
) -> None:
    """In the tokens that are published for their size and quality, each of them."""
    of = worth(an_errand(Service.IMAGES, prompt="a cat", **fields), BY_TOKENS)
    billed = bill(Usage(prompt=4, completion=tokens, image_out=tokens), BY_TOKENS)
    assert billed <= of.least_nanos <= of.most_nanos <= 2 * billed


def test_pictures_are_held_for_by_the_piece() -> None:
    """Ten at seven cents are seventy."""
    assert worth(an_errand(Service.IMAGES, prompt="a cat", n=10), BY_THE_PIECE).least_nanos == 700_000_000


def test_texts_are_held_for_by_their_bytes() -> None:
    """A token has one at least; of a long text less has to be there, as is likely."""
    prices = Prices(standard=Tariff(rates=Rates(input=NANOS_PER_USD, output=0)))
    short = worth(an_errand(Service.EMBEDDINGS, input="ab" * 100), prices)
    assert short.least_nanos == short.most_nanos >= bill(Usage(prompt=200), prices)
    long = worth(an_errand(Service.EMBEDDINGS, input="ab" * 20_000), prices)
    assert long.most_nanos >= bill(Usage(prompt=40_000), prices)
    assert bill(Usage(prompt=10_000), prices) <= long.least_nanos < long.most_nanos


def test_only_what_is_free_costs_nothing() -> None:
    """What is paid by what nobody can foresee takes money to be there; free moderation takes none."""
    errand = an_errand(Service.MODERATIONS, input="x")
    free = Prices(standard=Tariff(rates=Rates(input=0, output=0)))
    assert worth(errand, free).most_nanos == 0
    assert worth(errand, BY_THE_HOUR).least_nanos > 0
