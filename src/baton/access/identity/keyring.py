"""Who presents which key: one hash and one look-up per request."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

from baton.access.identity import rows
from baton.access.identity.entities import ApiKey, User
from baton.access.identity.identities import TOPIC
from baton.access.identity.mint import KeyMint
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import Unauthenticated, Unavailable
from baton.storage.database import Database
from baton.storage.notices import Notices

MASTER_KEY_ID = "master"
"""The id that the ledger records for `BATON_MASTER_KEY`, which is stored nowhere."""

_LONGEST_KEY = 512  # characters; hashing a whole header's worth would be work done for a stranger


@dataclass(frozen=True, slots=True)
class _Held:
    caller: Caller
    expires_at_s: float


class Keyring:
    """Every valid key, in memory; follows what this and other processes make and revoke."""

    def __init__(
        self,
        database: Database,
        notices: Notices,
        mint: KeyMint,
        clock: Clock,
        master_key: str | None = None,
    ) -> None:
        """`master_key`: a further key of the first admin, as given in the environment."""
        self._database = database
        self._notices = notices
        self._digest = mint.digest
        self._wall = clock.wall
        self._master = mint.digest(master_key) if master_key else None
        self._held: Mapping[bytes, _Held] | None = None
        self._used_at_s: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._unsubscribe: Callable[[], None] | None = None

    async def open(self) -> None:
        """Load the keys and follow their changes; may be called again after it failed.

        Raises:
            Unavailable: the database is away.
        """
        await self._reload()
        self._unsubscribe = self._notices.subscribe(TOPIC, self._reload)
        await self._reload()  # what changed in between

    async def close(self) -> None:
        """Follow no more changes."""
        unsubscribe, self._unsubscribe = self._unsubscribe, None
        if unsubscribe is not None:
            unsubscribe()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def authenticate(self, presented: str | None) -> Caller:
        """Who presents this key.

        Raises:
            Unauthenticated: none was presented (code `missing_api_key`), or it is unknown, revoked or
                expired (code `invalid_api_key`, the same words for each).
            Unavailable: the keys are not loaded yet.
        """
        if not presented:
            raise Unauthenticated(
                "No API key was given. Send one as `Authorization: Bearer bk-…`.", code="missing_api_key"
            )
        if self._held is None:
            raise Unavailable("The API keys are not loaded yet.", retry_after_s=1.0)
        held = self._held.get(self._digest(presented)) if len(presented) <= _LONGEST_KEY else None
        now_s = self._wall()
        if held is None or now_s >= held.expires_at_s:
            raise Unauthenticated("The API key is not valid: unknown, revoked or expired.")
        self._used_at_s[held.caller.key_id] = now_s
        return held.caller

    def take_uses(self) -> dict[str, float]:
        """When each key was last used (Unix seconds) since this was last called."""
        used, self._used_at_s = self._used_at_s, {}
        used.pop(MASTER_KEY_ID, None)
        return used

    async def _reload(self) -> None:
        async with self._turn:
            async with self._database.read() as connection:
                users = await rows.users(connection)
                stored = await rows.live_digests(connection)
            owners = {user.id: user for user in users}
            held = {digest: _stored(key, owners[key.user_id]) for digest, key in stored}
            if self._master is not None and users:
                caller = _caller(MASTER_KEY_ID, users[0], users[0].tier)
                held[self._master] = _Held(caller, inf)
            self._held = held


def _stored(key: ApiKey, owner: User) -> _Held:
    expires_at_s = inf if key.expires_at_ms is None else key.expires_at_ms / 1000
    return _Held(_caller(key.id, owner, key.tier or owner.tier), expires_at_s)


def _caller(key_id: str, owner: User, tier: str) -> Caller:
    return Caller(user_id=owner.id, key_id=key_id, tier=tier, roles=owner.roles)
