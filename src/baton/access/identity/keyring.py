"""Who presents which key: one hash and one look-up per request."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

from msgspec import structs

from baton.access.identity import project_rows, rows
from baton.access.identity.editing import TOPIC
from baton.access.identity.entities import ADMIN, ApiKey, User
from baton.access.identity.mint import KeyMint
from baton.access.identity.project_rows import NO_WORKPLACES, Workplaces
from baton.core.caller import SCOPES, Caller, KeyBudget, KeyLimits, Scope
from baton.core.clock import Clock
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds
from baton.core.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from baton.storage.database import Database
from baton.storage.notices import Notices

MASTER_KEY_ID = "master"
"""The id that the ledger records for `BATON_MASTER_KEY`, which is stored nowhere."""

_NOT_VALID = "The API key is not valid: unknown, revoked, expired, or its user is disabled."
_OWN_PART = 27  # characters of a user's id, its random ones among them: the ledger's column has 36
_LONGEST_KEY = 512  # characters; hashing a whole header's worth would be work done for a stranger


@dataclass(frozen=True, slots=True)
class _Held:
    caller: Caller
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class _People:
    """Who may ask, and for which projects."""

    users: Mapping[str, User]
    """Those that are not disabled."""
    workplaces: Workplaces

    def caller(self, owner: User, key_id: str, key: ApiKey | None = None) -> Caller:
        """Somebody with a key; None: with all that they may."""
        scopes = SCOPES if key is None or key.scopes is None else key.scopes
        if not owner.is_admin:
            scopes -= {ADMIN}
        is_admin, places = ADMIN in scopes, self.workplaces
        return Caller(
            user_id=owner.id,
            key_id=key_id,
            tier=owner.tier if key is None else key.tier or owner.tier,
            roles=owner.roles if is_admin else owner.roles - {ADMIN},
            scopes=scopes,
            models=None if key is None else key.models,
            projects=places.projects if is_admin else places.of_user.get(owner.id, frozenset()),
            limits=None if key is None else key.limits,
            budget=None if key is None else key.budget,
        )


def session_key_id(user_id: str) -> str:
    """What the ledger records for somebody signed in, who uses no key: each of them is one of their own."""
    return f"session-{user_id[-_OWN_PART:]}"


_NOBODY = _People({}, NO_WORKPLACES)


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
        self._by_id: Mapping[str, _Held] = {}
        self._people = _NOBODY
        self.budgets: Mapping[str, KeyBudget] = {}
        """Of the keys that carry one, by their ids."""
        self._listeners: list[Callable[[], None]] = []
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
            Unauthenticated: none was presented (code `missing_api_key`), or it is unknown, revoked,
                expired, or its user disabled (code `invalid_api_key`, the same words for each).
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
            raise Unauthenticated(_NOT_VALID)
        self._used_at_s[held.caller.key_id] = now_s
        return held.caller

    def caller(self, user_id: str, key_id: str) -> Caller | None:
        """A user without a key, known some other way, with all that they may; None: unknown or disabled.

        `key_id` is what stands for a key in the ledger.
        """
        owner = self._people.users.get(user_id)
        return None if owner is None else self._people.caller(owner, key_id)

    def holder(self, user_id: str, key_id: str) -> Caller:
        """Who once asked with a key, by its id, with what is set for it now: for what goes on without them.

        Raises:
            Unauthenticated: the key is gone, or its user is disabled (code `invalid_api_key`).
        """
        held = self._by_id.get(key_id)
        if held is not None and self._wall() < held.expires_at_s:
            caller = held.caller
        else:
            caller = self.caller(user_id, key_id) if key_id == session_key_id(user_id) else None
        if caller is None:
            raise Unauthenticated("The key that this was asked for with is not valid any more.")
        if caller.user_id == user_id:
            return caller
        return self.standing_in(caller, user_id)

    def standing_in(self, caller: Caller, user_id: str) -> Caller:
        """An admin who asks for somebody else: as that user, with what is set for the admin's key.

        Raises:
            Forbidden: the caller is no admin, and it is not their own id (`admin_required`).
            NotFound: there is no such user, or they are disabled.
        """
        if user_id == caller.user_id:
            return caller
        if not caller.is_admin:
            raise Forbidden("Only an admin may act for another user.", code="admin_required", param="userId")
        theirs = self.caller(user_id, caller.key_id)
        if theirs is None:
            raise NotFound("There is no such user.", code="user_not_found", param="userId")
        return structs.replace(
            theirs, scopes=caller.scopes, models=caller.models, limits=caller.limits, budget=caller.budget
        )

    def required_by(self, project: str) -> DataNeeds:
        """What a project, by id or name, requires of whoever serves it."""
        needs = self._people.workplaces.data_needs
        return needs.get(project) or needs.get(project.casefold(), NO_DATA_NEEDS) if needs else NO_DATA_NEEDS

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it when budgets of keys have changed, before the next request."""
        self._listeners.append(listener)

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
                workplaces = await project_rows.workplaces(connection)
            active = {user.id: user for user in users if user.disabled_at_ms is None}
            people = _People(active, workplaces)
            held: dict[bytes, _Held] = {}
            for digest, before, key in stored:
                owner = active.get(key.user_id)
                if owner is not None:
                    caller = people.caller(owner, key.id, key)
                    until_s = _seconds(key.expires_at_ms)
                    held[digest] = _Held(caller, until_s)
                    if before is not None:
                        until_s = min(until_s, _seconds(key.before_until_ms))
                        held[before] = _Held(_earlier(caller), until_s)
            if self._master is not None and users:
                caller = people.caller(users[0], MASTER_KEY_ID)
                held[self._master] = _Held(structs.replace(caller, limits=KeyLimits(unlimited=True)), inf)
            self._held, self._people = held, people
            self._by_id = {each.caller.key_id: each for each in held.values() if not each.caller.replaced}
            self._tell({key.id: key.budget for *_, key in stored if key.budget is not None})

    def _tell(self, budgets: Mapping[str, KeyBudget]) -> None:
        if budgets != self.budgets:
            self.budgets = budgets
            for listener in self._listeners:
                listener()


def _earlier(caller: Caller) -> Caller:
    """By the secret before: with all that serves requests, and nothing that could take the key over."""
    return structs.replace(caller, scopes=caller.scopes - {Scope.ACCOUNT, Scope.ADMIN}, replaced=True)


def _seconds(at_ms: int | None) -> float:
    return inf if at_ms is None else at_ms / 1000
