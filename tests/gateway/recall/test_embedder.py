"""Who says what requests mean is left alone while it fails, and only then."""

import asyncio

from baton.core.caller import Caller
from baton.core.errors import AllAttemptsFailed, Forbidden
from baton.core.failures import Failure, Kind
from baton.core.request import Options
from baton.gateway.answered import Answered
from baton.gateway.opening import Arrival
from baton.gateway.recall.embedder import MOST_FAILED, PAUSE_S, Embedder
from baton.upstream.errands.errand import Errand
from tests.clocks import SetClock

ADA = Caller(user_id="ada", key_id="k", tier="free", roles=frozenset())
BROKEN = AllAttemptsFailed([("openai/e", Failure(kind=Kind.SERVER, message="boom"), 5)])


class Far:
    """What is asked, and how it fails."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.asked = 0
        self.errands: list[Errand] = []

    async def run(self, caller: Caller, errand: Errand, arrival: Arrival) -> Answered:
        del caller, arrival
        self.errands.append(errand)
        self.asked += 1
        if self.error is None:
            await asyncio.sleep(60)
            raise AssertionError
        raise self.error


def embedder(far: Far, clock: SetClock) -> Embedder:
    return Embedder("openai/e", far.run, lambda: "id", clock)


async def test_one_that_fails_is_left_alone_for_a_while() -> None:
    """After three failures in a row, for half a minute."""
    far, clock = Far(BROKEN), SetClock()
    asked = embedder(far, clock)
    for _ in range(MOST_FAILED + 3):
        assert await asked.embed(ADA, Options(), ["Hello"]) is None
    assert far.asked == MOST_FAILED
    clock.now += PAUSE_S
    await asked.embed(ADA, Options(), ["Hello"])
    assert far.asked == MOST_FAILED + 1


async def test_it_is_asked_under_the_terms_of_the_request() -> None:
    """What may not be sent to a provider is not sent to it to be understood either."""
    far = Far(Forbidden("no"))
    wished = Options(exclude=("mistral",), project="p", data_needs=frozenset({"no-training"}))
    await embedder(far, SetClock()).embed(ADA, wished, ["Hello"])
    [errand] = far.errands
    said = errand.options
    assert (said.exclude, said.project, said.data_needs) == (("mistral",), "p", {"no-training"})


async def test_a_caller_who_may_not_ask_it_says_nothing_of_it_to_others() -> None:
    """Nor does one who cannot pay, or who has no time."""
    for error, ends_s in ((Forbidden("no"), None), (None, 0.01)):
        far, clock = Far(error), SetClock()
        asked = embedder(far, clock)
        for _ in range(2 * MOST_FAILED):
            until_s = None if ends_s is None else clock.now + ends_s
            assert await asked.embed(ADA, Options(), ["Hello"], until_s) is None
        assert far.asked == 2 * MOST_FAILED
