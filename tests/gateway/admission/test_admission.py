"""Tickets: what is held for an attempt, who waits, and what nobody can pay for."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest
from msgspec.structs import replace

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.catalog.prices import FREE, Prices, Rates, Tariff
from baton.core.caller import Caller
from baton.core.clock import SystemClock
from baton.core.errors import OverBudget, Unservable
from baton.core.failures import Failure
from baton.core.request import Envelope, Options, Outline
from baton.core.usage import Charge, Usage
from baton.gateway.admission import memory_admission
from baton.gateway.admission.accounts import Accounts
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.admitted import Admitted, Ticket
from baton.gateway.admission.budgets import Budget, BudgetBook, Debit, Scope
from baton.gateway.admission.memory_admission import MemoryAdmission
from baton.gateway.admission.passages import Passages
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.periods import Period
from baton.gateway.admission.shared import admission as shared_admission
from baton.gateway.admission.shared.admission import SharedAdmission
from baton.gateway.admission.shared.asking import Asking
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.passages import SharedPassages
from baton.gateway.admission.shared.tills import SharedTills
from baton.gateway.admission.spent import Spent
from baton.gateway.routing.decision import Ask, Candidate, Decision, ask_of, estimated_cost
from baton.gateway.routing.terms import Source, Terms
from baton.upstream.dialects.openai.envelope import read_envelope
from baton.upstream.errands.errand import Errand
from tests.gateway.admission.errands_ground import a_recording
from tests.gateway.admission.members import a_member
from tests.gateway.admission.test_passages import ROUTE

DOLLAR = Budget(name="dollar", scope=Scope.ALL, period=Period.LIFETIME, limit_usd="1.00")
DOLLARS = "dollar/all/"
"""The key of its account."""

PRICES = Prices(standard=Tariff(rates=Rates(input=10**9, output=10**11)))
"""A tenth of a cent for a thousand tokens of prompt, ten cents for a thousand of answer."""

BY_THE_HOUR = Prices(standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.SOUND: 360_000_000})

CALLER = Caller(user_id="u", key_id="k", tier="master", roles=frozenset({"user"}))


class House:
    """Admission with one budget, and nothing else that limits; counted here, or where others see it."""

    book = BudgetBook([DOLLAR])
    is_ready = True

    def __init__(self, assumed: Prices | None = None, member: Member | None = None) -> None:
        self.over: list[int] = []
        self._member = member
        clock = SystemClock()
        self.admission: Admission
        if member is None:
            self._accounts = Accounts()
            self.spent = Spent(self._accounts, clock)
            passages = Passages({}, Penalties(), clock)
            self.admission = MemoryAdmission(passages, self._accounts, self, lambda _: assumed, self, clock)
        else:
            tills = SharedTills(member)
            self.spent = Spent(tills, clock)
            shared = SharedPassages({}, Penalties(), Asking(member), clock)
            self.admission = SharedAdmission(shared, member, tills, self, lambda _: assumed, self, clock)

    async def sums(self) -> tuple[int, int]:
        """What the budget has settled and holds."""
        if self._member is None:
            return self._accounts.sums(DOLLARS)
        await self._member.settled()
        [found] = await self._member.counters.sums([DOLLARS])
        return found

    async def ready(self) -> None:
        """It is."""

    def settled(self, debit: Debit, settled_nanos: int) -> None:
        """Nobody is told."""

    def overshot(self, debits: Sequence[Debit], over_nanos: int) -> None:
        self.over.append(over_nanos)

    async def run(self, errand: Errand) -> Admitted:
        """An errand that was let in."""
        return self._entered(errand, ask_of(CALLER, errand))

    async def request(self, tokens: int | None = None, terms: Terms | None = None) -> Admitted:
        """One that was let in, for an answer of so many tokens."""
        limit = b"" if tokens is None else b',"max_tokens":%d' % tokens
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]' + limit + b"}"
        envelope: Envelope = read_envelope(body, lambda _: Options(), {})
        ask = Ask(tier="master", input_tokens=1, max_tokens=tokens)
        return self._entered(envelope, ask if terms is None else replace(ask, terms=terms))

    def _entered(self, request: Outline, ask: Ask) -> Admitted:
        found = offer()
        decision = Decision(
            ask=ask,
            chosen=Candidate(offer=found, estimate=1),
            ranked=(),
            fallbacks=(),
            candidates=1,
            left_out=(),
            input_tokens=1,
            output_tokens=1,
            cost=estimated_cost(found, ask),
            source=Source.NAMED,
            reasoning="",
        )
        return self.admission.enter(CALLER, request, decision, "id")

    async def ticket(self, admitted: Admitted, found: Offer | None = None) -> Ticket:
        """Held for an attempt."""
        return await self.admission.ticket(admitted, found or offer(), patient=True)


NewHouse = Callable[..., House]


@pytest.fixture(params=["memory", "redis"])
async def new_house(request: pytest.FixtureRequest) -> AsyncGenerator[NewHouse]:
    """Houses whose dollar is spent here, or in Redis."""
    if request.param == "memory":
        yield House
        return
    async with a_member(request.getfixturevalue("redis_server")) as member:

        def make(assumed: Prices | None = None) -> House:
            return House(assumed, member)

        yield make


def settle(ticket: Ticket, cost_nanos: int | None, usage: Usage | None = None) -> int:
    """Its attempt has ended, and was the last one; what was counted."""
    counted = ticket.charge(cost_nanos, usage or Usage())
    ticket.close()
    return counted


def offer(prices: Prices | None = PRICES) -> Offer:
    """A model that may say a lot."""
    model = Model(provider="acme", name="m", max_output_tokens=100_000)
    return Offer(id="acme/m", model=model, prices=prices, retired=False)


async def test_where_nobody_says_how_long_an_answer_may_be_it_is_bounded(new_house: NewHouse) -> None:
    """The model's own limit would bind the whole budget; a usual answer is held for, and asked for."""
    house = new_house()
    ticket = await house.ticket(await house.request())
    assert ticket.most_tokens == 1000
    assert 100_000_000 <= ticket.held_nanos <= 101_000_000


