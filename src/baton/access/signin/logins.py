"""Names and passwords of those who may sign in, and invitations to choose a password."""

import msgspec
from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.entities import Invitation, Invited, Login
from baton.access.signin.ground import Ground
from baton.access.signin.tables import INVITATIONS, LOGINS
from baton.access.signin.tokens import folded
from baton.core.errors import Conflict, Invalid, NotFound

LONGEST_NAME = 128
_LONGEST_KEY = 512  # some characters become eighteen when they are folded
_INVITED_MS = 72 * 3600 * 1000
"""How long an invitation waits: over a weekend."""

_COLUMNS = ("user_id", "name", "password_hash", "changed_at_ms", "lifted_at_ms")


class Logins:
    """Rows of logins and invitations, each step in a transaction of the caller's."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def named(self, connection: AsyncConnection, name: str) -> Login | None:
        """Who signs in by that name, however it is written."""
        return await _one(connection, LOGINS.c.folded == folded(name))

    async def of(self, connection: AsyncConnection, user_id: str) -> Login | None:
        """By which name and password a user signs in; None: not at all."""
        return await _one(connection, LOGINS.c.user_id == user_id)

    async def name(self, connection: AsyncConnection, user_id: str, name: str) -> Login:
        """Let a user sign in by that name, once they have a password.

        Raises:
            Invalid: no name, one of more than 128 characters, or one that cannot be printed.
            Conflict: somebody else has it; code `name_taken`.
        """
        key = folded(name)
        if not key or len(name) > LONGEST_NAME or len(key) > _LONGEST_KEY or not name.strip().isprintable():
            raise Invalid(
                f"A name to sign in with has 1 to {LONGEST_NAME} printable characters.", param="name"
            )
        taken = await self.named(connection, name)
        if taken is not None and taken.user_id != user_id:
            raise Conflict("Somebody else signs in by that name.", code="name_taken", param="name")
        before = await self.of(connection, user_id)
        if before is None:
            login = Login(
                user_id=user_id,
                name=name.strip(),
                password_hash=None,
                changed_at_ms=self._ground.now_ms(),
                lifted_at_ms=0,
            )
            values = {column: getattr(login, column) for column in _COLUMNS}
            await connection.execute(insert(LOGINS), [{**values, "folded": key}])
            return login
        renamed = update(LOGINS).where(LOGINS.c.user_id == user_id)
        await connection.execute(renamed.values(name=name.strip(), folded=key))
        return msgspec.structs.replace(before, name=name.strip())

    async def set_password(self, connection: AsyncConnection, user_id: str, password_hash: str) -> None:
        """Another password; an invitation that was open is closed by it."""
        changed = update(LOGINS).where(LOGINS.c.user_id == user_id)
        await connection.execute(
            changed.values(password_hash=password_hash, changed_at_ms=self._ground.now_ms())
        )
        await connection.execute(delete(INVITATIONS).where(INVITATIONS.c.user_id == user_id))

    async def rehash(self, connection: AsyncConnection, login: Login, password_hash: str) -> None:
        """The same password at today's cost, unless it was changed meanwhile."""
        same = update(LOGINS).where(
            LOGINS.c.user_id == login.user_id, LOGINS.c.password_hash == login.password_hash
        )
        await connection.execute(same.values(password_hash=password_hash))

    async def lift(self, connection: AsyncConnection, user_id: str) -> None:
        """Forgive the failures so far.

        Raises:
            NotFound: this user does not sign in.
        """
        forgiven = update(LOGINS).where(LOGINS.c.user_id == user_id)
        lifted = await connection.execute(forgiven.values(lifted_at_ms=self._ground.now_ms()))
        if lifted.rowcount != 1:
            raise NotFound("There is nobody of that name who signs in.")

    async def invite(self, connection: AsyncConnection, login: Login) -> Invited:
        """Let a user choose a password; an earlier invitation is worth nothing from now on."""
        token = self._ground.tokens.make()
        expires_at_ms = self._ground.now_ms() + _INVITED_MS
        await connection.execute(delete(INVITATIONS).where(INVITATIONS.c.user_id == login.user_id))
        values = {
            "user_id": login.user_id,
            "digest": self._ground.tokens.invitation(token),
            "expires_at_ms": expires_at_ms,
        }
        await connection.execute(insert(INVITATIONS), [values])
        invitation = Invitation(user_id=login.user_id, name=login.name, expires_at_ms=expires_at_ms)
        return Invited(invitation=invitation, token=token)

    async def invitation(self, connection: AsyncConnection, token: str) -> Invitation:
        """Whose invitation this is.

        Raises:
            NotFound: there is none, or it was used, replaced, or has ended.
        """
        digest = self._ground.tokens.invitation(token)
        query = (
            select(INVITATIONS.c.user_id, LOGINS.c.name, INVITATIONS.c.expires_at_ms)
            .join(LOGINS, LOGINS.c.user_id == INVITATIONS.c.user_id)
            .where(INVITATIONS.c.digest == digest)
        )
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None or row["expires_at_ms"] <= self._ground.now_ms():
            raise NotFound("This invitation is not known, was used, or has ended.")
        return Invitation(**row)


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> Login | None:
    query = select(*(LOGINS.c[name] for name in _COLUMNS)).where(condition)
    row: RowMapping | None = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Login(**row)
