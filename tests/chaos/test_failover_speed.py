"""How long it takes to go elsewhere, measured at the sockets of those who are asked."""

import statistics
from collections.abc import AsyncGenerator, Callable
from time import perf_counter

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.conftest import KEY
from tests.chaos.matrix import House, open_house
from tests.chaos.provider import Caller, RawProvider, answer, raw_provider, whole
from tests.chaos.speech import SPEECHES, USER
from tests.chaos.wire import chat, line_to, post
from tests.conftest import BatonServer, serving
from tests.proofs import FOUND

pytestmark = pytest.mark.asyncio(loop_scope="module")

DECISION_MS = 10.0
REFUSED_MS = 20.0
LOOSELY = 10
"""Times as much on a machine that does other things as well."""
_TIMES = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """One for a whole module."""
    async with open_house(tmp_path_factory.mktemp("speed")) as house:
        yield house


class Watched:
    """Two providers that note when they speak and are spoken to."""

    def __init__(self, failing: RawProvider, spare: RawProvider) -> None:
        self.refused_s = 0.0
        self.decided_ms: list[float] = []
        failing.act = self._refuse
        spare.act = self._answer

    async def _refuse(self, caller: Caller) -> None:
        await caller.send(whole(b'{"error": {"message": "no such model", "code": "model_not_found"}}', 404))
        self.refused_s = perf_counter()

    async def _answer(self, caller: Caller) -> None:
        self.decided_ms.append((perf_counter() - self.refused_s) * 1000)
        await caller.send(answer())


async def decided_ms(baton: BatonServer, watched: Watched) -> list[float]:
    """From one provider's refusal to the next one's request, each time for a model that nobody has marked."""
    for number in range(_TIMES):
        body = chat(f"openai/gone-{number}", messages=[USER])
        async with line_to(baton.url) as line:
            await line.send(post(baton.key, body, "x-baton-fallback: cerebras/well"))
            reply = await line.reply()
        assert (reply.status, reply.headers["x-baton-provider"]) == (200, "cerebras"), reply.body[:300]
    return watched.decided_ms


async def added_ms(house: House) -> tuple[float, float]:
    """Medians of a direct answer, and of one behind a provider whose port nobody listens at."""
    speech = SPEECHES["openai"]
    direct: list[float] = []
    behind: list[float] = []
    for number in range(_TIMES):
        dialect = tuple(Dialect(name) for name in SPEECHES)[number % len(SPEECHES)]
        spare = house.route(Dialect.OPENAI)
        refused = house.route(dialect, nowhere="refused")
        for model, headers, took in (
            (spare, (), direct),
            (refused, (f"x-baton-fallback: {spare}",), behind),
        ):
            began = perf_counter()
            reply = await house.ask(speech, model, *headers, stream=False)
            took.append((perf_counter() - began) * 1000)
            assert reply.status == 200, reply.body[:300]
    return statistics.median(direct), statistics.median(behind)


async def measure(house: House, folder_of: pytest.TempPathFactory) -> tuple[float, float]:
    """Median milliseconds of a decision, and of what a refused connection adds."""
    async with raw_provider() as failing, raw_provider() as spare:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": failing.url}
        environment |= {"CEREBRAS_API_KEY": KEY, "CEREBRAS_BASE_URL": spare.url}
        async with serving(environment, folder_of.mktemp("decision"), {"fallback": True}) as baton:
            decision = statistics.median(await decided_ms(baton, Watched(failing, spare)))
    direct, behind = await added_ms(house)
    return decision, behind - direct


async def test_going_elsewhere_is_quick(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The next provider is asked within moments of the first one's refusal, and a connection that is refused
    adds next to nothing, even on a busy machine."""
    decision, added = await measure(house, tmp_path_factory)
    assert decision < DECISION_MS * LOOSELY
    assert added < REFUSED_MS * LOOSELY


@pytest.mark.soak
async def test_going_elsewhere_takes_milliseconds(
    house: House, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """A failover is decided within 10 ms, and a refused connection adds less than 20 ms."""
    decision, added = await measure(house, tmp_path_factory)
    record_property(
        FOUND, f"decided in {decision:.2f} ms; a refused connection adds {added:.2f} ms (medians)"
    )
    assert decision < DECISION_MS
    assert added < REFUSED_MS