async def test_what_is_left_bounds_the_answer(new_house: NewHouse) -> None:
    """Ten cents' worth of tokens are asked for where ten cents are left."""
    house = new_house()
    first = await house.ticket(await house.request(9_000))
    second = await house.ticket(await house.request(9_000))
    assert first.most_tokens is None
    assert second.most_tokens is not None
    assert 900 <= second.most_tokens < 1000
    assert await house.sums() == (0, 10**9)


async def test_who_finds_nothing_left_waits_for_others_to_settle(new_house: NewHouse) -> None:
    """And gets what they did not use."""
    house = new_house()
    everything = await house.ticket(await house.request(50_000))
    waiting = asyncio.create_task(house.ticket(await house.request(1_000)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    settle(everything, 1_000_000)
    ticket = await waiting
    assert ticket.most_tokens is None
    assert (await house.sums())[0] == 1_000_000


async def test_who_waits_in_vain_is_refused(new_house: NewHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody settles in time; nothing is held for who was refused."""
    for kind in (memory_admission, shared_admission):
        monkeypatch.setattr(kind, "PATIENCE_S", 0.1)
    house = new_house()
    everything = await house.ticket(await house.request(50_000))
    before = await house.sums()
    with pytest.raises(OverBudget) as refused:
        await house.ticket(await house.request(1_000))
    assert refused.value.code == "budget_exceeded"
    assert await house.sums() == before
    everything.close()
    assert await house.sums() == (0, 0)


async def test_a_model_without_a_price_is_counted_at_the_dearest_of_its_provider(new_house: NewHouse) -> None:
    """Held and settled at it; where there is none, nothing is asked (decision 3)."""
    house = new_house(PRICES)
    ticket = await house.ticket(await house.request(1_000), offer(None))
    assert ticket.held_nanos >= 100_000_000
    settle(ticket, None, Usage(prompt=1_000, completion=1_000))
    assert await house.sums() == (101_000_000, 0)
    nobody = new_house()
    with pytest.raises(Unservable) as refused:
        await nobody.ticket(await nobody.request(1_000), offer(None))
    assert refused.value.code == "unpriced"


async def test_what_costs_nothing_is_never_short(new_house: NewHouse) -> None:
    """A local model answers where every dollar is spent."""
    house = new_house()
    settle(await house.ticket(await house.request(50_000)), 10**9)
    assert (await house.ticket(await house.request(50_000), offer(FREE))).held_nanos == 0


async def test_sound_is_not_heard_for_nothing(new_house: NewHouse) -> None:
    """Three recordings at 36 cents fit a dollar no more than two; none fits where it is overdrawn."""
    house, by_the_hour = new_house(), offer(BY_THE_HOUR)
    held = [
        await house.ticket(await house.run(a_recording(bytes(750 * 3600))), by_the_hour) for _ in range(2)
    ]
    assert [each.held_nanos for each in held] == [360_000_000] * 2
    settle(held[0], 10**9)
    assert await house.sums() == (10**9, 360_000_000)
    with pytest.raises(OverBudget):
        await house.admission.ticket(await house.run(a_recording(b"abc")), by_the_hour, patient=False)


async def test_what_nobody_has_counted_is_counted_as_held(new_house: NewHouse) -> None:
    """Subtitles come without a word of how long the sound was."""
    house, by_the_hour = new_house(), offer(BY_THE_HOUR)
    ticket = await house.ticket(await house.run(a_recording(bytes(750 * 3600))), by_the_hour)
    assert ticket.charge(None, Usage(prompt=1, completion=9, estimated=True), told=False) == 360_000_000
    assert await house.sums() == (0, 360_000_000), "held until it is closed"
    ticket.close()
    assert await house.sums() == (360_000_000, 0)


async def test_a_bill_above_its_hold_is_counted_whole_and_told(new_house: NewHouse) -> None:
    """Once, with what it is too much."""
    house = new_house()
    ticket = await house.ticket(await house.request(1_000))
    settle(ticket, ticket.held_nanos + 5)
    settle(ticket, 10**9)
    assert house.over == [5]
    assert await house.sums() == (ticket.held_nanos + 5, 0)


async def test_a_request_spends_no_more_than_it_says_over_all_its_attempts(new_house: NewHouse) -> None:
    """Two cents: the first attempt is bounded to them, the next to what is left, and then nobody is asked."""
    house = new_house()
    admitted = await house.request(1_000, Terms(max_cost_nanos=20_000_000))
    first = await house.ticket(admitted)
    assert first.held_nanos == 20_000_000
    assert first.most_tokens is not None
    assert 190 < first.most_tokens < 200
    admitted.attempted(Usage(), settle(first, 15_000_000))
    second = await house.ticket(admitted)
    assert second.held_nanos == 5_000_000
    admitted.attempted(Usage(), settle(second, 5_000_000))
    with pytest.raises(OverBudget) as refused:
        await house.ticket(admitted)
    assert refused.value.code == "max_cost_exceeded"


async def test_what_was_made_of_a_whole_answer_is_foreseen(new_house: NewHouse) -> None:
    """By how quickly the model has answered, at most what was asked for, else what is usual."""
    house = new_house()
    short, open_ended = await house.request(300), await house.request()
    assert short.made_in(offer(), 2.0, None) == 200
    short.saw(offer(), Usage(completion=100), 2.0)
    assert short.made_in(offer(), 2.0, None) == 100
    assert short.made_in(offer(), 60.0, None) == 300
    assert short.made_in(offer(), 60.0, 250) == 250
    assert open_ended.made_in(offer(), 60.0, None) == 1000


async def test_a_fallback_without_a_price_is_passed_over(new_house: NewHouse) -> None:
    """The request goes on with the next; where nobody knows what a call costs, it is not asked."""
    house = new_house()
    admitted = await house.request(10)
    refused = await admitted.ticket(ROUTE, offer(None))
    assert isinstance(refused, Failure)
    assert refused.unasked
    assert "no price" in refused.message
    assert isinstance(await admitted.ticket(ROUTE, offer()), Ticket)
