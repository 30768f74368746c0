"""Making, listing and taking away users and keys."""

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity import rows
from baton.access.identity.entities import ApiKey, KeyWish, NewKey, User, UserWish
from baton.access.identity.mint import KeyMint
from baton.core.clock import Clock
from baton.core.errors import Invalid, NotFound
from baton.core.ids import UuidV7
from baton.records.audit.entry import SYSTEM, Actor, Change
from baton.records.audit.scribe import Scribe
from baton.records.kind import MASK
from baton.storage.database import Database
from baton.storage.notices import Notices, bump

TOPIC = "identity"
"""What the notices call a change of users or keys."""

_LONGEST_NAME = 255
_FIRST_ADMIN = UserWish(name="admin", tier="master", roles=frozenset({"user", "admin"}))


class Identities:
    """Users and keys as an admin sees them.

    Every change is one transaction with its audit row, in force here when the call returns and in every
    other process within a second. Everything raises `Unavailable` while the database is away.
    """

    def __init__(
        self, database: Database, notices: Notices, mint: KeyMint, clock: Clock, ids: UuidV7, scribe: Scribe
    ) -> None:
        self._database = database
        self._notices = notices
        self._mint = mint
        self._clock = clock
        self._ids = ids
        self._scribe = scribe

    async def users(self) -> tuple[User, ...]:
        """All users, oldest first; the first is the first admin."""
        async with self._database.read() as connection:
            return await rows.users(connection)

    async def create_user(self, wish: UserWish, actor: Actor) -> User:
        """Make a user.

        Raises:
            Invalid: no name, a name over 255 characters, or no tier.
        """
        _check_name(wish.name)
        if not wish.tier:
            raise Invalid("A user needs a tier.", param="tier")
        async with self._database.write() as connection:
            user = await self._add_user(connection, wish, actor)
            await bump(connection, TOPIC)
        await self._notices.poll()
        return user

    async def keys(self, user_id: str | None = None) -> tuple[ApiKey, ...]:
        """All keys, or one user's, oldest first, revoked and expired ones included."""
        async with self._database.read() as connection:
            return await rows.keys(connection, user_id)

    async def create_key(self, wish: KeyWish, actor: Actor) -> NewKey:
        """Make a key; the answer is the only place where it ever stands.

        Raises:
            Invalid: no name, a name over 255 characters, an empty tier, or an expiry that has passed.
            NotFound: no such user.
        """
        _check_name(wish.name)
        if wish.tier == "":
            raise Invalid("A key's tier is a tier, or left out.", param="tier")
        if wish.expires_at_ms is not None and wish.expires_at_ms <= self._now_ms():
            raise Invalid("The expiry lies in the past.", param="expires_at")
        async with self._database.write() as connection:
            if wish.user_id not in {user.id for user in await rows.users(connection)}:
                raise NotFound("There is no such user.")
            made = await self._add_key(connection, wish, self._mint.make(), actor)
            await bump(connection, TOPIC)
        await self._notices.poll()
        return made

    async def revoke_key(self, key_id: str, actor: Actor) -> ApiKey:
        """Refuse a key from now on; for good. Revoking it again changes nothing.

        Raises:
            NotFound: no such key.
        """
        async with self._database.write() as connection:
            before = await rows.key(connection, key_id)
            if before is None:
                raise NotFound("There is no such key.")
            if before.revoked_at_ms is not None:
                return before
            after = msgspec.structs.replace(before, revoked_at_ms=self._now_ms())
            await rows.revoke(connection, key_id, self._now_ms())
            await self._write_down(connection, actor, _change("revoke", "api_key", before, after))
            await bump(connection, TOPIC)
        await self._notices.poll()
        return after

    async def make_first_admin(self, keep: Callable[[str], Awaitable[None]]) -> NewKey | None:
        """Make the first admin and their key where nobody is there yet; None where somebody is.

        `keep` is given the key before it is committed, so that no admin is ever made whose key was lost;
        it may be called again at the next start, with another key, if this one did not come to its end.
        """
        async with self._database.read() as connection:
            if await rows.any_user(connection):
                return None
        async with self._database.write() as connection:
            await bump(connection, TOPIC)  # first: another process that starts now waits here
            if await rows.any_user(connection):
                return None
            user = await self._add_user(connection, _FIRST_ADMIN, SYSTEM)
            wish = KeyWish(name="first admin key", user_id=user.id, tier=None)
            secret = self._mint.make()
            await keep(secret)
            made = await self._add_key(connection, wish, secret, SYSTEM)
        await self._notices.poll()
        return made

    async def _add_user(self, connection: AsyncConnection, wish: UserWish, actor: Actor) -> User:
        user = User(
            id=self._ids(),
            name=wish.name,
            tier=wish.tier,
            roles=wish.roles,
            created_at_ms=self._now_ms(),
        )
        await rows.insert_user(connection, user)
        shown = msgspec.structs.replace(user, name=MASK)  # the audit outlives the person's data
        await self._write_down(connection, actor, _change("create", "user", None, shown))
        return user

    async def _add_key(self, connection: AsyncConnection, wish: KeyWish, secret: str, actor: Actor) -> NewKey:
        key = ApiKey(
            id=self._ids(),
            name=wish.name,
            hint=self._mint.hint(secret),
            user_id=wish.user_id,
            tier=wish.tier,
            created_at_ms=self._now_ms(),
            expires_at_ms=wish.expires_at_ms,
        )
        await rows.insert_key(connection, key, self._mint.digest(secret))
        await self._write_down(connection, actor, _change("create", "api_key", None, key))
        return NewKey(key=key, secret=secret)

    async def _write_down(self, connection: AsyncConnection, actor: Actor, change: Change) -> None:
        await self._scribe.append(connection, actor, self._now_ms(), [change])

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise Invalid(f"A name has 1 to {_LONGEST_NAME} characters.", param="name")


def _change(action: str, kind: str, before: ApiKey | None, after: ApiKey | User) -> Change:
    return Change(
        action=action,
        kind=kind,
        key=after.id,
        before=None if before is None else _json(before),
        after=_json(after),
    )


def _json(value: ApiKey | User) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()
