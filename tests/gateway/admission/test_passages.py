"""A request's way through the limits, from its caller's to its routes' and out again."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from baton.core.clock import Clock, SystemClock
from baton.core.errors import OverLimit
from baton.core.failures import Kind
from baton.core.rates import Rates
from baton.gateway.admission.limits import Tokens
from baton.gateway.admission.passages import Gate, Passage, Passages
from baton.gateway.admission.penalties import Penalties, Scope, Subject
from baton.gateway.admission.shared.asking import Asking
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.passages import SharedPassages
from baton.gateway.admission.windows import Left
from baton.upstream.route import Route
from baton.watch.rehearsal.leaping import LeapingClock, LeapingLoop
from tests.clocks import SetClock
from tests.gateway.admission.members import a_member
from tests.gateway.admission.test_limits import caller, offer, provider, tiers

ANN = caller()
SHORT = Tokens(100, 400)


class Stage:
    """A tier of so many requests and tokens a minute; counted here, or where other processes see it."""

    def __init__(
        self,
        requests: int,
        tokens: int = 100_000,
        clock: Clock | None = None,
        member: Member | None = None,
    ) -> None:
        known = tiers(requests_per_minute=requests, tokens_per_minute=tokens)
        self.penalties = Penalties()
        self._member = member
        clock = clock or SystemClock()
        self.passages: Gate
        if member is None:
            self.passages = Passages(known, self.penalties, clock)
        else:
            self.passages = SharedPassages(known, self.penalties, Asking(member), clock)

    async def enter(self) -> Passage:
        """One request of Ann's."""
        return await self.passages.let_in(ANN, SHORT)

    async def left(self) -> tuple[int, int]:
        if self._member is not None:
            await self._member.settled()
        found = await self.passages.left(ANN)
        assert found.requests is not None
        assert found.tokens is not None
        return found.requests.remaining, found.tokens.remaining


NewStage = Callable[[int], Stage]


@pytest.fixture(params=["memory", "redis"])
async def new_stage(request: pytest.FixtureRequest) -> AsyncGenerator[NewStage]:
    """Stages that count here, or in Redis."""
    if request.param == "memory":
        yield Stage
        return
    async with a_member(request.getfixturevalue("redis_server")) as member:
        yield lambda requests: Stage(requests, member=member)


ACME = provider(Rates(requests_per_minute=2, tokens_per_minute=1000))
ROUTE = Route(ACME, ACME.credentials[0], "large")
LARGE = offer()


async def test_a_request_is_its_callers_once_and_its_tokens_are_those_of_all_attempts(
    new_stage: NewStage,
) -> None:
    """Reserved by estimate while it is under way, counted by truth when it is over, once."""
    stage = new_stage(10)
    passage = await stage.enter()
    assert await stage.left() == (9, 99_500)
    for tokens in (30, 120):
        assert await passage.take(ROUTE, LARGE, SHORT) is None
        passage.attempted(tokens)
    assert await stage.left() == (9, 99_500)
    passage.end()
    passage.end()
    assert await stage.left() == (9, 99_850)


async def test_what_nothing_can_serve_or_pay_for_is_a_request_all_the_same(new_stage: NewStage) -> None:
    """Its tokens are free again, its place is not; who goes on is refused, and at last penalised."""
    stage = new_stage(2)
    (await stage.enter()).end()
    assert await stage.left() == (1, 100_000)
    await stage.passages.count(ANN)
    assert await stage.left() == (0, 100_000)
    for code in [*["rate_limit_exceeded"] * 11, "rate_limit_penalty"]:
        with pytest.raises(OverLimit) as told:
            await stage.passages.count(ANN)
        assert told.value.code == code


async def test_what_is_withdrawn_counts_for_nothing(new_stage: NewStage) -> None:
    """The ledger is full, say."""
    stage = new_stage(1)
    for _ in range(3):
        (await stage.enter()).withdraw()
        assert await stage.left() == (1, 100_000)


async def test_a_spent_limit_refuses_with_a_true_wait(new_stage: NewStage) -> None:
    """At once; the caller's limits know nothing of another user's."""
    stage = new_stage(1)
    await stage.enter()
    with pytest.raises(OverLimit) as told:
        await stage.enter()
    assert told.value.retry_after_s is not None
    assert 59 <= told.value.retry_after_s <= 61


