"""Letting people in: one-time invitations to choose a password, and what the operator may do for somebody."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.entities import Invitation, Invited, Login, Opened, Visitor
from baton.access.signin.factors import Factors
from baton.access.signin.ground import Ground
from baton.access.signin.logins import Logins
from baton.access.signin.passwords import Passwords
from baton.access.signin.sessions import Sessions, owner
from baton.core.errors import NotFound
from baton.records.audit.entry import Actor, Change


class Invitations:
    """Each change is one transaction with its audit row.

    Everything raises `Unavailable` while the database is away.
    """

    def __init__(self, ground: Ground, passwords: Passwords, sessions: Sessions) -> None:
        self._ground = ground
        self._passwords = passwords
        self._sessions = sessions
        self._logins = Logins(ground)
        self._factors = Factors(ground)

    async def invite(self, user_id: str, actor: Actor, name: str | None = None) -> Invited:
        """Let a user choose a password, once and within three days. Until then the old one counts, if any.

        `name`: what they sign in with; None: the one they have, else their e-mail address, else their name.

        Raises:
            NotFound: there is no such user, or they are disabled.
            Invalid: the name is none to sign in with.
            Conflict: somebody else signs in by it; code `name_taken`.
        """
        async with self._ground.database.write() as connection:
            login = await self._login(connection, user_id, name)
            invited = await self._logins.invite(connection, login)
            await self._note(connection, "invite", user_id, actor)
            return invited

    async def look(self, token: str) -> Invitation:
        """Whose invitation this is; looking does not use it up.

        Raises:
            NotFound: there is none, or it was used, replaced, or has ended.
        """
        async with self._ground.database.read() as connection:
            return await self._logins.invitation(connection, token)

    async def accept(self, token: str, password: str, visitor: Visitor) -> Opened:
        """Choose the password, and be signed in, but for a second factor that was enrolled before.

        Every other session of the user ends.

        Raises:
            NotFound: there is no such invitation, or it was used, replaced, or has ended.
            Invalid: the password is too short or too long.
        """
        await self.look(token)  # before work is done for a stranger
        fresh = await self._passwords.hash(password)
        async with self._ground.database.write() as connection:
            invitation = await self._logins.invitation(connection, token)
            user_id = invitation.user_id
            if await owner(connection, user_id) is None:
                raise NotFound("This invitation is not known, was used, or has ended.")
            await self._logins.set_password(connection, user_id, fresh)
            await self._sessions.end_others(connection, user_id, None)
            factor = await self._factors.state(connection, user_id)
            complete = factor.enrolled_at_ms is None
            opened = await self._sessions.begin(connection, user_id, visitor, complete=complete)
            await self._note(connection, "accept_invitation", user_id, Actor(user_id, visitor.address))
            if not complete:
                return opened
            device = self._ground.tokens.fresh_device(visitor.device, user_id)
            return msgspec.structs.replace(opened, device=device)

    async def set_password(self, user_id: str, password: str, actor: Actor, name: str | None = None) -> Login:
        """A password that the operator chose for somebody; every session of theirs ends.

        Raises:
            As `invite`; Invalid: the password is too short or too long.
        """
        fresh = await self._passwords.hash(password)
        async with self._ground.database.write() as connection:
            login = await self._login(connection, user_id, name)
            await self._logins.set_password(connection, user_id, fresh)
            await self._sessions.end_others(connection, user_id, None)
            await self._note(connection, "set_password", user_id, actor)
            return login

    async def reset_factor(self, user_id: str, actor: Actor) -> None:
        """Take somebody's second factor away, who has lost the app and the recovery codes; every session of
        theirs ends.

        Raises:
            NotFound: they have none.
        """
        async with self._ground.database.write() as connection:
            if not await self._factors.remove(connection, user_id):
                raise NotFound("This user has no second factor.")
            await self._sessions.end_others(connection, user_id, None)
            await self._note(connection, "reset_second_factor", user_id, actor)

    async def unlock(self, user_id: str, actor: Actor) -> None:
        """Forgive somebody's failures so far, in every process.

        Raises:
            NotFound: this user does not sign in.
        """
        async with self._ground.database.write() as connection:
            await self._logins.lift(connection, user_id)
            await self._note(connection, "unlock", user_id, actor)

    async def login(self, user_id: str) -> Login | None:
        """By which name somebody signs in; None: not at all."""
        async with self._ground.database.read() as connection:
            return await self._logins.of(connection, user_id)

    async def whose(self, name: str) -> str | None:
        """Who signs in by that name; None: nobody."""
        async with self._ground.database.read() as connection:
            login = await self._logins.named(connection, name)
        return None if login is None else login.user_id

    async def _login(self, connection: AsyncConnection, user_id: str, name: str | None) -> Login:
        user = await owner(connection, user_id)
        if user is None:
            raise NotFound("There is no such user, or they are disabled.")
        before = await self._logins.of(connection, user_id)
        if before is not None and name is None:
            return before
        return await self._logins.name(connection, user_id, name or user.email or user.name)

    async def _note(self, connection: AsyncConnection, action: str, user_id: str, actor: Actor) -> None:
        change = Change(action=action, kind="user", key=user_id, before=None, after=None)
        await self._ground.write_down(connection, actor, change)
