"""Probes of providers on real sockets."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Protocol

import pytest
from aiohttp import web

from baton.core.dialect import Dialect
from baton.core.provider import Auth, ProviderSpec
from baton.gateway.health.health import Health
from baton.gateway.health.prober import Prober
from baton.gateway.health.series import Status, Vitals
from baton.upstream.direct import DirectTransport
from baton.upstream.directory import Provider, ProviderSettings
from baton.upstream.http import HttpSettings, tls_context
from tests.gateway.health.conftest import Time, Witness

KEY = "acme-secret-1234"


class Server:
    """A provider that notes who asks for what, and answers as it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.status: int = HTTPStatus.OK
        self.seen: list[tuple[str, str]] = []
        """Path with query, and the key."""
        self.hangs = False
        self.hanging = asyncio.Event()
        self.done = asyncio.Event()
        self.under_way = 0
        self.most_under_way = 0

    async def answer(self, request: web.Request) -> web.Response:
        key = request.headers.get("authorization") or request.headers.get("x-api-key", "")
        self.seen.append((request.path_qs, key))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.hangs:
                self.hanging.set()
                await self.done.wait()
        finally:
            self.under_way -= 1
        return web.json_response({"error": {"message": f"key {KEY}"}, "data": []}, status=self.status)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_route("GET", "/{rest:.*}", self.answer)
        runner = web.AppRunner(application, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield
        finally:
            self.done.set()
            await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with server.served():
        yield server


class MakeProber(Protocol):
    """Makes one for some providers; without a `sleep` it never wakes by itself."""

    def __call__(
        self, *providers: Provider, every_s: float = 120.0, sleep: Callable[[float], Awaitable[None]] = ...
    ) -> Prober: ...


async def never(_: float) -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def prober(health: Health, time: Time) -> AsyncIterator[MakeProber]:
    async with DirectTransport(tls_context(HttpSettings())) as way:

        def make(
            *providers: Provider, every_s: float = 120.0, sleep: Callable[[float], Awaitable[None]] = never
        ) -> Prober:
            rng = random.Random(7)
            return Prober(health, providers, way, time, every_s=every_s, rng=rng, sleep=sleep)

        yield make


def acme(url: str, dialect: Dialect = Dialect.OPENAI, *, enabled: bool = True) -> Provider:
    """A provider at that address."""
    auth = Auth(header="x-api-key", scheme="") if dialect is Dialect.ANTHROPIC else Auth()
    spec = ProviderSpec(name="acme", title="Acme", base_url=url, dialect=dialect, auth=auth)
    return Provider(spec, ProviderSettings(keys=(KEY,), enabled=enabled))


def whole(health: Health) -> Vitals:
    [provider] = health.providers()
    return provider.whole


@pytest.mark.parametrize(
    ("dialect", "base", "asked"),
    [
        (Dialect.OPENAI, "/v1", ("/v1/models", f"Bearer {KEY}")),
        (Dialect.ANTHROPIC, "", ("/v1/models", KEY)),
        (Dialect.GOOGLE, "", ("/v1beta/models", f"Bearer {KEY}")),
        (Dialect.OPENAI, "/v1?version=2", ("/v1/models?version=2", f"Bearer {KEY}")),
    ],
)
async def test_an_idle_provider_is_asked_for_its_models(
    server: Server,
    prober: MakeProber,
    health: Health,
    time: Time,
    dialect: Dialect,
    base: str,
    asked: tuple[str, str],
) -> None:
    """Where its dialect has them, with its key; then it is well, and not asked again for a while."""
    probes = prober(acme(server.url + base, dialect))
    time.passes(119)
    await probes.look()
    assert server.seen == []
    time.passes(1)
    await probes.look()
    await probes.look()
    assert server.seen == [asked]
    assert whole(health).status is Status.HEALTHY


async def test_who_has_calls_is_not_probed(
    server: Server, prober: MakeProber, health: Health, time: Time
) -> None:
    """Nor who is switched off, nor an address that is of one model."""
    time.passes(1000)
    await Witness(time, health).sees(None)
    time.passes(100)
    await prober(acme(server.url)).look()
    time.passes(1000)
    await prober(acme(server.url, enabled=False), acme(server.url + "/{model}")).look()
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "failed", "told"),
    [
        (404, False, None),
        (405, False, None),
        (400, False, None),
        (401, None, "provider_credential_rejected"),
        (429, None, "rate_limit_exceeded"),
        (500, True, "provider_error"),
        (503, True, "provider_error"),
    ],
)
async def test_what_answers_say(
    server: Server,
    prober: MakeProber,
    health: Health,
    time: Time,
    status: int,
    failed: bool | None,
    told: str | None,
) -> None:
    """Who has no list is there all the same; keys and limits are told and count for nothing."""
    server.status = status
    time.passes(120)
    await prober(acme(server.url)).look()
    vitals = whole(health)
    assert vitals.error_rate == (None if failed is None else float(failed))
    assert (vitals.latest.error and vitals.latest.error.kind) == told
    assert KEY not in str(vitals)


async def test_nobody_there_is_down(prober: MakeProber, health: Health, time: Time) -> None:
    """A refused connection is a failure of the provider."""
    time.passes(120)
    await prober(acme("http://127.0.0.1:9")).look()
    assert whole(health).status is Status.DOWN
    assert whole(health).latest.error is not None


async def test_it_goes_on_by_itself_and_ends_at_once(
    server: Server, prober: MakeProber, health: Health, time: Time
) -> None:
    """Pauses are jittered; who hangs is never asked twice at once, and does not hold up the end."""
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        time.passes(pause_s)
        if len(pauses) == 100:
            server.hangs = True

    async with prober(acme(server.url), sleep=sleep):
        await server.hanging.wait()
        assert len(server.seen) >= 100 / 6
        assert server.most_under_way == 1
    assert len(set(pauses)) > 50
    assert 22 < min(pauses) < max(pauses) < 38


async def test_probes_can_be_switched_off(prober: MakeProber, health: Health, server: Server) -> None:
    """With an interval of 0 there is no task."""
    tasks = asyncio.all_tasks()
    async with prober(acme(server.url), every_s=0):
        assert asyncio.all_tasks() == tasks
