"""Signing in: a password, a second factor where there is one, and a session."""

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.entities import Login, Opened, Present, Visitor
from baton.access.signin.factors import Factors
from baton.access.signin.ground import Ground
from baton.access.signin.logins import Logins
from baton.access.signin.passwords import Passwords, Verdict
from baton.access.signin.sessions import KIND, Sessions, owner
from baton.access.signin.suspicion import Suspicion
from baton.access.signin.throttle import Counter, Throttle
from baton.core.errors import Forbidden, TooMany, Unauthenticated
from baton.records.audit.entry import Actor, Change

_NOBODY = "nobody"
"""Who acts, and on whom, where the name is nobody's: the name itself may be somebody's password."""


class Attempt(Struct, frozen=True):
    """Something that somebody tries, and what it is counted under."""

    login: Login
    counters: tuple[Counter, ...]


class SignIn:
    """The door. Every attempt that is made is in the audit, those that had to wait are not.

    Everything raises `Unavailable` while the database is away.
    """

    def __init__(self, ground: Ground, passwords: Passwords, throttle: Throttle, sessions: Sessions) -> None:
        self._ground = ground
        self._passwords = passwords
        self._throttle = throttle
        self._sessions = sessions
        self._logins = Logins(ground)
        self._factors = Factors(ground)
        self._suspicion = Suspicion(ground.tokens)

    async def sign_in(self, name: str, password: str, visitor: Visitor) -> Opened:
        """A session for who knows the password; not `complete` where a second factor is owed.

        Raises:
            Unauthenticated: name or password is wrong, whichever; code `invalid_credentials`.
            TooMany: so many were wrong that this one was not looked at.
        """
        async with self._ground.database.read() as connection:
            login = await self._logins.named(connection, name)
        counters = self._suspicion.of_password(name, login, visitor)
        await self._begin(counters)
        stored = None if login is None else login.password_hash
        verdict = await self._passwords.verify(stored, password)
        opened: Opened | None = None
        async with self._ground.database.write() as connection:
            if login is not None and verdict.right:
                opened = await self._open(connection, login, verdict, visitor)
            if opened is None:
                await self._note_failure(connection, "password", login, visitor)
        if opened is None:
            raise Unauthenticated("The name or the password is wrong.", code="invalid_credentials")
        await self._throttle.succeed(counters)
        return opened

    async def show_factor(self, present: Present, code: str, visitor: Visitor) -> Opened:
        """The second factor, to complete a sign-in or before something dangerous: the session, under a new
        token.

        Raises:
            Forbidden: the code is wrong, or was used before (code `invalid_code`); there is no second factor
                (code `second_factor_missing`).
            TooMany: so many were wrong that this one was not looked at.
        """
        attempt = await self.suspected(present, visitor)
        login = attempt.login
        opened: Opened | None = None
        async with self._ground.database.write() as connection:
            if await self._factors.show(connection, login.user_id, code):
                now_ms = self._ground.now_ms()
                opened = await self._sessions.renew(connection, present.session, factor_at_ms=now_ms)
                action = "second_factor" if present.session.complete else "sign_in"
                await self._note(connection, action, opened, visitor)
            else:
                await self._note_failure(connection, "second_factor", login, visitor)
        if opened is None:
            raise wrong_code()
        await self.forgive(attempt)
        return msgspec.structs.replace(opened, device=self._device(login, visitor))

    async def suspected(self, present: Present, visitor: Visitor) -> Attempt:
        """Somebody's second factor is about to be tried: it is counted as a failure until it is forgiven.

        Raises:
            Forbidden: this user does not sign in with a password; code `no_password`.
            TooMany: so many were wrong that this one must not be looked at.
        """
        login = await self._own(present)
        attempt = Attempt(login, self._suspicion.of_factor(login, visitor))
        await self._begin(attempt.counters)
        return attempt

    async def forgive(self, attempt: Attempt) -> None:
        """It was right."""
        await self._throttle.succeed(attempt.counters)

    async def prove(self, present: Present, password: str, visitor: Visitor) -> Login:
        """Whoever has the session knows the password, too; whose it is.

        Raises:
            Forbidden: it is wrong (code `wrong_password`), or there is none (`no_password`).
            TooMany: so many were wrong that this one was not looked at.
        """
        login = await self._own(present)
        counters = self._suspicion.of_password(login.name, login, visitor)
        await self._begin(counters)
        verdict = await self._passwords.verify(login.password_hash, password)
        if not verdict.right:
            async with self._ground.database.write() as connection:
                await self._note_failure(connection, "password", login, visitor)
            raise Forbidden("The password is wrong.", code="wrong_password")
        await self._throttle.succeed(counters)
        return login

    async def _own(self, present: Present) -> Login:
        async with self._ground.database.read() as connection:
            login = await self._logins.of(connection, present.user.id)
        if login is None:
            raise Forbidden("You have no password.", code="no_password")
        return login

    async def sign_out(self, present: Present, visitor: Visitor) -> None:
        """End the session."""
        user_id = present.user.id
        await self._sessions.end(user_id, present.session.id, Actor(user_id, visitor.address))

    async def _begin(self, counters: tuple[Counter, ...]) -> None:
        wait_s = await self._throttle.begin(counters)
        if wait_s > 0:
            raise TooMany(
                "Too many attempts failed. Wait before the next one.",
                code="too_many_attempts",
                retry_after_s=wait_s,
            )

    async def _open(
        self, connection: AsyncConnection, login: Login, verdict: Verdict, visitor: Visitor
    ) -> Opened | None:
        """None: the password was changed while it was verified, or its owner may not sign in."""
        now = await self._logins.of(connection, login.user_id)
        if now is None or now.password_hash != login.password_hash:
            return None
        if await owner(connection, login.user_id) is None:
            return None
        if verdict.renewed is not None:
            await self._logins.rehash(connection, login, verdict.renewed)
        factor = await self._factors.state(connection, login.user_id)
        complete = factor.enrolled_at_ms is None
        opened = await self._sessions.begin(connection, login.user_id, visitor, complete=complete)
        await self._note(connection, "sign_in" if complete else "password", opened, visitor)
        if not complete:
            return opened
        return msgspec.structs.replace(opened, device=self._device(login, visitor))

    def _device(self, login: Login, visitor: Visitor) -> str | None:
        """A mark for the browser, unless it carries one of this user already."""
        return self._ground.tokens.fresh_device(visitor.device, login.user_id)

    async def _note(self, connection: AsyncConnection, action: str, opened: Opened, visitor: Visitor) -> None:
        actor = Actor(opened.session.user_id, visitor.address)
        change = Change(action=action, kind=KIND, key=opened.session.id, before=None, after=None)
        await self._ground.write_down(connection, actor, change)

    async def _note_failure(
        self, connection: AsyncConnection, what: str, login: Login | None, visitor: Visitor
    ) -> None:
        key = _NOBODY if login is None else login.user_id
        change = Change(action=f"wrong_{what}", kind="user", key=key, before=None, after=None)
        await self._ground.write_down(connection, Actor(_NOBODY, visitor.address), change)


def wrong_code() -> Forbidden:
    """A code that is not the one, or was used before."""
    return Forbidden("The code is wrong, or was used before.", code="invalid_code")
