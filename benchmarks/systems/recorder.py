"""A process that only records interactions, as fast as its ledger takes them, on the real settings.

Prints one line of JSON, a `Recorded`, when all of them are in the database.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import uvloop

from baton.core.ids import UuidV7
from baton.core.usage import Usage
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.rows import Attempt, Cost, Opened, PriceUsed, Settled
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from benchmarks.figures import percentile

_AT_A_TURN = 4
"""Interactions recorded between two turns of the loop; a server is asked by its sockets, a few at a time."""

_MOST_WAITING = 8_000
"""Below `LedgerSettings.queued_rows`: what is measured is the way to the database, not the way back."""

_PAUSE_S = 0.001
_DRAINED_WITHIN_S = 120.0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What one process recorded, and how."""

    interactions: int
    """Each of one attempt."""
    cost_nanos: int
    """Of all of them."""
    seconds: float
    """Until all were in the database."""
    cpu_s: float
    """Of this process alone: journal, statements and driver; an SQLite database is in it, a server is not."""
    late_p99_ms: float
    """How late the loop woke a task that wanted to run every millisecond."""
    late_max_ms: float


class Lateness:
    """Notes how late the loop wakes a task that sleeps a millisecond at a time."""

    def __init__(self) -> None:
        self._late_s: list[float] = []

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(_PAUSE_S)
            self._late_s.append(time.perf_counter() - began_s - _PAUSE_S)

    def ms(self, share: float) -> float:
        """The lateness that this share of all wakings did not exceed."""
        return percentile(self._late_s, share) * 1000


def _interaction(interaction_id: str, cost: Cost) -> tuple[Opened, Settled]:
    """A plain chat, with all that `baton serve` writes of one."""
    usage = Usage(prompt=96, completion=48)
    attempt = Attempt(
        provider="openai",
        model="gpt-4o-mini",
        started_ms=0,
        took_ms=3,
        status="ok",
        cost=cost,
        usage=usage,
        credential="ench",
        http_status=200,
    )
    opened = Opened(
        id=interaction_id,
        user_id="01a1fd38-6610-74a9-b046-5280cad12bac",
        key_id="01a1fd38-6610-74a9-b046-5280cad12bad",
        tier="master",
        route="/v1/chat/completions",
        dialect="openai",
        model="openai/gpt-4o-mini",
        stream=False,
        prompt_tokens=95,
        estimated_cost=Cost(input_nanos=14_250, output_nanos=300_000),
        first_provider="openai",
        first_model="gpt-4o-mini",
        completion_tokens=500,
    )
    settled = Settled(
        id=interaction_id,
        status="ok",
        attempts=(attempt,),
        usage=usage,
        provider="openai",
        model="gpt-4o-mini",
        model_version="gpt-4o-mini-2024-07-18",
        price=PriceUsed(input=150_000_000, output=600_000_000, cached=75_000_000, revision="r1@initial"),
        latency_ms=3,
        upstream_ms=3,
        overhead_us=23,
        generated_chars=243,
        finish="stop",
        http_status=200,
        decision="openai/gpt-4o-mini was named in the request.",
    )
    return opened, settled


async def _record(ledger: Ledger, new_id: Callable[[], str], count: int) -> int:
    """Record so many, and have them in the database; what they cost, nano-USD."""
    total_nanos = 0
    for n in range(count):
        if n % _AT_A_TURN == 0:
            await asyncio.sleep(0 if ledger.book.waiting_count < _MOST_WAITING else _PAUSE_S)
        # No two neighbours cost the same: one that is missing and one that is doubled do not make a sum good.
        cost = Cost(input_nanos=14_400 + n % 997, output_nanos=28_800)
        total_nanos += cost.total_nanos
        opened, settled = _interaction(new_id(), cost)
        ledger.book.opened(opened)
        ledger.book.settled(settled)
    if not await ledger.flush(_DRAINED_WITHIN_S):
        raise TimeoutError(f"{ledger.book.waiting_count} interactions are not in the database")
    return total_nanos


async def _measure(root: Path, database_url: str, count: int) -> Recorded:
    new_id = UuidV7()
    async with Database(StorageSettings(url=database_url)) as database:
        await schema.upgrade(database)
        async with open_ledger(root, database, new_id) as ledger:
            # As `baton serve` does: what was loaded once is not gone through for garbage again and again.
            gc.collect()
            gc.freeze()
            lateness = Lateness()
            watching = asyncio.create_task(lateness.run())
            began_s, spent_s = time.perf_counter(), time.process_time()
            cost_nanos = await _record(ledger, new_id, count)
            seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - spent_s
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        return Recorded(
            interactions=count,
            cost_nanos=cost_nanos,
            seconds=seconds,
            cpu_s=cpu_s,
            late_p99_ms=lateness.ms(0.99),
            late_max_ms=lateness.ms(1.0),
        )


def main() -> None:
    """Records, and says how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--interactions", type=int, required=True)
    arguments = parser.parse_args()
    recorded = uvloop.run(_measure(arguments.journal, arguments.database_url, arguments.interactions))
    os.write(1, msgspec.json.encode(recorded) + b"\n")


if __name__ == "__main__":
    main()
