"""Alerts: one open row for each trouble, whoever saw it and however often."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from baton.core.errors import Conflict, Invalid
from baton.core.failures import Failure, Kind
from baton.core.ids import UuidV7
from baton.gateway.resilience.breakers import BreakerChange
from baton.gateway.resilience.observation import Observation
from baton.storage import schema
from baton.storage.database import Database
from baton.watch.alerts import alerts as room
from baton.watch.alerts.alert import Alert, AlertKind, Key, News, State, Wanted
from baton.watch.alerts.alerts import FORGET_MS, LAPSE_MS, Alerts
from baton.watch.alerts.store import AlertStore
from baton.watch.alerts.tables import ALERTS
from tests.clocks import SetClock
from tests.databases import Place

INVALID = AlertKind.CREDENTIAL_INVALID
EXHAUSTED = AlertKind.CREDENTIAL_EXHAUSTED
BREAKER = AlertKind.BREAKER_OPEN
NONE_OPEN = dict.fromkeys(AlertKind, 0)


class Clock(SetClock):
    """Tells milliseconds as well."""

    @property
    def ms(self) -> int:
        return int(self.now * 1000)


@dataclass(frozen=True)
class Process:
    """What one process has of alerts."""

    alerts: Alerts
    store: AlertStore

    async def rows(self, state: State | None = None) -> tuple[Alert, ...]:
        """What the database holds, once everything that was seen has been written."""
        await self.alerts.flush()
        return (await self.store.page(Wanted(state=state))).alerts


class Start(Protocol):
    """Starts a process on the one database; its task writes only when it ends."""

    def __call__(self, busy_timeout_s: float = 30.0) -> AbstractAsyncContextManager[Process]:
        """`busy_timeout_s`: how long it waits for another's write to end."""
        ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(place: Place, clock: Clock) -> Start:
    @asynccontextmanager
    async def started(busy_timeout_s: float = 30.0) -> AsyncIterator[Process]:
        settings = structs.replace(place.settings, busy_timeout_s=busy_timeout_s)
        async with Database(settings) as database:
            await schema.upgrade(database)
            store = AlertStore(database, UuidV7())
            async with Alerts(store, clock, every_s=3600.0, sweep_s=3600.0) as alerts:
                yield Process(alerts, store)

    return started


def attempt(
    kind: Kind | None, *, credential: str = "abcd", provider: str = "acme", message: str = "No."
) -> Observation:
    """One that failed in this way; None: that went well."""
    failure = None if kind is None else Failure(kind=kind, message=message)
    return Observation(
        provider=provider,
        model="small-1",
        credential=credential,
        failure=failure,
        took_ms=3,
        first_token_ms=None,
        at_s=0.0,
    )


def breaker(is_open: bool, model: str | None = None) -> BreakerChange:
    return BreakerChange(
        provider="acme", model=model, is_open=is_open, forced=False, wait_s=60.0 if is_open else None
    )


async def test_a_storm_of_failures_is_one_open_row(start: Start, clock: Clock) -> None:
    """It says when it began, when it was last seen, how often, and what was said last."""
    async with start() as here:
        for at in range(1000):
            clock.now += 0.25
            here.alerts.observe(attempt(Kind.CREDENTIAL, message=f"No. ({at})\0"))
        [row] = await here.rows()
        assert (row.kind, row.subject, row.times) == (INVALID, "acme …abcd", 1000)
        assert row.seen_ms - row.opened_ms == 999 * 250
        assert (row.detail, row.resolved_ms, row.resolution) == ("No. (999)\ufffd", None, None)
        clock.now += 60
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        [again] = await here.rows()
        assert (again.id, again.times, again.seen_ms, again.opened_ms) == (
            row.id,
            1001,
            clock.ms,
            row.opened_ms,
        )


async def test_only_what_somebody_has_to_act_on_is_an_alert(start: Start) -> None:
    """Refused keys and spent credit are; what passes by itself is not."""
    async with start() as here:
        for kind in Kind:
            here.alerts.observe(attempt(kind))
        assert {row.kind for row in await here.rows()} == {INVALID, EXHAUSTED}


