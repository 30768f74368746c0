"""Fifty thousand requests whose providers fail in every way that is quick: nothing piles up, and the books
agree with the providers' own."""

import asyncio
import gc
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from baton.app import database_url
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.chaos.conftest import soon
from tests.chaos.heard import FINE, heard_in
from tests.chaos.matrix import DIALECTS, OUT_USD, TEXT, House, open_house
from tests.chaos.speech import SPEECHES
from tests.chaos.wire import PATIENCE_S
from tests.proofs import FOUND

REQUESTS = 50_000
AT_ONCE = 64
_PART = 2000
WARM = 30_000
"""Requests after which all that is kept is there: the last minutes and hours of thousands of models."""
ROUTES = 400
"""Of each dialect."""

QUICK = (
    "fault=429;retry_after=30",
    "fault=429;retry_form=none",
    "fault=500",
    "fault=503",
    "fault=529",
    "fault=reset",
    "fault=html",
    "fault=empty",
    "fault=context",
    "fault=cut;after=0",
    "fault=cut;after=3",
    "fault=malformed;after=0",
    "fault=malformed;after=5",
    "fault=error;after=0",
    "fault=error;after=9",
    "fault=unfinished;after=2",
    "fault=no-done",
)
"""Faults that no limit of time has to end."""


@dataclass(frozen=True)
class Weight:
    """What a process holds."""

    sockets: int
    tasks: int
    rss_mb: float

    @classmethod
    def now(cls) -> "Weight":
        """Of this one, Baton and providers and callers all in it."""
        gc.collect()
        fds = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(
            sockets=sum("socket:" in fd for fd in fds),
            tasks=len(asyncio.all_tasks()),
            rss_mb=pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20),
        )


class Storm:
    """Callers of every dialect that ask routes half of whose calls fail."""

    def __init__(self, house: House, seed: int) -> None:
        self._house = house
        self._rng = random.Random(seed)
        self._routes = {
            dialect: [
                house.route(dialect, f"{QUICK[number % len(QUICK)]};rate=0.5;seed={number}")
                for number in range(ROUTES)
            ]
            for dialect in DIALECTS
        }
        self._well = {dialect: house.route(dialect) for dialect in DIALECTS}
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.asked = self.torn = self.billed = self.unheard = 0
        """Calls; those whose connection was torn down; what the providers charged, and of that for words that
        came in half a JSON or behind one: nano-USD."""

    async def blow(self, requests: int) -> None:
        """So many requests, in parts, and the providers' own account of each part."""
        while requests > 0:
            await self._blow(min(requests, _PART))
            requests -= _PART
            book = self._house.simulation.calls
            async with asyncio.timeout(PATIENCE_S):
                await book.settled()
            for call in book.last:
                self.asked += 1
                self.torn += call.fault == "reset"
                self.billed += call.cost_nanos
                if call.fault == "malformed" or (call.fault in ("cut", "unfinished") and not call.stream):
                    self.unheard += call.tokens_sent * OUT_USD * 1000
            book.reset()

    async def _blow(self, requests: int) -> None:
        left = iter(range(requests))

        async def one_after_another() -> None:
            for _ in left:
                await self._one()

        async with asyncio.TaskGroup() as callers:
            for _ in range(AT_ONCE):
                callers.create_task(one_after_another())

    async def _one(self) -> None:
        rng = self._rng
        caller, *homes = (rng.choice(DIALECTS) for _ in range(4))
        first, second = (rng.choice(self._routes[home]) for home in homes[:2])
        header = f"x-baton-fallback: {second},{self._well[homes[2]]}"
        stream = rng.random() < 0.5
        reply = await self._house.ask(SPEECHES[caller.value], first, header, stream=stream)
        self.statuses[reply.status] += 1
        if reply.status == 200:
            heard = heard_in(caller, reply)
            if (heard.text, heard.finishes, heard.ends) != (TEXT, [FINE[caller]], 1):
                self.wrong.append(f"{caller.value} {first} {header}: {heard}")


async def judged(
    folder: Path, requests: int, warm: int, record_property: Callable[[str, object], None]
) -> None:
    """A storm, and what must be true after it."""
    async with open_house(
        folder, ROUTES + 1, probe_every=0
    ) as house:  # two thousand providers would be probed
        storm = Storm(house, seed=5)
        await storm.blow(warm)
        before = Weight.now()
        began_s, cpu_s = time.perf_counter(), time.process_time()
        await storm.blow(requests - warm)
        took_s, worked_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        book = house.baton.app.ledger.book
        # Rows to be written are work that is left, not a processor that finds no rest.
        await soon(lambda: book.open_count == 0 and not book.waiting_count)
        after = Weight.now()
        cpu_s = time.process_time()
        await asyncio.sleep(2)
        idle = (time.process_time() - cpu_s) / 2
        storage = StorageSettings(url=database_url(house.baton.app.store.settings))
    async with Database(storage) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
        attempts = (await connection.execute(select(ATTEMPTS))).all()
    charged, tried = sum(row.cost_nanos for row in rows), len(attempts)
    record_property(
        FOUND,
        f"{requests} requests, {tried} attempts, {storm.asked} calls; {dict(storm.statuses)}; "
        f"{(requests - warm) / took_s:.0f} a second; {before} before, {after} after; "
        f"CPU {worked_s / took_s:.2f} under load, {idle:.4f} idle; ledger {charged / 1e9:.6f} USD, "
        f"providers {storm.billed / 1e9:.6f} USD, {storm.unheard / 1e9:.6f} of it for what could not be read",
    )
    assert storm.statuses == {200: requests}
    assert storm.wrong == []
    assert after.sockets <= before.sockets + AT_ONCE
    assert after.tasks <= before.tasks + AT_ONCE
    assert after.rss_mb <= before.rss_mb + 24
    assert idle < 0.05
    assert len(rows) == requests
    assert {row.status for row in rows} == {"ok"}
    assert tried == sum(row.attempts for row in rows)
    assert charged == sum(attempt.cost_nanos for attempt in attempts)
    assert (storm.billed - storm.unheard) * 0.98 <= charged <= storm.billed * 1.02
    # A kept connection that is torn down at once is taken for a stale one, and the call made on another.
    assert storm.asked - storm.torn <= tried <= storm.asked


async def test_a_storm_of_faults_leaves_nothing_behind(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Hundreds of requests whose providers fail half of the time: each is served whole, and in the ledger."""
    await judged(tmp_path, 600, 200, record_property)


@pytest.mark.soak
async def test_fifty_thousand_faulty_requests(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Fifty thousand requests whose providers fail half of the time are served whole, and leave sockets,
    tasks, memory and an idle processor as they were."""
    await judged(tmp_path, REQUESTS, WARM, record_property)