async def test_a_routes_limit_is_claimed_for_each_attempt_and_says_when_it_is_spent(
    new_stage: NewStage,
) -> None:
    """As a provider's own 429 would; one that was not made counts for nothing, a short one for less."""
    stage = new_stage(10)
    passage = await stage.enter()
    for _ in range(5):
        assert await passage.take(ROUTE, LARGE, SHORT) is None
        passage.spare()
    for tokens in (10, 20):
        assert await passage.take(ROUTE, LARGE, SHORT) is None
        passage.attempted(tokens)
    why = await passage.take(ROUTE, LARGE, SHORT)
    assert why is not None
    assert why.kind is Kind.RATE_LIMIT
    assert why.retry_after_s is not None
    assert 59 <= why.retry_after_s <= 61
    assert await passage.take(Route(provider(), ACME.credentials[0], "large"), offer(), SHORT) is None


async def test_who_goes_on_against_a_limit_is_penalised_and_may_be_forgiven(new_stage: NewStage) -> None:
    """Told apart by its code; requests of low priority that could not wait are no violation."""
    stage = new_stage(1)
    await stage.enter()
    for _ in range(11):
        with pytest.raises(OverLimit) as told:
            await stage.enter()
        assert told.value.code == "rate_limit_exceeded"
    with pytest.raises(OverLimit) as told:
        await stage.enter()
    assert told.value.code == "rate_limit_penalty"
    now_s = SystemClock.monotonic()
    assert stage.penalties.lift(Subject(Scope.KEY, ANN.key_id), now_s)
    with pytest.raises(OverLimit) as told:
        await stage.enter()
    assert told.value.code == "rate_limit_exceeded"


def test_low_priority_waits_for_its_turn() -> None:
    """Thirty at once at ten a minute: all are let in, in three minutes, and no minute holds more than ten."""
    loop = LeapingLoop()

    async def story() -> None:
        clock = LeapingClock(loop, 0.0)
        stage = Stage(10, clock=clock)
        times: list[float] = []

        async def one() -> Passage:
            passage = await stage.passages.wait(ANN, SHORT, None)
            times.append(clock.monotonic())
            return passage

        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                group.create_task(one())
        assert len(times) == 30
        assert max(times) - min(times) < 125
        assert all(later - earlier > 60 for earlier, later in zip(times, times[10:], strict=False))
        assert stage.penalties.running(clock.monotonic()) == []

    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


def test_low_priority_is_no_way_around_penalties() -> None:
    """Who will not wait as long as it takes is refused as others are, and it counts as theirs; who waited to
    the end of their patience did no wrong."""
    loop = LeapingLoop()

    async def story() -> None:
        clock = LeapingClock(loop, 0.0)
        stage = Stage(1, clock=clock)
        await stage.enter()
        waited = [stage.passages.wait(ANN, SHORT, clock.monotonic() + 70 + each) for each in range(20)]
        found = await asyncio.gather(*waited, return_exceptions=True)
        assert stage.penalties.running(clock.monotonic()) == []
        assert sum(isinstance(each, Passage) for each in found) == 1
        codes: list[str | None] = []
        for _ in range(12):
            with pytest.raises(OverLimit) as told:
                await stage.passages.wait(ANN, SHORT, clock.monotonic() + 1)
            codes.append(told.value.code)
        assert codes[-1] == "rate_limit_penalty"

    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


async def test_nothing_is_left_while_a_penalty_lasts() -> None:
    """Whatever the windows say; until it ends."""
    clock = SetClock(5.0)
    stage = Stage(100, clock=clock)
    for _ in range(11):
        stage.penalties.refused(ANN.key_id, ANN.user_id, clock.monotonic())
    found = stage.passages.allowance(ANN)
    assert found.requests == Left(100, 0, 60.0)
    assert found.tokens == Left(100_000, 0, 60.0)
    clock.now += 60
    assert await stage.left() == (100, 100_000)


def test_a_caller_is_told_of_the_limit_of_which_least_is_left() -> None:
    """Of a minute's and a day's; nothing where there is none."""
    known = tiers(requests_per_minute=50, requests_per_day=60)
    clock = SetClock(5.0)
    passages = Passages(known, Penalties(), clock)
    assert passages.allowance(ANN).tokens is None
    for second in range(0, 300, 10):
        clock.now = float(second)
        passages.enter(ANN, SHORT)
    clock.now = 300.0
    left = passages.allowance(ANN).requests
    assert left is not None
    assert (left.limit, left.remaining) == (60, 30)
    assert left.reset_s > 86_400