async def test_each_key_has_its_own(start: Start) -> None:
    """One per provider and last four characters; a key too short to show any stands for its provider."""
    async with start() as here:
        for credential in ("abcd", "wxyz", "", "abcd"):
            here.alerts.observe(attempt(Kind.EXHAUSTED, credential=credential))
        here.alerts.observe(attempt(Kind.EXHAUSTED, provider="other"))
        found = {row.subject: row.times for row in await here.rows()}
        assert found == {"acme …abcd": 2, "acme …wxyz": 1, "acme": 1, "other …abcd": 1}


async def test_a_success_with_the_key_resolves_it(start: Start, clock: Clock) -> None:
    """The row says when and how it ended; other keys' stay open, and new trouble is a new row."""
    async with start() as here:
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        here.alerts.observe(attempt(Kind.CREDENTIAL, credential="wxyz"))
        await here.alerts.flush()
        clock.now += 5
        here.alerts.observe(attempt(None))
        assert here.alerts.open_by_kind[INVALID] == 1
        rows = {row.subject: row for row in await here.rows()}
        ended = rows["acme …abcd"]
        assert (ended.resolved_ms, ended.resolution, ended.times) == (clock.ms, "recovered", 1)
        assert rows["acme …wxyz"].resolved_ms is None
        clock.now += 5
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        assert [row.subject for row in await here.rows(state=State.OPEN)] == ["acme …abcd", "acme …wxyz"]
        assert len(await here.rows()) == 3


async def test_what_began_and_ended_between_two_writes_is_kept(start: Start) -> None:
    """A trouble that was over before it was written has its row; one that came back is still one."""
    async with start() as here:
        for kind in (Kind.CREDENTIAL, None, Kind.CREDENTIAL, None):
            here.alerts.observe(attempt(kind))
        [row] = await here.rows()
        assert (row.times, row.resolution) == (2, "recovered")
        for kind in (Kind.CREDENTIAL, None, Kind.CREDENTIAL):
            here.alerts.observe(attempt(kind))
        newest, _ = await here.rows()
        assert (newest.times, newest.resolved_ms) == (2, None)


async def test_processes_share_one_row(start: Start, clock: Clock) -> None:
    """What several see at once is opened once and counted together; any of them may resolve it."""
    async with start() as here, start() as there:
        for process in (here, there, here):
            process.alerts.observe(attempt(Kind.CREDENTIAL))
        await asyncio.gather(here.alerts.flush(), there.alerts.flush())
        [row] = await here.rows()
        assert row.times == 3
        clock.now += 1
        there.alerts.observe(attempt(None))
        await there.alerts.flush()
        await here.alerts.sweep()
        assert here.alerts.open_by_kind[INVALID] == 0
        [row] = await here.rows()
        assert row.resolution == "recovered"


async def test_a_success_does_not_end_what_was_seen_since(start: Start, clock: Clock) -> None:
    """News that arrives late does not resolve a trouble that another process has seen after it."""
    async with start() as here, start() as there:
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        await here.alerts.flush()
        here.alerts.observe(attempt(None))
        clock.now += 1
        there.alerts.observe(attempt(Kind.CREDENTIAL))
        await there.alerts.flush()
        [row] = await here.rows()
        assert (row.times, row.resolved_ms) == (2, None)
        assert here.alerts.open_by_kind[INVALID] == 1


async def test_the_database_itself_takes_no_second_open_row(start: Start, place: Place) -> None:
    """The promise does not hang on our care; resolved ones may be as many as there were troubles."""
    async with start() as here:
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        [row] = await here.rows()
        twin = {**structs.asdict(row), "id": "twin"}
        async with Database(place.settings) as database:
            with pytest.raises(Conflict):
                async with database.write() as connection:
                    await connection.execute(ALERTS.insert().values(twin))
            async with database.write() as connection:
                await connection.execute(ALERTS.insert().values({**twin, "resolved_ms": 1}))


