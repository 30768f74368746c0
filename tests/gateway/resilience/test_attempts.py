"""How long a call goes on being tried."""

import random
from typing import Any

import pytest

from baton.core.errors import AllAttemptsFailed, AttemptFailed
from baton.core.failures import Failure, Kind
from baton.gateway.resilience.attempts import Attempts
from baton.gateway.resilience.deadline import PATIENCE_S, WHOLE, Deadline
from baton.gateway.resilience.plan import Plan
from baton.gateway.resilience.retry import RetryPolicy
from baton.upstream.directory import Provider, ProviderSettings
from baton.upstream.providers.openai import SPEC


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

    async def ask(self, *_: Any) -> None:
        self.begun_s.append(self._time.now_s)
        self._time.now_s += self._takes_s
        raise AttemptFailed(Failure(kind=Kind.TIMEOUT, message="nothing came"))


class Notes:
    """Stands for the ledger's entry, which is not what is tested here."""

    def begin(self, _: Any) -> None:
        pass

    def fail(self, *_: Any) -> int:
        return 0


@pytest.mark.parametrize("takes_s", [PATIENCE_S, 250.0, 1.0])
async def test_no_attempt_is_begun_after_the_callers_patience_must_have_ended(takes_s: float) -> None:
    """Ten minutes after the request came in nothing more is asked, whatever retries are left."""
    time = Time()
    upstream: Any = Silent(time, takes_s)
    attempts = Attempts(upstream, time, random.Random(7), time.sleep)
    plan = Plan(
        provider=Provider(SPEC, ProviderSettings(keys=("k" * 20,))),
        model="m",
        retry=RetryPolicy(1000),
        deadline=Deadline(),
        stages=WHOLE,
        ends_s=PATIENCE_S,
    )
    envelope: Any = None
    entry: Any = Notes()
    with pytest.raises(AllAttemptsFailed) as failed:
        await attempts.ask(plan, envelope, entry)
    assert max(upstream.begun_s) < PATIENCE_S
    assert len(failed.value.attempts) == len(upstream.begun_s)
    assert time.now_s + 40 > PATIENCE_S  # and not given up long before
