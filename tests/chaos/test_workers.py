"""`baton serve --workers`: processes that share a port come and go, and no client notices."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

import baton as baton_package
from baton.storage.settings import StorageSettings
from tests.chaos.fleet import ECHO, Fleet, Load, baton, fleet
from tests.chaos.test_shutdown import Readers, ask_of, drains, refused_everywhere, statuses
from tests.chaos.wire import line_to, post
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, until
from tests.databases import OnServer
from tests.postgres import Postgres

STREAMS = 20
SPEECH = "simulated/lorem;words=60;latency=5;tps=25"
"""Some three seconds of words."""


@pytest.fixture
def place(postgres: Postgres, postgres_tables: str) -> StorageSettings:
    """A database with the tables, on PostgreSQL: several workers need it."""
    return OnServer(postgres, postgres_tables).settings


@asynccontextmanager
async def loaded(found: Fleet) -> AsyncGenerator[Load]:
    """Fifty requests a second meanwhile; none of them may fail."""
    load = Load(found.home.url)
    stopped = asyncio.Event()
    asking = asyncio.create_task(load.until(stopped))
    try:
        yield load
    finally:
        stopped.set()
        await asking
    assert not load.failures, load.failures[:3]


async def sample(session: aiohttp.ClientSession, url: str, name: str, **labels: str) -> float:
    """One value of a scrape; 0 where there is none."""
    async with session.get(f"{url}/metrics", headers={"connection": "close"}) as reply:
        text = await reply.text()
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.name == name and labels.items() <= each.labels.items():
                return each.value
    return 0.0


async def ask(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(f"{url}/v1/chat/completions", json=ECHO) as reply:
        assert reply.status == 200, await reply.text()
        await reply.read()


async def test_a_rolling_restart_fails_nothing(
    tmp_path: Path, place: StorageSettings, redis_url: str, record_property: Callable[[str, object], None]
) -> None:
    """SIGHUP under 50 requests a second, with streams open in five dialects and a client at rest: all workers
    are replaced, no request fails, every stream comes to its end, who is at rest is answered once more."""
    async with (
        fleet(tmp_path, place.url, redis_url, {}) as found,
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        line_to(found.home.url) as resting,
        asyncio.timeout(PATIENCE_S),
    ):
        await resting.send(post(KEY, json.dumps(ECHO).encode()))
        assert (await resting.reply()).headers.get("connection") is None
        async with loaded(found) as load, asyncio.TaskGroup() as group:
            readers = Readers(session, found.home.url)
            asked = [ask_of(number, SPEECH) for number in range(STREAMS)]
            reading = [group.create_task(readers.read(ask)) for ask, _ in asked]
            await readers.begun(STREAMS)
            found.process.send_signal(signal.SIGHUP)
            await found.said("replaced")
            before = load.answered
            await resting.send(post(KEY, json.dumps(ECHO).encode()))
            last = await resting.reply()
            assert (last.status, last.headers["connection"]) == (200, "close")
            await asyncio.gather(*reading)
            await until(lambda: load.answered >= before + 50)  # by the new ones
        for (_, end), read in zip(asked, reading, strict=True):
            status, said = read.result()
            assert (status, end in said) == (200, True), said[-300:]
        await found.are({3, 4})
        assert load.closed > 0  # connections that were kept were told to go elsewhere
        record_property("requests", load.answered)
        assert set(await statuses(place)) == {"ok"}


async def test_a_killed_worker_is_replaced(tmp_path: Path, place: StorageSettings, redis_url: str) -> None:
    """Who dies is replaced while the other one serves, what it had begun ends as crashed, and counters do not
    go back."""
    async with (
        fleet(tmp_path, place.url, redis_url, {}) as found,
        aiohttp.ClientSession(
            headers=bearer(KEY), connector=aiohttp.TCPConnector(force_close=True)
        ) as session,
        asyncio.timeout(PATIENCE_S),
    ):
        url = found.home.url
        await asyncio.gather(*(ask(session, url) for _ in range(20)))
        assert await sample(session, url, "baton_requests_total", status="ok") == 20
        assert await sample(session, url, "baton_workers") == 2
        reading = [
            asyncio.create_task(Readers(session, url).read(ask_of(0, "simulated/echo;latency=600000")[0]))
            for _ in range(8)
        ]
        while await sample(session, url, "baton_requests_under_way") < 8:  # noqa: ASYNC110 (only asking tells)
            await asyncio.sleep(0.05)
        for number in (1, 2):
            os.kill(found.workers[number], signal.SIGKILL)
            await found.said("worker_died", number)
            await found.said("worker_ready", 2 + number)
            assert await sample(session, url, "baton_requests_total", status="ok") == 20
        assert all(
            isinstance(each, aiohttp.ClientError)
            for each in await asyncio.gather(*reading, return_exceptions=True)
        )
        await ask(session, url)
        assert await sample(session, url, "baton_requests_total", status="ok") == 21
        found.process.send_signal(signal.SIGTERM)
        assert await found.process.wait() == 0
    assert sorted(await statuses(place)) == ["crashed"] * 8 + ["ok"] * 21


async def test_new_settings_and_broken_ones(tmp_path: Path, place: StorageSettings, redis_url: str) -> None:
    """A reload reads the file afresh, the number of workers too; a broken one changes nothing."""
    file = tmp_path / "baton.toml"
    file.write_text("strict_models = false\nworkers = 2\n")
    environment = {"BATON_CONFIG": str(file), "BATON_WORKERS": ""}
    unknown = {**ECHO, "model": "simulated/nobody-knows-this"}
    async with (
        fleet(tmp_path / "data", place.url, redis_url, environment) as found,
        aiohttp.ClientSession(
            headers=bearer(KEY), connector=aiohttp.TCPConnector(force_close=True)
        ) as session,
        asyncio.timeout(PATIENCE_S),
        loaded(found),
    ):

        async def status() -> int:
            async with session.post(f"{found.home.url}/v1/chat/completions", json=unknown) as reply:
                return reply.status

        lenient = await status()
        file.write_text("strict_models = perhaps\n")
        found.process.send_signal(signal.SIGHUP)
        await found.said("not_replaced")
        assert "is not TOML" in next(each for each in found.events if each["event"] == "not_replaced")["why"]
        assert set(found.workers) == {1, 2}
        assert await status() == lenient
        file.write_text("strict_models = true\nworkers = 3\n")
        assert await baton(found.home, "reload") == (0, "2 workers replaced.\n", "")
        await found.said("worker_ready", 5)
        assert len({await status() for _ in range(5)} | {404}) == 1


async def test_the_whole_service_ends_with_503(
    tmp_path: Path, place: StorageSettings, redis_url: str
) -> None:
    """SIGTERM: whichever worker is asked refuses what is new, streams are finished, the exit code is 0."""
    async with (
        fleet(tmp_path, place.url, redis_url, {}) as found,
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        asyncio.timeout(PATIENCE_S),
    ):
        readers = Readers(session, found.home.url)
        asked = [ask_of(number, SPEECH) for number in range(STREAMS)]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(readers.read(ask)) for ask, _ in asked]
            await readers.begun(STREAMS)
            found.process.send_signal(signal.SIGTERM)
            await drains(session, found.home)
            await refused_everywhere(session, found.home)
        assert all(end in read.result()[1] for (_, end), read in zip(asked, reading, strict=True))
        assert await found.process.wait() == 0
    assert not list((tmp_path / "run").iterdir())


async def test_nobody_outlives_a_killed_supervisor(
    tmp_path: Path, place: StorageSettings, redis_url: str
) -> None:
    """Workers leave by themselves, answers in hand are finished, and the next start has the port at once."""
    async with (
        fleet(tmp_path, place.url, redis_url, {}) as found,
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
    ):
        readers = Readers(session, found.home.url)
        ask, end = ask_of(0, "simulated/lorem;words=40;latency=5;tps=25")
        reading = asyncio.create_task(readers.read(ask))
        await readers.begun(1)
        found.process.kill()
        await found.process.wait()
        assert end in (await reading)[1]
    async with fleet(tmp_path, place.url, redis_url, {"BATON_PORT": found.home.url.rpartition(":")[2]}):
        assert len(list((tmp_path / "run").iterdir())) == 1


async def test_what_cannot_start_is_told_at_once(tmp_path: Path) -> None:
    """Where the first worker cannot start, there is no second try: the reason, and its exit code."""
    environment = {
        "BATON_WORKERS": "2",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    code, _, err = await baton(
        Home.of(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing", environment), "serve"
    )
    assert code == 1, err
    assert "Traceback" not in err


def release(folder: Path, version: str) -> Path:
    """Baton as it would be in another version: the same but for what it says of itself."""
    package = Path(baton_package.__file__).parent
    (folder / "src" / "baton").mkdir(parents=True)
    for each in package.iterdir():
        if each.name not in ("__init__.py", "__pycache__"):
            (folder / "src" / "baton" / each.name).symlink_to(each)
    (folder / "src" / "baton" / "__init__.py").write_text(f'"""Another."""\n\n__version__ = "{version}"\n')
    migrations = package.parents[1] / "migrations"
    if migrations.exists():
        (folder / "migrations").symlink_to(migrations)
    return folder


async def test_an_upgrade_fails_nothing(tmp_path: Path, place: StorageSettings, redis_url: str) -> None:
    """New code in the place of the old, and a reload under 50 requests a second with streams open: both serve
    side by side for a while, then the new one alone."""
    current = tmp_path / "current"
    current.symlink_to(release(tmp_path / "one", "1.0.0"))
    path = os.pathsep.join([str(current / "src"), *sys.path])
    async with (
        fleet(tmp_path / "data", place.url, redis_url, {"PYTHONPATH": path}) as found,
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        asyncio.timeout(PATIENCE_S),
    ):
        url = found.home.url
        assert await sample(session, url, "baton_build_info", version="1.0.0") == 1
        async with loaded(found), asyncio.TaskGroup() as group:
            readers = Readers(session, url)
            asked = [ask_of(number, SPEECH) for number in range(STREAMS)]
            reading = [group.create_task(readers.read(ask)) for ask, _ in asked]
            await readers.begun(STREAMS)
            current.unlink()
            current.symlink_to(release(tmp_path / "two", "2.0.0"))
            os.kill(found.workers[1], signal.SIGTERM)  # one of them alone: a first try of the new version
            await found.said("worker_ready", 3)
            both = [await sample(session, url, "baton_build_info", version=f"{n}.0.0") for n in (1, 2)]
            assert both == [1, 1]
            assert await baton(found.home, "reload") == (0, "2 workers replaced.\n", "")
        assert all(end in read.result()[1] for (_, end), read in zip(asked, reading, strict=True))
        await session.close()  # whose connections are at rest now
        await found.are({4, 5})
        async with aiohttp.ClientSession() as another:
            assert await sample(another, url, "baton_build_info", version="2.0.0") == 1
            assert await sample(another, url, "baton_build_info", version="1.0.0") == 0