async def test_a_database_that_is_away_loses_nothing(start: Start, place: Place, clock: Clock) -> None:
    """What was seen meanwhile waits in memory, merged; metric and log do not wait."""
    async with start(busy_timeout_s=0.05) as here:
        here.alerts.observe(attempt(Kind.EXHAUSTED))
        await here.alerts.flush()
        opened_ms = clock.ms
        with capture_logs() as logged:
            with place.away():
                for _ in range(3):
                    clock.now += 1
                    here.alerts.observe(attempt(Kind.EXHAUSTED))
                    here.alerts.observe(attempt(Kind.CREDENTIAL))
                    await here.alerts.flush(0.2)
                assert here.alerts.open_by_kind == NONE_OPEN | {INVALID: 1, EXHAUSTED: 1, BREAKER: 0}
            events = [(each["event"], each.get("kind")) for each in logged]
        assert sorted(events, key=str) == [("alert_opened", INVALID), ("alerts_not_written", None)]
        rows = {row.kind: row for row in await here.rows()}
        assert (rows[EXHAUSTED].times, rows[EXHAUSTED].opened_ms) == (4, opened_ms)
        assert (rows[INVALID].times, rows[INVALID].opened_ms) == (3, opened_ms + 1000)
        assert rows[INVALID].seen_ms == rows[EXHAUSTED].seen_ms == clock.ms


async def test_what_is_open_is_known_after_a_restart(start: Start, clock: Clock) -> None:
    """What was seen last is written at the end; the next process goes on with it and may resolve it."""
    async with start() as first:
        first.alerts.observe(attempt(Kind.CREDENTIAL))
        first.alerts.changed(breaker(True))
        first.alerts.changed(breaker(True, "small-1"))
        first.alerts.changed(breaker(True, "large-1"))
    clock.now += 60
    with capture_logs() as logged:
        async with start() as second:
            assert second.alerts.open_by_kind == NONE_OPEN | {INVALID: 1, EXHAUSTED: 0, BREAKER: 3}
            second.alerts.observe(attempt(None))
            assert [row.subject for row in await second.rows(state=State.OPEN)] == ["acme/large-1"]
    assert {each["event"] for each in logged} == {"alert_resolved"}


async def test_a_breaker_is_alerted_while_it_is_open(start: Start) -> None:
    """Each opening is counted; a trial that went well is not the end, its closing is."""
    async with start() as here:
        here.alerts.changed(breaker(True, "small-1"))
        here.alerts.changed(breaker(True, "small-1"))
        here.alerts.observe(attempt(None))
        [row] = await here.rows()
        assert (row.kind, row.subject, row.times) == (BREAKER, "acme/small-1", 2)
        assert (row.detail, row.resolved_ms) == ("It is not asked for 60 s.", None)
        here.alerts.changed(breaker(False, "small-1"))
        here.alerts.changed(breaker(False))  # was not open
        [row] = await here.rows()
        assert row.resolution == "recovered"


async def test_what_nobody_sees_any_longer_lapses_and_is_forgotten(start: Start, clock: Clock) -> None:
    """After a day unseen it is over, ninety days later it is gone; what is seen stays."""
    async with start() as here:
        here.alerts.observe(attempt(Kind.CREDENTIAL))
        here.alerts.observe(attempt(Kind.EXHAUSTED))
        await here.alerts.flush()
        clock.now += LAPSE_MS / 1000
        here.alerts.observe(attempt(Kind.EXHAUSTED))
        await here.alerts.flush()
        clock.now += 1
        await here.alerts.sweep()
        rows = {row.kind: row for row in await here.rows()}
        assert (rows[INVALID].resolution, rows[INVALID].resolved_ms) == ("lapsed", clock.ms)
        assert rows[EXHAUSTED].resolved_ms is None
        assert here.alerts.open_by_kind == NONE_OPEN | {INVALID: 0, EXHAUSTED: 1, BREAKER: 0}
        clock.now += FORGET_MS / 1000 + 1
        here.alerts.observe(attempt(Kind.EXHAUSTED))
        await here.alerts.flush()
        await here.alerts.sweep()
        assert [row.kind for row in await here.rows()] == [EXHAUSTED]


