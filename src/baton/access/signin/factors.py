"""The second factor: codes of an app (TOTP, RFC 6238), and codes on paper for when the app is lost."""

import msgspec
from msgspec import Struct
from pyotp.exceptions import OTPVerificationError
from pyotp.totp import TOTP
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.entities import Enrolment, FactorState
from baton.access.signin.ground import Ground
from baton.access.signin.tables import FACTORS, RECOVERY_CODES
from baton.core.errors import Conflict, Forbidden

ISSUER = "Baton"
RECOVERY_CODES_EACH = 10

_STEPS_OFF = 1  # how wrong a clock may be: 30 s, and what typing takes (RFC 6238, section 5.2)
_DIGITS = 6


class _Stored(Struct, frozen=True, kw_only=True):
    user_id: str
    secret: bytes
    begun_at_ms: int
    enrolled_at_ms: int | None
    last_counter: int


class Factors:
    """Each user's second factor. A code of the app is taken once by one process, and then none before it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def state(self, connection: AsyncConnection, user_id: str) -> FactorState:
        """How it stands."""
        stored = await _stored(connection, user_id)
        count = select(func.count()).select_from(RECOVERY_CODES).where(RECOVERY_CODES.c.user_id == user_id)
        return FactorState(
            enrolled_at_ms=None if stored is None else stored.enrolled_at_ms,
            recovery_codes=(await connection.execute(count)).scalar_one(),
        )

    async def begin(self, connection: AsyncConnection, user_id: str, name: str) -> Enrolment:
        """A new secret, that counts from its first code on; one that still waits for its own is replaced.

        Raises:
            Conflict: there is a second factor already; code `second_factor_enrolled`.
        """
        stored = await _stored(connection, user_id)
        if stored is not None and stored.enrolled_at_ms is not None:
            raise Conflict("There is a second factor. Remove it first.", code="second_factor_enrolled")
        secret = self._ground.tokens.make_secret()
        await connection.execute(delete(FACTORS).where(FACTORS.c.user_id == user_id))
        fresh = _Stored(
            user_id=user_id,
            secret=self._ground.seal.close(secret.encode(), user_id),
            begun_at_ms=self._ground.now_ms(),
            enrolled_at_ms=None,
            last_counter=0,
        )
        await connection.execute(insert(FACTORS), [msgspec.structs.asdict(fresh)])
        return Enrolment(secret=secret, uri=TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))

    async def confirm(self, connection: AsyncConnection, user_id: str, code: str) -> tuple[str, ...] | None:
        """The first code: from now on it is asked for. Gives the recovery codes; None: it is not the code.

        Raises:
            Conflict: nothing waits for a code; code `second_factor_not_begun`.
        """
        stored = await _stored(connection, user_id)
        if stored is None or stored.enrolled_at_ms is not None:
            raise Conflict("No second factor waits for its first code.", code="second_factor_not_begun")
        if not await self._take(connection, stored, code):
            return None
        enrolled = update(FACTORS).where(FACTORS.c.user_id == user_id)
        await connection.execute(enrolled.values(enrolled_at_ms=self._ground.now_ms()))
        return await self._new_codes(connection, user_id)

    async def show(self, connection: AsyncConnection, user_id: str, code: str) -> bool:
        """Whether it is a code that counts: of the app, or of the paper, which is used up by it.

        Raises:
            Forbidden: this user has no second factor; code `second_factor_missing`.
        """
        stored = await self._enrolled(connection, user_id)
        if await self._take(connection, stored, code):
            return True
        digest = self._ground.tokens.code(code, user_id)
        used = delete(RECOVERY_CODES).where(
            RECOVERY_CODES.c.user_id == user_id, RECOVERY_CODES.c.digest == digest
        )
        return (await connection.execute(used)).rowcount == 1

    async def renew_codes(self, connection: AsyncConnection, user_id: str) -> tuple[str, ...]:
        """New recovery codes in place of those that are left.

        Raises:
            Forbidden: this user has no second factor; code `second_factor_missing`.
        """
        await self._enrolled(connection, user_id)
        return await self._new_codes(connection, user_id)

    async def remove(self, connection: AsyncConnection, user_id: str) -> bool:
        """Ask for none any longer; whether there was one."""
        await connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.user_id == user_id))
        return (await connection.execute(delete(FACTORS).where(FACTORS.c.user_id == user_id))).rowcount == 1

    async def _enrolled(self, connection: AsyncConnection, user_id: str) -> _Stored:
        stored = await _stored(connection, user_id)
        if stored is None or stored.enrolled_at_ms is None:
            raise Forbidden(
                "This needs a second factor, and you have none. Enrol one first.",
                code="second_factor_missing",
            )
        return stored

    async def _take(self, connection: AsyncConnection, stored: _Stored, code: str) -> bool:
        """Take a code of the app. The database decides who took it where two present the same one."""
        digits = "".join(code.split())
        if len(digits) != _DIGITS or not (digits.isascii() and digits.isdigit()):
            return False
        secret = self._ground.seal.open(stored.secret, stored.user_id).decode()
        try:
            counter = TOTP(secret).verify_and_get_timecode(
                digits, for_time=self._ground.clock.wall(), valid_window=_STEPS_OFF
            )
        except OTPVerificationError:
            return False
        taken = (
            update(FACTORS)
            .where(FACTORS.c.user_id == stored.user_id, FACTORS.c.last_counter < counter)
            .values(last_counter=counter)
        )
        return (await connection.execute(taken)).rowcount == 1

    async def _new_codes(self, connection: AsyncConnection, user_id: str) -> tuple[str, ...]:
        codes = tuple(self._ground.tokens.make_code() for _ in range(RECOVERY_CODES_EACH))
        await connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.user_id == user_id))
        values = [{"user_id": user_id, "digest": self._ground.tokens.code(code, user_id)} for code in codes]
        await connection.execute(insert(RECOVERY_CODES), values)
        return codes


async def _stored(connection: AsyncConnection, user_id: str) -> _Stored | None:
    row = (
        (await connection.execute(select(FACTORS).where(FACTORS.c.user_id == user_id)))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _Stored(**row)
