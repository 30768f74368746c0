"""What is told of budgets."""

import asyncio

import pytest

from baton.gateway.admission.accounts import Accounts, Hold
from baton.gateway.admission.budgets import Budget, Scope, debit_of
from baton.gateway.admission.periods import Period
from baton.gateway.admission.statements import Statements
from tests.clocks import SetClock

USERS = Budget(name="users", scope=Scope.USER, period=Period.LIFETIME, limit_usd="1")


class Ledger:
    """Is read at some time."""

    def __init__(self) -> None:
        self.read = asyncio.Event()

    async def ready(self) -> None:
        await self.read.wait()


@pytest.mark.parametrize("whole", [True, False])
async def test_nobody_is_told_that_nothing_was_spent_before_that_is_known(whole: bool) -> None:
    """After a restart whoever looks waits until the ledger is read, and then sees what it says."""
    accounts, books, clock = Accounts(), Ledger(), SetClock()
    statements = Statements(accounts, clock, books)

    async def told() -> int:
        if whole:
            [found] = (await statements.by_name([USERS]))["users"]
            return found.settled_nanos
        return (await statements.of(USERS, "ada")).settled_nanos

    looking = asyncio.create_task(told())
    await asyncio.sleep(0)
    assert not looking.done()
    hold = accounts.take([debit_of(USERS, "ada", int(clock.wall() * 1000)).account], 5, 0)
    assert isinstance(hold, Hold)
    accounts.settle(hold, 5)
    books.read.set()
    assert await looking == 5
