"""A simulated provider asked in two ways: in process, and over a real socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from baton.core.errors import AttemptFailed
from baton.upstream.providers.simulated.scripts import Scripts
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.transport import Deadlines, UpstreamRequest

PATIENCE = Deadlines(connect_s=5, first_byte_s=5, idle_s=5, total_s=60)
LIMIT = 1 << 20


class Time:
    """A clock that moves only by being slept on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Answer:
    """What a client saw."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list[bytes])
    broke: str | None = None
    """`CONNECT`, `TIMEOUT`, `MALFORMED`."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def events(self) -> list[str]:
        """The data of the stream's events."""
        return [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        """The deltas of the first choice."""
        chunks = [json.loads(event) for event in self.events if event != "[DONE]"]
        return [choice["delta"] for chunk in chunks for choice in chunk["choices"] if choice["index"] == 0]

    @property
    def text(self) -> str:
        """What was said, whole or streamed."""
        if self.events:
            return "".join(delta.get("content") or "" for delta in self.deltas)
        return self.json["choices"][0]["message"]["content"]


Ask = Callable[..., Awaitable[Answer]]


def body_of(model: str, text: str = "Hello there", **fields: Any) -> bytes:
    """A request's body; `fields` replace or add."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **fields}).encode()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def scripts() -> Scripts:
    return Scripts()


@pytest.fixture
def simulation(time: Time, scripts: Scripts) -> Simulation:
    return Simulation(time, scripts=scripts)


@pytest.fixture
def transport(simulation: Simulation, time: Time) -> SimulatedTransport:
    return SimulatedTransport(simulation, time, time.sleep)


@pytest.fixture
def ask_in_process(transport: SimulatedTransport) -> Ask:
    """Asks through the transport's interface."""

    async def ask(
        model: str, text: str = "Hello there", *, key: str = "sk-1", patience_s: float = 5, **fields: Any
    ) -> Answer:
        deadlines = Deadlines(first_byte_s=patience_s, idle_s=patience_s)
        headers = {"Authorization": f"Bearer {key}"}
        url = "simulated:/chat/completions"
        request = UpstreamRequest(url=url, headers=headers, body=body_of(model, text, **fields))
        answer = Answer()
        try:
            response = await transport.send(request, deadlines)
            answer.status, answer.headers = response.status, dict(response.headers)
            try:
                async for chunk in response.chunks(LIMIT):
                    answer.chunks.append(chunk)
            finally:
                await response.close()
        except AttemptFailed as error:
            answer.broke = error.failure.kind.name
        answer.body = b"".join(answer.chunks)
        return answer

    return ask


@pytest.fixture
async def url(simulation: Simulation, time: Time) -> AsyncGenerator[str]:
    async with running(simulation, sleep=time.sleep) as url:
        yield url


@pytest.fixture
async def http() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def posted(
    http: aiohttp.ClientSession, url: str, body: bytes, key: str = "sk-1", patience_s: float = 10
) -> AsyncGenerator[aiohttp.ClientResponse]:
    """An answer over the socket."""
    async with http.post(
        f"{url}/v1/chat/completions",
        data=body,
        headers={"Authorization": f"Bearer {key}"},
        timeout=aiohttp.ClientTimeout(sock_read=patience_s),
    ) as response:
        yield response


@pytest.fixture
def ask_by_socket(url: str, http: aiohttp.ClientSession) -> Ask:
    """Asks over HTTP."""

    async def ask(
        model: str, text: str = "Hello there", *, key: str = "sk-1", patience_s: float = 10, **fields: Any
    ) -> Answer:
        answer = Answer()
        try:
            async with posted(http, url, body_of(model, text, **fields), key, patience_s) as response:
                answer.status = response.status
                answer.headers = {name.lower(): value for name, value in response.headers.items()}
                async for chunk in response.content.iter_any():
                    answer.chunks.append(chunk)
                    if sum(map(len, answer.chunks)) > LIMIT:
                        answer.broke = "MALFORMED"  # as the real transport says it
                        break
        except TimeoutError:
            answer.broke = "TIMEOUT"
        except aiohttp.ClientError:
            answer.broke = "CONNECT"
        answer.body = b"".join(answer.chunks)
        return answer

    return ask


@pytest.fixture(params=["in process", "by socket"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks, once in each way."""
    name = "ask_in_process" if request.param == "in process" else "ask_by_socket"
    return request.getfixturevalue(name)
