"""A reception on a database of each kind, and people who come to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pyotp.totp import TOTP

from baton.access.identity import rows
from baton.access.identity.entities import User
from baton.access.identity.secret import SecretRoot
from baton.access.signin.entities import Opened, Present, Visitor
from baton.access.signin.ground import Ground
from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.reception import Reception, open_reception
from baton.access.signin.seal import Seal
from baton.access.signin.tokens import Tokens
from baton.core.ids import UuidV7
from baton.records.audit.entry import Actor
from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe
from baton.storage import schema
from baton.storage.database import Database
from tests.access.identity.conftest import SetClock
from tests.databases import Place

OPERATOR = Actor(id="operator", source="cli")
PASSWORD = "correct horse battery"
HOME = Visitor(address="192.0.2.1", agent="a browser")
AWAY = Visitor(address="198.51.100.7", agent="another browser")


@dataclass(frozen=True)
class House:
    """A reception, and what a test does there again and again."""

    reception: Reception
    clock: SetClock

    async def person(self, name: str = "ada@example.com", password: str = PASSWORD) -> User:
        """Somebody who may sign in."""
        ground = self.reception.ground
        user = User(
            id=ground.new_id(),
            name=name,
            tier="free",
            roles=frozenset({"user"}),
            created_at_ms=ground.now_ms(),
        )
        async with ground.database.write() as connection:
            await rows.insert_user(connection, user)
        await self.reception.invitations.set_password(user.id, password, OPERATOR)
        return user

    async def sign_in(
        self, name: str = "ada@example.com", password: str = PASSWORD, visitor: Visitor = HOME
    ) -> Opened:
        return await self.reception.door.sign_in(name, password, visitor)

    async def present(self, opened: Opened) -> Present:
        return await self.reception.sessions.find(opened.token)

    async def enrol(self, opened: Opened) -> "App":
        """Give the session's user a second factor; the app that has it, and the recovery codes."""
        present = await self.present(opened)
        begun = await self.reception.account.begin_factor(present, PASSWORD, HOME)
        app = App(TOTP(begun.secret), self.clock)
        enrolled = await self.reception.account.confirm_factor(present, app.code(), HOME)
        self.clock.now += 30
        return replace(app, codes=enrolled.codes, opened=enrolled.opened)


@dataclass(frozen=True)
class App:
    """Somebody's app for second factors."""

    totp: TOTP
    clock: SetClock
    codes: tuple[str, ...] = ()
    opened: Opened | None = None

    def code(self, steps: int = 0) -> str:
        """Its code, so many half minutes from now."""
        return self.totp.at(self.clock.now + 30 * steps)


ROOT = SecretRoot("a secret root for tests")


@asynccontextmanager
async def receiving(
    database: Database, clock: SetClock, throttle: MemoryThrottle | None = None
) -> AsyncIterator[House]:
    """A process that receives people."""
    ground = Ground(
        database=database,
        scribe=Scribe(AuditKeys(chain=ROOT.derive("chain"), persons=ROOT.derive("persons"))),
        clock=clock,
        new_id=UuidV7(),
        tokens=Tokens(ROOT),
        seal=Seal(ROOT.derive("seal")),
    )
    await ground.scribe.begin(database, ground.now_ms())
    async with open_reception(ground, throttle or MemoryThrottle(clock)) as reception:
        yield House(reception, clock)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def house(place: Place, clock: SetClock) -> AsyncIterator[House]:
    """On an empty database, once of each kind."""
    async with Database(place.settings) as database:
        await schema.upgrade(database)
        async with receiving(database, clock) as house:
            yield house
