"""What people change of their own way in: the password, the second factor, the recovery codes."""

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.entities import Enrolment, FactorState, Login, Opened, Present, Visitor
from baton.access.signin.factors import Factors
from baton.access.signin.ground import Ground
from baton.access.signin.logins import Logins
from baton.access.signin.passwords import Passwords, checked
from baton.access.signin.sessions import Sessions
from baton.access.signin.signin import SignIn, wrong_code
from baton.core.errors import Conflict
from baton.records.audit.entry import Actor, Change


class Enrolled(Struct, frozen=True, kw_only=True):
    """A second factor that counts from now on. `codes` are shown this once."""

    codes: tuple[str, ...]
    opened: Opened
    """The session under a new token; all others have ended."""


class Account:
    """Changes ask for the password, or for a second factor, again: a browser left open is not its owner.

    Wrong ones are counted and slowed down as at the door. Everything raises `Unavailable` while the database
    is away.
    """

    def __init__(self, ground: Ground, passwords: Passwords, sessions: Sessions, door: SignIn) -> None:
        self._ground = ground
        self._passwords = passwords
        self._sessions = sessions
        self._door = door
        self._logins = Logins(ground)
        self._factors = Factors(ground)

    async def factor(self, user_id: str) -> FactorState:
        """How somebody's second factor stands."""
        async with self._ground.database.read() as connection:
            return await self._factors.state(connection, user_id)

    async def change_password(self, present: Present, old: str, new: str, visitor: Visitor) -> Opened:
        """Another password. The session goes on under a new token, all others end.

        Raises:
            Invalid: the new one is too short or too long.
            Forbidden: the old one is wrong; code `wrong_password`.
            TooMany: so many were wrong that this one was not looked at.
        """
        checked(new)  # before an attempt is spent on it, and work on a hash that nobody needs
        login = await self._door.prove(present, old, visitor)
        fresh = await self._passwords.hash(new)
        async with self._ground.database.write() as connection:
            await self._unchanged(connection, login)
            await self._logins.set_password(connection, login.user_id, fresh)
            await self._note(connection, "change_password", login.user_id, visitor)
            return await self._alone(connection, present)

    async def begin_factor(self, present: Present, password: str, visitor: Visitor) -> Enrolment:
        """A new secret for an app; it counts once `confirm_factor` was given its first code.

        Raises:
            Conflict: there is a second factor already; code `second_factor_enrolled`.
            Forbidden, TooMany: as `change_password`.
        """
        login = await self._door.prove(present, password, visitor)
        async with self._ground.database.write() as connection:
            await self._unchanged(connection, login)
            enrolment = await self._factors.begin(connection, login.user_id, login.name)
            await self._note(connection, "begin_second_factor", login.user_id, visitor)
            return enrolment

    async def confirm_factor(self, present: Present, code: str, visitor: Visitor) -> Enrolled:
        """Ask for the second factor from now on; all other sessions end.

        Raises:
            Forbidden: it is not the app's code; code `invalid_code`.
            Conflict: nothing waits for a code; code `second_factor_not_begun`.
            TooMany: so many were wrong that this one was not looked at.
        """
        attempt = await self._door.suspected(present, visitor)
        user_id = present.user.id
        async with self._ground.database.write() as connection:
            codes = await self._factors.confirm(connection, user_id, code)
            if codes is None:
                raise wrong_code()
            await self._note(connection, "enrol_second_factor", user_id, visitor)
            opened = await self._alone(connection, present, factor_at_ms=self._ground.now_ms())
        await self._door.forgive(attempt)
        return Enrolled(codes=codes, opened=opened)

    async def remove_factor(self, present: Present, password: str, code: str, visitor: Visitor) -> Opened:
        """Ask for no second factor any longer. The session goes on under a new token, all others end.

        Raises:
            Forbidden: the password is wrong (code `wrong_password`), or the code (`invalid_code`), or there
                is no second factor (`second_factor_missing`).
            TooMany: so many were wrong that this one was not looked at.
        """
        login = await self._door.prove(present, password, visitor)
        shown = await self._door.show_factor(present, code, visitor)
        async with self._ground.database.write() as connection:
            await self._unchanged(connection, login)
            await self._factors.remove(connection, login.user_id)
            await self._note(connection, "remove_second_factor", login.user_id, visitor)
            return await self._alone(connection, Present(shown.session, present.user))

    async def renew_codes(self, present: Present, visitor: Visitor) -> tuple[str, ...]:
        """New recovery codes; those that are left are worth nothing from now on.

        Raises:
            Forbidden: there is no second factor; code `second_factor_missing`.
        """
        async with self._ground.database.write() as connection:
            codes = await self._factors.renew_codes(connection, present.user.id)
            await self._note(connection, "renew_recovery_codes", present.user.id, visitor)
            return codes

    async def _unchanged(self, connection: AsyncConnection, login: Login) -> None:
        """The password was proved before this transaction; nobody may have changed it in between."""
        now = await self._logins.of(connection, login.user_id)
        if now is None or now.password_hash != login.password_hash:
            raise Conflict("The password was changed at the same moment.", code="password_changed")

    async def _alone(
        self, connection: AsyncConnection, present: Present, factor_at_ms: int | None = None
    ) -> Opened:
        opened = await self._sessions.renew(connection, present.session, factor_at_ms=factor_at_ms)
        await self._sessions.end_others(connection, present.user.id, present.session.id)
        return opened

    async def _note(self, connection: AsyncConnection, action: str, user_id: str, visitor: Visitor) -> None:
        change = Change(action=action, kind="user", key=user_id, before=None, after=None)
        await self._ground.write_down(connection, Actor(user_id, visitor.address), change)
