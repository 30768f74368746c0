"""Changes become known to every process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from baton.storage.database import Database
from baton.storage.notices import Notices, bump
from baton.storage.settings import StorageSettings

PATIENCE_S = 10.0


@pytest.fixture
async def notices(database: Database) -> AsyncIterator[Notices]:
    """A watcher that looks often."""
    async with Notices(database, every_s=0.01) as opened:
        yield opened


async def change(database: Database, topic: str) -> None:
    async with database.write() as connection:
        await bump(connection, topic)


async def test_a_change_elsewhere_is_noticed(notices: Notices, other_database: Database) -> None:
    """A subscriber of the topic is called; one of another topic is not."""
    noticed, wrong = asyncio.Event(), asyncio.Event()

    async def on_models() -> None:
        noticed.set()

    async def on_users() -> None:
        wrong.set()

    notices.subscribe("models", on_models)
    notices.subscribe("users", on_users)
    await change(other_database, "models")
    await asyncio.wait_for(noticed.wait(), PATIENCE_S)
    assert not wrong.is_set()


async def test_a_change_elsewhere_is_noticed_within_a_second_by_default(
    database: Database, other_database: Database
) -> None:
    """The default interval keeps the promise of one second."""
    noticed = asyncio.Event()

    async def on_change() -> None:
        noticed.set()

    async with Notices(database) as notices:
        notices.subscribe("models", on_change)
        await change(other_database, "models")
        await asyncio.wait_for(noticed.wait(), 1.0)


async def test_a_change_here_is_in_force_when_poll_returns(database: Database) -> None:
    """Nobody has to wait for the next look after a change of their own."""
    calls = 0

    async def on_change() -> None:
        nonlocal calls
        calls += 1

    async with Notices(database, every_s=3600) as notices:
        notices.subscribe("models", on_change)
        await change(database, "models")
        await notices.poll()
        assert calls == 1
        await notices.poll()
        assert calls == 1


async def test_a_change_that_was_rolled_back_is_not_noticed(database: Database) -> None:
    """The counter moves with the transaction or not at all."""
    calls = 0

    async def on_change() -> None:
        nonlocal calls
        calls += 1

    async def fail() -> None:
        async with database.write() as connection:
            await bump(connection, "models")
            raise ZeroDivisionError

    async with Notices(database, every_s=3600) as notices:
        notices.subscribe("models", on_change)
        with pytest.raises(ZeroDivisionError):
            await fail()
        await notices.poll()
        assert calls == 0


async def test_a_database_that_was_away_is_caught_up_with(
    settings: StorageSettings, other_database: Database
) -> None:
    """What changed while this process could not look is noticed once it can; looking does not spin."""
    noticed = asyncio.Event()

    async def on_change() -> None:
        noticed.set()

    database = Database(settings)  # not open: as good as away
    async with Notices(database, every_s=0.01) as notices:
        notices.subscribe("models", on_change)
        await notices.poll()
        await change(other_database, "models")
        await notices.poll()
        assert not noticed.is_set()
        async with database:
            await asyncio.wait_for(noticed.wait(), PATIENCE_S)


async def test_a_database_without_its_tables_does_not_kill_the_watcher(
    notices: Notices, database: Database, other_database: Database
) -> None:
    """A file that was swapped for another, as a restore does, is looked at again later."""
    noticed = asyncio.Event()

    async def on_change() -> None:
        noticed.set()

    notices.subscribe("models", on_change)
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE notices RENAME TO elsewhere"))
    await notices.poll()
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO notices"))
    await change(other_database, "models")
    await asyncio.wait_for(noticed.wait(), PATIENCE_S)


async def test_a_subscriber_that_failed_is_called_again_and_the_others_are_not(database: Database) -> None:
    """One that cannot act now loses nothing and disturbs nobody."""
    failing, steady = 0, 0

    async def fails_once() -> None:
        nonlocal failing
        failing += 1
        if failing == 1:
            raise ZeroDivisionError

    async def works() -> None:
        nonlocal steady
        steady += 1

    async with Notices(database, every_s=3600) as notices:
        notices.subscribe("models", fails_once)
        notices.subscribe("models", works)
        await change(database, "models")
        for _ in range(3):
            await notices.poll()
    assert (failing, steady) == (2, 1)


async def test_a_subscriber_may_itself_change_things(database: Database) -> None:
    """It does not wait for itself, and its own change is noticed at the next look."""
    calls = 0

    async with Notices(database, every_s=3600) as notices:

        async def on_change() -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                await change(database, "models")
                await notices.poll()

        notices.subscribe("models", on_change)
        await change(database, "models")
        await asyncio.wait_for(notices.poll(), PATIENCE_S)
        assert calls == 1
        await notices.poll()
        assert calls == 2


async def test_who_unsubscribed_is_left_alone(database: Database) -> None:
    """Nothing is called after its owner has closed."""
    calls = 0

    async def on_change() -> None:
        nonlocal calls
        calls += 1

    async with Notices(database, every_s=3600) as notices:
        stop = notices.subscribe("models", on_change)
        stop()
        await change(database, "models")
        await notices.poll()
    assert calls == 0
