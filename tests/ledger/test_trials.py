"""What came of an experiment's arms, added up by the database as by hand."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import fmean

import pytest

from baton.core.ids import UuidV7
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.rows import Cost
from baton.ledger.settings import LedgerSettings
from baton.ledger.stored import FeedbackRow
from baton.ledger.trials import Metric, Moments, weight_of
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_attempt, an_opened


@pytest.fixture
async def ledger(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> AsyncIterator[Ledger]:
    """An open ledger."""
    async with open_ledger(root, database, new_id, limits) as opened:
        yield opened


def record(
    ledger: Ledger, id: str, user: str, arm: str | None = "a", phase: str = "1", **more: object
) -> str:
    """A request of a user's that counts for an arm."""
    experiment = None if arm is None else "try"
    ledger.book.opened(an_opened(id, user_id=user, experiment=experiment, arm=arm, phase=phase))
    ledger.book.settled(a_settled(id, **more))
    return id


def weighed(means: dict[str, list[float]]) -> Moments:
    """The sums over users, by their definition."""
    terms = [(weight_of(len(each)), fmean(each)) for each in means.values()]
    return Moments(
        len(terms),
        sum(w for w, _ in terms),
        sum(w * w for w, _ in terms),
        sum(w * mean for w, mean in terms),
        sum(w * w * mean for w, mean in terms),
        sum(w * w * mean * mean for w, mean in terms),
    )


async def test_the_sums_are_those_over_users_own_means(ledger: Ledger, new_id: UuidV7) -> None:
    """Of cost what is priced, of latency what was answered, of failures all, of feedback what was judged."""
    rng = random.Random(1)
    seen: dict[tuple[str, Metric], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    requests, costs = defaultdict[str, int](int), defaultdict[str, int](int)
    for _ in range(120):
        user, arm = f"u{rng.randrange(12)}", rng.choice("ab")
        fell, status, priced = rng.random() < 0.2, rng.choice(["ok", "ok", "server"]), rng.random() < 0.8
        attempt = an_attempt(cost=Cost(input_nanos=rng.randrange(10**6)) if priced else None)
        attempts = (an_attempt(model="other", cost=Cost()), attempt) if fell else (attempt,)
        latency_ms = rng.randrange(1, 3000)
        id = record(ledger, new_id(), user, arm, status=status, attempts=attempts, latency_ms=latency_ms)
        if rng.random() < 0.4:
            score = rng.randint(1, 5)
            await ledger.feedback.give(
                FeedbackRow(interaction_id=id, user_id=user, at_ms=0, score=score, comment=None)
            )
            seen[arm, Metric.FEEDBACK][user].append(score)
        nanos = 0 if attempt.cost is None else attempt.cost.total_nanos
        requests[arm] += 1
        costs[arm] += nanos
        seen[arm, Metric.FAILURES][user].append(float(fell or status != "ok"))
        if priced:
            seen[arm, Metric.COST][user].append(nanos / 1e9)
        if status == "ok":
            seen[arm, Metric.LATENCY][user].append(latency_ms)
    tallies = await ledger.trials.tally("try", "1")
    assert set(tallies) == {"a", "b"}
    for arm, tally in tallies.items():
        assert (tally.requests, tally.cost_nanos) == (requests[arm], costs[arm])
        assert tally.users == len(seen[arm, Metric.FAILURES])
        assert tally.failures == sum(map(sum, seen[arm, Metric.FAILURES].values()))
        for metric in Metric:
            wanted = weighed(seen[arm, metric])
            found = tally.moments[metric]
            assert found.users == wanted.users
            for name in Moments.__struct_fields__:
                assert getattr(found, name) == pytest.approx(getattr(wanted, name)), (arm, metric, name)


async def test_what_says_nothing_of_a_model_is_not_counted(ledger: Ledger, new_id: UuidV7) -> None:
    """Answers from the cache, calls that were cut off, other phases, other experiments, and none."""
    record(ledger, new_id(), "u", cache="exact")
    record(ledger, new_id(), "u", status="cancelled")
    record(ledger, new_id(), "u", status="crashed")
    record(ledger, new_id(), "u", phase="2")
    record(ledger, new_id(), "u", arm=None)
    assert await ledger.trials.tally("try", "1") == {}
    record(ledger, new_id(), "u")
    assert (await ledger.trials.tally("try", "1"))["a"].requests == 1
    assert await ledger.trials.tally("other", "1") == {}


async def test_the_last_requests_of_an_arm_are_told(ledger: Ledger, new_id: UuidV7) -> None:
    """The newest first, so many, none before another one."""
    ids = [record(ledger, new_id(), f"u{each}", status="server" if each % 2 else "ok") for each in range(6)]
    record(ledger, new_id(), "u", "b")
    await ledger.flush()
    last = await ledger.trials.last("try", "1", "a", 3)
    assert [(each.id, each.user_id, each.failed) for each in last] == [
        (ids[5], "u5", True),
        (ids[4], "u4", False),
        (ids[3], "u3", True),
    ]
    assert [each.id for each in await ledger.trials.last("try", "1", "a", 9, ids[4])] == ids[:3:-1]


def test_moments_know_mean_and_variance() -> None:
    """With equal weights the mean's variance is the textbook's."""
    values = [1.0, 2.0, 4.0, 9.0]
    moments = weighed({str(at): [each] for at, each in enumerate(values)})
    assert moments.mean == pytest.approx(4)
    assert moments.freedom == pytest.approx(3)
    assert moments.variance == pytest.approx(sum((each - 4) ** 2 for each in values) / 3 / 4)
    assert Moments().variance == float("inf")
