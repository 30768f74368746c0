"""How a call goes on being tried: at whom, how often, how long."""

import asyncio
import random
from typing import Any

import pytest
from msgspec.structs import replace

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.core.data_needs import NO_DATA_NEEDS
from baton.core.errors import AllAttemptsFailed, AttemptFailed
from baton.core.failures import Failure, Kind
from baton.gateway.resilience.attempts import Attempt, Attempts
from baton.gateway.resilience.breaker import Limits
from baton.gateway.resilience.course import Course, Leg, Patience
from baton.gateway.resilience.deadline import PATIENCE_S, WHOLE, Deadline
from baton.gateway.resilience.gates import Gates, Lesson
from baton.gateway.resilience.memory_breakers import MemoryBreakers
from baton.gateway.resilience.observation import Observation
from baton.gateway.resilience.retry import RetryPolicy
from baton.upstream.directory import Provider, ProviderSettings
from baton.upstream.providers.openai import SPEC
from baton.upstream.route import Route
from tests.conftest import UNBREAKABLE


class Time:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def wall(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class Silent:
    """A provider that is waited for until time is up."""

    def __init__(self, time: Time, takes_s: float) -> None:
        self._time = time
        self._takes_s = takes_s
        self.begun_s: list[float] = []

    async def ask(self, _: Attempt) -> None:
        self.begun_s.append(self._time.now_s)
        self._time.now_s += self._takes_s
        raise AttemptFailed(Failure(kind=Kind.TIMEOUT, message="nothing came"))


class Notes:
    """Stands for the ledger's entry, which is not what is tested here."""

    bound = None

    data_needs = NO_DATA_NEEDS

    async def reserve(self, *_: Any) -> None:
        pass

    def begin(self, *_: Any) -> None:
        pass

    def fail(self, *_: Any) -> int:
        return 0


def leg(name: str, *keys: str) -> Leg:
    """A model, and its provider with so many keys."""
    provider = Provider(SPEC, ProviderSettings(keys=keys or ("k" * 20,)))
    row = Model(provider=SPEC.name, name=name)
    return Leg(provider, Offer(id=row.id, model=row, prices=None, retired=False), WHOLE, 10.0, RetryPolicy())


def course(*legs: Leg, retries: int = 2) -> Course:
    """So many models, one behind the other."""
    first, *others = (replace(each, retry=RetryPolicy(retries)) for each in legs)
    patience = Patience(Deadline(), PATIENCE_S, 30.0)
    return Course(first, patience, lambda _: others, others=bool(others))


class Scene:
    """Attempts whose provider does as it is told, one outcome after the other."""

    def __init__(self, *outcomes: Kind | Failure | None, limits: Limits = UNBREAKABLE) -> None:
        self.time = Time()
        self.breakers = MemoryBreakers(self.time, limits)
        self.gates = Gates(self.breakers, self.time)
        self.attempts = Attempts(self.gates, self.time, random.Random(7), sleep=self.time.sleep)
        self.asked: list[str] = []
        self._outcomes = list(outcomes)

    async def call(self, attempt: Attempt) -> str:
        """Do what is next."""
        self.asked.append(attempt.leg.model)
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if isinstance(outcome, Kind):
            outcome = Failure(kind=outcome, message="boom")
        if outcome is not None:
            raise AttemptFailed(outcome)
        attempt.lesson.well()
        return attempt.leg.model

    async def make(self, course: Course) -> str:
        """Who answered."""
        entry: Any = Notes()
        return await self.attempts.make(course, entry, self.call)


@pytest.mark.parametrize("takes_s", [PATIENCE_S, 250.0, 1.0])
async def test_no_attempt_is_begun_after_the_callers_patience_must_have_ended(takes_s: float) -> None:
    """Ten minutes after the request came in nothing more is asked, whatever retries are left."""
    scene = Scene()
    silent = Silent(scene.time, takes_s)
    entry: Any = Notes()
    with pytest.raises(AllAttemptsFailed) as failed:
        await scene.attempts.make(course(leg("m"), retries=1000), entry, silent.ask)
    assert max(silent.begun_s) < PATIENCE_S
    assert len(failed.value.attempts) == len(silent.begun_s)


async def test_a_failing_route_is_asked_once_more_and_then_another() -> None:
    """One quick retry, then the fallback; nobody waits for a second."""
    scene = Scene(Kind.SERVER, Kind.SERVER)
    assert await scene.make(course(leg("a"), leg("b"))) == "b"
    assert scene.asked == ["a", "a", "b"]
    assert scene.time.now_s < 0.3


@pytest.mark.parametrize("kind", [Kind.RATE_LIMIT, Kind.OVER_BUDGET])
async def test_a_limit_of_batons_own_says_nothing_of_a_provider(kind: Kind) -> None:
    """A second call of an attempt that finds it spent leaves no pause on the key, and no failure told."""
    told: list[Observation] = []

    class Told:
        def observe(self, observation: Observation) -> None:
            told.append(observation)

    scene = Scene()
    scene.gates = Gates(scene.breakers, scene.time, [Told()])
    asked = leg("a")
    (credential,) = asked.provider.credentials
    route = Route(asked.provider, credential, asked.model)
    lesson = await scene.gates.enter(asked, route, last=True)
    assert isinstance(lesson, Lesson)
    assert not lesson.failed(Failure(kind=kind, message="spent", retry_after_s=30.0, unasked=True))
    assert credential.against(asked.model, scene.time.monotonic()) is None
    assert told == []


async def test_each_model_is_asked_again_as_its_own_policy_says() -> None:
    """One that is never asked twice hands on at once to one that is asked three times."""
    scene = Scene(*[Kind.SERVER] * 4)
    first, second = course(leg("a"), retries=0).leg, course(leg("b"), retries=2).leg
    both = Course(first, Patience(Deadline(), PATIENCE_S, 30.0), lambda _: [second], others=True)
    with pytest.raises(AllAttemptsFailed):
        await scene.make(both)
    assert scene.asked == ["a", "b", "b", "b"]


@pytest.mark.parametrize(
    "kind", [Kind.TIMEOUT, Kind.RATE_LIMIT, Kind.EXHAUSTED, Kind.MODEL_GONE, Kind.CONFLICT]
)
async def test_what_a_second_call_does_not_mend_goes_elsewhere_at_once(kind: Kind) -> None:
    """A silent route, a limit, a spent key and a model that is gone are not asked again."""
    scene = Scene(kind)
    assert await scene.make(course(leg("a"), leg("b"))) == "b"
    assert scene.asked == ["a", "b"]
    assert scene.time.now_s == 0


async def test_waits_are_for_the_last_route() -> None:
    """The first is left after its quick retry, the last is waited for."""
    scene = Scene(*[Kind.SERVER] * 4)
    assert await scene.make(course(leg("a"), leg("b"))) == "b"
    assert scene.asked == ["a", "a", "b", "b", "b"]
    assert 1.0 <= scene.time.now_s < 2.0


async def test_a_short_stated_wait_keeps_the_route() -> None:
    """A provider that asks for up to two seconds gets them; one that asks for more is left."""
    short = Failure(kind=Kind.RATE_LIMIT, message="slowly", retry_after_s=1.5)
    scene = Scene(short)
    one = leg("a", "first" * 4, "second" * 4)  # the key that is asked to wait is not asked again
    assert await scene.make(course(one, leg("b"))) == "a"
    assert scene.asked == ["a", "a"]
    longer = Failure(kind=Kind.RATE_LIMIT, message="slowly", retry_after_s=3)
    other = Scene(longer)
    assert await other.make(course(leg("a"), leg("b"))) == "b"
    assert other.asked == ["a", "b"]


async def test_a_route_in_its_pause_answers_429_with_what_is_left_of_it() -> None:
    """Nobody hammers a provider that asked for a pause, even where it is the only one."""
    scene = Scene(Failure(kind=Kind.RATE_LIMIT, message="slowly", retry_after_s=100))
    alone = leg("a")
    with pytest.raises(AllAttemptsFailed):
        await scene.make(course(alone, retries=0))
    scene.time.now_s += 40
    with pytest.raises(AllAttemptsFailed) as refused:
        await scene.make(course(alone))
    assert scene.asked == ["a"]
    assert (refused.value.status, refused.value.retry_after_s) == (429, 60)
    scene.time.now_s += 61
    assert await scene.make(course(alone)) == "a"


async def test_whoever_was_told_to_slow_down_and_waited_may_ask_again() -> None:
    """Its own 429 keeps other requests away for a while, not the last hope of its own."""
    scene = Scene(Kind.RATE_LIMIT, Kind.RATE_LIMIT)
    assert await scene.make(course(leg("a"))) == "a"
    assert scene.asked == ["a", "a", "a"]
    assert 3.0 <= scene.time.now_s < 4.0


async def test_a_pause_is_that_of_one_model() -> None:
    """Limits are a model's: its provider's others are asked all the while."""
    scene = Scene(Failure(kind=Kind.RATE_LIMIT, message="slowly", retry_after_s=100))
    one = leg("a")
    with pytest.raises(AllAttemptsFailed):
        await scene.make(course(one, retries=0))
    other = replace(leg("b"), provider=one.provider)
    assert await scene.make(course(other)) == "b"


async def test_what_is_marked_is_asked_last_and_cleared_by_a_success() -> None:
    """A refused key puts its route behind the others; alone it is tried, and works again."""
    scene = Scene(Kind.CREDENTIAL)
    marked, other = leg("a"), leg("b")
    with pytest.raises(AllAttemptsFailed):
        await scene.make(course(marked, retries=0))
    assert await scene.make(course(marked, other)) == "b"
    assert await scene.make(course(marked)) == "a"
    assert await scene.make(course(marked, other)) == "a"


async def test_where_all_are_marked_the_first_is_asked_first() -> None:
    """Marks reorder, they lock nobody out; who refused a key is not asked for its other models."""
    scene = Scene(Kind.CREDENTIAL, Kind.CREDENTIAL)
    one, other = leg("a"), leg("b")
    beside = replace(leg("c"), provider=one.provider)
    with pytest.raises(AllAttemptsFailed):
        await scene.make(course(one, beside, other))
    assert scene.asked == ["a", "b"]
    assert await scene.make(course(one, beside, other)) == "a"


async def test_a_marked_route_is_asked_by_one_call_at_a_time() -> None:
    """Where nobody else is left one call finds out; the others are told what is known."""
    scene = Scene(Kind.EXHAUSTED)
    marked = leg("a")
    with pytest.raises(AllAttemptsFailed):
        await scene.make(course(marked))
    inside, go = asyncio.Event(), asyncio.Event()

    async def slowly(attempt: Attempt) -> str:
        inside.set()
        await go.wait()
        attempt.lesson.well()
        return "found out"

    entry: Any = Notes()
    first = asyncio.ensure_future(scene.attempts.make(course(marked), entry, slowly))
    await inside.wait()
    with pytest.raises(AllAttemptsFailed) as told:
        await scene.make(course(marked))
    assert told.value.failure.kind is Kind.EXHAUSTED
    go.set()
    assert await first == "found out"
    assert await scene.make(course(marked)) == "a"


async def test_an_open_breaker_is_passed_over_without_a_call() -> None:
    """Where nobody else is left the answer is 503 and when to come back."""
    scene = Scene(*[Kind.SERVER] * 5, limits=Limits())
    failing = leg("a")
    for _ in range(5):
        with pytest.raises(AllAttemptsFailed):
            await scene.make(course(failing, retries=0))
    assert await scene.make(course(failing, leg("b"))) == "b"
    with pytest.raises(AllAttemptsFailed) as refused:
        await scene.make(course(failing))
    assert scene.asked.count("a") == 5
    assert (refused.value.status, refused.value.failure.kind) == (503, Kind.BREAKER_OPEN)
    assert refused.value.retry_after_s == pytest.approx(60)


async def test_a_request_that_is_wrong_is_nobodys_fault() -> None:
    """It is not sent to others, but where a fallback alone has something against it."""
    scene = Scene(Kind.BAD_REQUEST)
    helpless = Course(leg("a"), course(leg("a")).patience, lambda _: (), others=True)
    with pytest.raises(AllAttemptsFailed):
        await scene.make(helpless)
    assert scene.asked == ["a"]
    picky = Scene(Kind.TIMEOUT, Kind.BAD_REQUEST)
    assert await picky.make(course(leg("a"), leg("b"), leg("c"))) == "c"


async def test_a_storm_of_retries_is_stopped_by_its_budget() -> None:
    """Of a thousand failing requests within a minute a fifth are made again, and ten in any case."""
    scene = Scene(*[Kind.SERVER] * 5000)
    failing = leg("a")
    for _ in range(1000):
        with pytest.raises(AllAttemptsFailed):
            await scene.make(course(failing, retries=1))
        scene.time.now_s = 0
    assert len(scene.asked) <= 1000 * 1.2 + 10
