"""A process that shares limits and budgets, in a test."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from baton.core.clock import SystemClock
from baton.gateway.admission.shared.member import Member, MemberSettings
from baton.gateway.admission.shared.state import SCRIPTS, State
from baton.storage.keyvalue.line import Line
from tests.redis_server import RedisServer

QUICK = MemberSettings(others_s=0.05, patience_s=1.0, beat_s=0.05, lease_s=3600.0)
"""And without leases, so that nothing is held but what a call holds."""


@asynccontextmanager
async def a_member(server: RedisServer) -> AsyncGenerator[Member]:
    """One that is alone on an emptied Redis, and whose ledger has nothing."""
    server.flush()
    epochs = (str(number) for number in itertools.count(1))

    async def compare() -> None:
        """There is nothing to be raised to."""

    async with (
        Line(server.url, SCRIPTS) as line,
        Member(line, State(line, "tests"), SystemClock(), lambda: next(epochs), compare, QUICK) as member,
    ):
        await member.ready()
        yield member
