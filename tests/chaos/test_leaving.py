"""Clients that leave at any moment, in any dialect: providers are let go at once, and nothing is left."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from baton.core.clock import SystemClock
from baton.ledger.filter import Filter
from baton.ledger.stored import InteractionRow
from baton.upstream.providers.simulated.calls import Call, CallBook, Outcome
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.chaos.conftest import soon
from tests.chaos.wire import Line, line_to, post
from tests.conftest import BatonServer, serving
from tests.contracts.callers import DIALECTS, Ask, short
from tests.crash.provider import Provider, Remembering

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE_S = 0.1
"""What may pass between the client's leaving and the provider's noticing."""

MODELS = ("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.0-flash")
"""Each of a provider that is asked in a dialect of its own."""

SAYING = "lorem;words=4000;latency=1;tps=500"
SILENT = "lorem;latency=600000"
"""Ten minutes to the first word."""

WAITING = 50
"""Seconds that a provider asks to be left alone for."""


class Watching(CallBook):
    """Notes when a caller was gone."""

    def __init__(self) -> None:
        super().__init__()
        self.gone_s: list[float] = []

    def ended(self, call: Call, outcome: Outcome) -> None:
        if outcome is Outcome.GONE:
            self.gone_s.append(asyncio.get_running_loop().time())
        super().ended(call, outcome)


@dataclass(frozen=True)
class Scene:
    """A Baton between a client and providers that note when it has gone."""

    baton: BatonServer
    simulation: Simulation
    calls: Watching
    took_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """By stage, what passed between the client's leaving and the provider's noticing."""

    @asynccontextmanager
    async def asking(self, ask: Ask, behaves: str) -> AsyncGenerator[Line]:
        """A client that has asked, of providers that behave so."""
        self.simulation.rules.set_unknown(Rule(behaves=behaves))
        self.calls.reset()
        self.calls.gone_s.clear()
        lines = [f"{name}: {value}" for name, value in ask.headers.items()]
        async with line_to(self.baton.url) as line:
            await line.send(post(self.baton.key, ask.body, *lines, path=ask.path))
            yield line

    async def asked(self, times: int = 1) -> None:
        """Return once a provider has been asked so often."""
        await soon(lambda: self.calls.count() >= times)

    async def leaves(self, line: Line, stage: str) -> None:
        """Have the client go, and note how soon its provider knew."""
        left_s = asyncio.get_running_loop().time()
        line.hang_up()
        await soon(lambda: len(self.calls.gone_s) == 1)
        took_s = self.calls.gone_s[0] - left_s
        self.took_s.setdefault(stage, []).append(took_s)
        assert took_s < AT_ONCE_S
        await self.recorded()

    async def recorded(self) -> None:
        """The newest row is that of somebody who left."""
        await soon(lambda: self.baton.app.ledger.book.open_count == 0)
        assert (await self.newest()).status == "cancelled"

    async def newest(self) -> InteractionRow:
        """The newest row."""
        page = await self.baton.app.ledger.interactions.page(Filter(), limit=1)
        return page.items[0].interaction


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    """One Baton for the whole module; at the end it tells the longest times."""
    simulation = Simulation(SystemClock())
    simulation.calls = calls = Watching()
    async with running(simulation) as url:
        environment = Provider(url, Remembering()).environment
        async with serving(environment, tmp_path_factory.mktemp("leaving"), {"retries": 2}) as baton:
            scene = Scene(baton, simulation, calls)
            yield scene
    for stage, took_s in scene.took_s.items():
        print(f"\n{stage}: {max(took_s) * 1000:.1f} ms at most of {len(took_s)}", end="")


@pytest.fixture
def scene(house: Scene) -> Iterator[Scene]:
    """Every test leaves the house as it found it."""
    house.baton.forgive()
    yield house
    assert house.baton.app.drains.count == 0


def chats(*, stream: bool) -> list[object]:
    """Every caller's dialect before every provider's."""
    found: list[object] = []
    for model in MODELS:
        provider = model.partition("/")[0]
        for dialect in DIALECTS:
            ask = short(dialect, model, stream=stream)
            found.append(pytest.param(ask, id=f"{dialect.value}-{provider}"))
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
        own = Ask("/api/ai/v2/chat", json.dumps(body).encode())
        found.append(pytest.param(own, id=f"native-{provider}"))
    return found


@pytest.mark.parametrize("ask", chats(stream=False))
async def test_before_a_whole_answer(scene: Scene, ask: Ask) -> None:
    """The provider works on it and has not said a word; what it may have made by then is counted."""
    async with scene.asking(ask, SILENT) as line:
        await scene.asked()
        await scene.leaves(line, "before a whole answer")
    row = await scene.newest()
    assert 0 < row.completion_tokens <= 1000
    assert row.usage_estimated


@pytest.mark.parametrize("ask", chats(stream=False))
async def test_within_a_whole_answer(scene: Scene, ask: Ask) -> None:
    """Half of it has come."""
    async with scene.asking(ask, "lorem;words=200;fault=stall") as line:
        await soon(lambda: any(call.status == 200 for call in scene.calls.last))
        await scene.leaves(line, "within a whole answer")


@pytest.mark.parametrize("ask", chats(stream=True))
@pytest.mark.parametrize("behaves", [SILENT, "lorem;fault=slow;wait=600"])
async def test_before_the_first_word_of_a_stream(scene: Scene, ask: Ask, behaves: str) -> None:
    """Neither headers nor words have come, or headers alone."""
    async with scene.asking(ask, behaves) as line:
        await scene.asked()
        if "slow" in behaves:
            await soon(lambda: any(call.status == 200 for call in scene.calls.last))
        await scene.leaves(line, "before the first word of a stream")


@pytest.mark.parametrize("ask", chats(stream=True))
async def test_in_the_middle_of_a_stream(scene: Scene, ask: Ask) -> None:
    """Words have come and more are coming."""
    async with scene.asking(ask, SAYING) as line:
        await line.head()
        chunks = line.chunks()
        for _ in range(5):
            await anext(chunks)
        await scene.leaves(line, "in the middle of a stream")
        await chunks.aclose()


@pytest.mark.parametrize("ask", chats(stream=True))
async def test_in_a_second_attempt(scene: Scene, ask: Ask) -> None:
    """The first attempt failed unseen, and the next is waited for."""
    async with scene.asking(ask, "lorem;fault=500") as line:
        await scene.asked()
        scene.simulation.rules.set_unknown(Rule(behaves=SILENT))
        await scene.asked(2)
        await scene.leaves(line, "in a second attempt")


@pytest.mark.parametrize("ask", chats(stream=True))
async def test_while_a_broken_stream_is_gone_on_with(scene: Scene, ask: Ask) -> None:
    """Words have come, the stream broke, and whoever shall go on with it has not said anything."""
    async with scene.asking(ask, "lorem;words=400;tps=200;fault=cut;after=20") as line:
        await line.head()
        chunks = line.chunks()
        await anext(chunks)
        scene.simulation.rules.set_unknown(Rule(behaves=SILENT))
        await scene.asked(2)
        await scene.leaves(line, "while a broken stream is gone on with")
        await chunks.aclose()
        newest = await scene.newest()
        broken, left = (await scene.baton.app.ledger.interactions.one(newest.id)).attempts
        assert (broken.status, left.status) == ("provider_unreachable", "cancelled")
        assert broken.completion_tokens > 0, "what was said before it broke is paid for"


@pytest.mark.parametrize("ask", chats(stream=True)[:5])
async def test_while_a_retry_is_waited_for(scene: Scene, ask: Ask) -> None:
    """The wait ends with the client, and nobody is asked again."""
    async with scene.asking(ask, f"lorem;fault=429;retry_after={WAITING}") as line:
        await soon(lambda: any(call.outcome is Outcome.DONE for call in scene.calls.last))
        for _ in range(20):
            await asyncio.sleep(0)
        left_s = asyncio.get_running_loop().time()
        line.hang_up()
        await scene.recorded()
        assert asyncio.get_running_loop().time() - left_s < WAITING / 2
        assert scene.calls.count() == 1


def errands() -> list[object]:
    """What is no chat."""
    bodies = {
        "embeddings": ("embedding", {"model": "openai/text-embedding-3-small", "input": "Hello"}),
        "images/generations": ("image", {"model": "openai/gpt-image-1", "prompt": "Hello"}),
        "moderations": ("moderation", {"model": "openai/omni-moderation-latest", "input": "Hello"}),
    }
    return [
        pytest.param(Ask(f"/v1/{path}", json.dumps(body).encode()), mode, id=path)
        for path, (mode, body) in bodies.items()
    ]


@pytest.mark.parametrize(("ask", "mode"), errands())
async def test_during_an_errand(scene: Scene, ask: Ask, mode: str) -> None:
    """Embeddings, pictures and moderations are let go of as chats are."""
    async with scene.asking(ask, f"{mode};latency=600000") as line:
        await scene.asked()
        await scene.leaves(line, "during an errand")


async def test_nothing_is_left_behind(scene: Scene) -> None:
    """After 200 clients that left in the middle there are no more tasks, sockets and timers than before."""
    asks = [short(dialect, model, stream=True) for model in MODELS for dialect in DIALECTS]

    async def come_and_go(ask: Ask) -> None:
        lines = [f"{name}: {value}" for name, value in ask.headers.items()]
        async with line_to(scene.baton.url) as line:
            await line.send(post(scene.baton.key, ask.body, *lines, path=ask.path))
            await line.head()
            chunks = line.chunks()
            await anext(chunks)
            line.hang_up()
            await chunks.aclose()

    async def left() -> tuple[int, int, int]:
        await soon(lambda: scene.baton.app.ledger.book.open_count == 0)
        await scene.calls.settled()
        for _ in range(20):
            await asyncio.sleep(0)
        return len(asyncio.all_tasks()), _sockets(), _timers()

    scene.simulation.rules.set_unknown(Rule(behaves=SAYING))
    await asyncio.gather(*(come_and_go(ask) for ask in asks))  # whatever is made once is made now
    before = await left()
    for _ in range(4):
        await asyncio.gather(*(come_and_go(asks[at % len(asks)]) for at in range(50)))
    after = await left()
    assert all(now <= then + 2 for now, then in zip(after, before, strict=True)), (before, after)


def _sockets() -> int:
    """Of this process; its files are the database's, which opens another when many ask at once."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += os.readlink(descriptor).startswith("socket:")
    return found


def _timers() -> int:
    """Timers of the loop that have yet to fire."""
    scheduled: list[asyncio.TimerHandle] = getattr(asyncio.get_running_loop(), "_scheduled")  # noqa: B009
    return sum(not handle.cancelled() for handle in scheduled)
