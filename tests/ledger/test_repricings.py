"""Second figures beside the recorded ones."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from baton.core.usage import Charge, Usage
from baton.ledger import repricings
from baton.ledger.interactions import Interactions
from baton.ledger.repricings import Priced, Repriced, Repricings, Span, Spent, Which
from baton.ledger.rows import Cost, Interaction
from baton.ledger.store import Store
from baton.records.audit.entry import Actor, AuditFilter
from baton.records.audit.trail import Trail
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_attempt, an_opened
from tests.records.audit.keeping import KEYS, SCRIBE

ADA = Actor(id="ada", source="192.0.2.1")
EVER = Span(since_ms=0, until_ms=2**47)


def id_at(at_ms: int, n: int = 0) -> str:
    digits = f"{at_ms:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{n:012x}"


def double(spent: Spent) -> Priced:
    """Two nano-USD a token of the prompt, one more from the 5000th millisecond on; mystery has no price."""
    if spent.model == "mystery":
        return Priced(cost=None, version="")
    late = spent.at_ms >= 5000
    price = 3 if late else 2
    cost = Cost(input_nanos=price * spent.usage.prompt, output_nanos=1)
    return Priced(cost=cost, version="r2@late" if late else "r2@initial")


async def nothing_to_flush() -> bool:
    return True


async def priced(found: Repricings, span: Span = EVER, now_ms: int = 9000) -> list[Repriced]:
    return [each async for batch in found.batches(span, now_ms) for each in batch]


def interactions() -> Iterable[Interaction]:
    """One priced, one unpriced, one partly, one free of any attempt; a second apart."""
    usage = Usage(prompt=100, completion=10)
    whole = an_attempt(usage=usage, cost=Cost(input_nanos=150, output_nanos=1))
    unknown = an_attempt(usage=usage, cost=None)
    mystery = an_attempt(usage=usage, cost=None, model="mystery")
    for n, attempts in enumerate([(whole,), (unknown,), (whole, mystery), ()], 1):
        id = id_at(n * 2000)
        yield Interaction(an_opened(id), a_settled(id, attempts=attempts))


@pytest.fixture
async def recorded(database: Database) -> Repricings:
    """A ledger with four interactions."""
    await Store(database).add(list(interactions()))
    return Repricings(database, double, SCRIBE)


async def test_every_interaction_is_priced_at_its_own_time(recorded: Repricings) -> None:
    """Both figures, in order; what is still unpriced says so; nothing is stored by looking."""
    found = await priced(recorded)
    assert [each.recorded_nanos for each in found] == [151, 0, 151, 0]
    assert [each.recorded_pricing for each in found] == ["priced", "unpriced", "unpriced", "priced"]
    assert [each.found.cost_nanos for each in found] == [201, 201, 301, 0]
    assert [each.found.unpriced for each in found] == [False, False, True, False]
    assert [each.found.pricing for each in found] == ["priced", "priced", "unpriced", "priced"]
    assert [each.found.price_revision for each in found] == ["r2@initial", "r2@initial", "r2@late", ""]
    assert [each.differs for each in found] == [True, True, True, False]
    assert [each.stored for each in await priced(recorded)] == [None] * 4


async def test_both_figures_are_kept(recorded: Repricings, database: Database) -> None:
    """What was recorded stays; the second figure stands beside it; the audit has the sums."""
    assert await recorded.store(await priced(recorded), ADA) == 3
    shown = Interactions(database, nothing_to_flush)
    found = await shown.one(id_at(4000))
    again = found.repriced
    assert (found.interaction.cost_nanos, found.interaction.unpriced) == (0, True)
    assert again is not None
    assert (again.cost_nanos, again.unpriced, again.at_ms, again.price_revision) == (
        201,
        False,
        9000,
        "r2@initial",
    )
    assert (await shown.one(id_at(8000))).repriced is None
    (entry,) = (await Trail(database, KEYS).page(AuditFilter(kind="interaction"))).entries
    assert (entry.action, entry.actor_id) == ("reprice", "ada")
    assert bytes(entry.before or b"") == b'{"interactions":3,"costNanos":302}'
    assert bytes(entry.after or b"") == b'{"interactions":3,"costNanos":703}'


async def test_storing_again_stores_nothing(recorded: Repricings, database: Database) -> None:
    """The same prices later make no second change; other prices replace the second figure."""
    await recorded.store(await priced(recorded), ADA)
    assert await recorded.store(await priced(recorded, now_ms=10_000), ADA) == 0
    free = Repricings(database, lambda _: Priced(cost=Cost(), version="r3@initial"), SCRIBE)
    assert await free.store(await priced(free), ADA) == 3
    again = (await Interactions(database, nothing_to_flush).one(id_at(2000))).repriced
    assert again is not None
    assert (again.cost_nanos, again.price_revision) == (0, "r3@initial")


async def test_all_that_was_used_is_priced_again(database: Database) -> None:
    """The pricer is given the usage that was recorded, of each kind, and no word of it is lost."""
    usage = Usage(
        prompt=1,
        completion=2,
        cached=3,
        cache_write=4,
        reasoning=5,
        audio_in=6,
        audio_out=7,
        estimated=True,
        cache_write_long=8,
        processing="flex",
        image_in=9,
        image_out=10,
        charges=((Charge.WEB_SEARCH, 11), (Charge.SOUND, 12)),
        beside=True,
    )
    assert all(usage != replace(usage, **{name: getattr(Usage(), name)}) for name in Usage.__struct_fields__)
    id = id_at(2000)
    attempt = an_attempt(usage=usage)
    await Store(database).add([Interaction(an_opened(id), a_settled(id, attempts=(attempt,)))])
    seen: list[Spent] = []

    def pricer(spent: Spent) -> Priced:
        seen.append(spent)
        return Priced(cost=Cost(), version="r1@initial")

    await priced(Repricings(database, pricer, SCRIBE))
    assert [spent.usage for spent in seen] == [usage]


async def test_a_figure_that_is_not_all_says_so(database: Database) -> None:
    """The same money, known in part now and whole then, is another figure."""
    id = id_at(2000)
    attempt = an_attempt(cost=Cost(input_nanos=5), partly=True)
    await Store(database).add([Interaction(an_opened(id), a_settled(id, attempts=(attempt,)))])
    for partly, pricing in ((True, "partly_priced"), (False, "priced")):
        (each,) = await priced(
            Repricings(
                database,
                lambda _, p=partly: Priced(cost=Cost(input_nanos=5), version="r", partly=p),
                SCRIBE,
            )
        )
        assert (each.recorded_pricing, each.found.pricing) == ("partly_priced", pricing)
        assert each.differs is not partly


async def test_stopped_halfway_it_goes_on_where_it_stopped(
    recorded: Repricings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of one, the first stored, then the end: a second run stores the rest, each once."""
    monkeypatch.setattr(repricings, "BATCH", 1)
    async for batch in recorded.batches(EVER, 9000):
        assert len(batch) == 1
        await recorded.store(batch, ADA)
        break
    stored = [await recorded.store(batch, ADA) async for batch in recorded.batches(EVER, 9000)]
    assert stored == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("span", "times"),
    [
        (Span(since_ms=4000, until_ms=6000), [4000]),
        (Span(since_ms=0, until_ms=2**47, which=Which.UNPRICED), [4000]),
        (Span(since_ms=0, until_ms=2**47, which=Which.PARTLY), [6000]),
        (Span(since_ms=0, until_ms=2**47, model="openai/gpt-4o-mini"), [2000, 4000, 6000, 8000]),
        (Span(since_ms=0, until_ms=2**47, model="gpt-4o-mini"), [2000, 4000, 6000, 8000]),
        (Span(since_ms=0, until_ms=2**47, model="gpt-4o"), []),
    ],
)
async def test_only_what_is_asked_for_is_priced(recorded: Repricings, span: Span, times: list[int]) -> None:
    """By time, the end not included; by how much was known; by model."""
    found = await priced(recorded, span)
    assert [each.found.interaction_id for each in found] == [id_at(time) for time in times]