async def test_opening_and_end_are_logged_once(start: Start) -> None:
    """However often it was seen, by each process that saw it, with no more of the key than may be shown."""
    with capture_logs() as logged:
        async with start() as here, start() as there:
            for process in (here, here, there):
                process.alerts.observe(attempt(Kind.CREDENTIAL))
                await process.alerts.flush()
            here.alerts.observe(attempt(None))
            await here.alerts.flush()
    told = [(each["event"], each["kind"], each["subject"]) for each in logged]
    assert told.count(("alert_resolved", INVALID, "acme …abcd")) == 1
    assert told.count(("alert_opened", INVALID, "acme …abcd")) == 2  # two processes
    assert len(told) == 3


async def test_memory_is_bounded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many subjects a caller can make up, only so many wait to be written; known ones still count."""
    monkeypatch.setattr(room, "MOST_SUBJECTS", 5)
    async with start() as here:
        for at in range(100):
            here.alerts.changed(breaker(True, f"made-up-{at}"))
        here.alerts.changed(breaker(True, "made-up-0"))
        rows = {row.subject: row.times for row in await here.rows()}
        assert len(rows) == 5
        assert rows["acme/made-up-0"] == 2


async def test_it_writes_by_itself_and_at_most_so_often(place: Place, clock: Clock) -> None:
    """Without anybody's asking; what comes while it rests goes with the next write."""
    async with Database(place.settings) as database:
        await schema.upgrade(database)
        store = _Counting(database, UuidV7())
        async with Alerts(store, clock, every_s=0.02) as alerts:
            began = store.takes
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            while (await store.page(Wanted())).alerts == () or loop.time() - began_s < 0.2:
                alerts.observe(attempt(Kind.CREDENTIAL))
                await asyncio.sleep(0)
            assert 1 <= store.takes - began <= (loop.time() - began_s) / 0.02 + 1


class _Counting(AlertStore):
    """Counts its transactions."""

    takes = 0

    async def take(self, news: Mapping[Key, News]) -> tuple[Alert, ...]:
        self.takes += 1
        return await super().take(news)


async def test_the_list_in_pages(start: Start, clock: Clock) -> None:
    """Those opened last first, by state and kind; what opens meanwhile shifts no page."""
    async with start() as here:
        for at in range(5):
            clock.now += 1
            here.alerts.observe(attempt(Kind.CREDENTIAL, credential=f"key{at}"))
            await here.alerts.flush()
        here.alerts.observe(attempt(None, credential="key0"))
        here.alerts.observe(attempt(Kind.EXHAUSTED))
        await here.alerts.flush()
        wanted = Wanted(state=State.OPEN, kind=INVALID)
        first = await here.store.page(wanted, limit=3)
        assert [row.subject[-4:] for row in first.alerts] == ["key4", "key3", "key2"]
        here.alerts.observe(attempt(Kind.CREDENTIAL, credential="late"))
        await here.alerts.flush()
        last = await here.store.page(wanted, limit=3, cursor=first.next)
        assert ([row.subject[-4:] for row in last.alerts], last.next) == (["key1"], None)
        resolved = await here.store.page(Wanted(state=State.RESOLVED))
        assert [row.subject[-4:] for row in resolved.alerts] == ["key0"]
        assert (await here.store.page(Wanted(kind="unheard_of"))).alerts == ()
        with pytest.raises(Invalid):
            await here.store.page(wanted, cursor="nobody's")


async def test_a_list_waits_for_what_is_being_written(place: Place, clock: Clock) -> None:
    """Who looks while the news is on its way to the database sees it."""
    async with Database(place.settings) as database:
        await schema.upgrade(database)
        store = _Slow(database, UuidV7())
        async with Alerts(store, clock, every_s=3600.0) as alerts:
            alerts.observe(attempt(Kind.CREDENTIAL))
            store.open.clear()
            writing = asyncio.create_task(alerts.flush())
            await asyncio.sleep(0)
            looking = asyncio.create_task(alerts.page(Wanted(), limit=50, cursor=None))
            await asyncio.wait([looking], timeout=0.1)
            store.open.set()
            await writing
            assert len((await looking).alerts) == 1


class _Slow(AlertStore):
    """Begins to write when it is let."""

    def __init__(self, database: Database, new_id: UuidV7) -> None:
        super().__init__(database, new_id)
        self.open = asyncio.Event()
        self.open.set()

    async def take(self, news: Mapping[Key, News]) -> tuple[Alert, ...]:
        await self.open.wait()
        return await super().take(news)
