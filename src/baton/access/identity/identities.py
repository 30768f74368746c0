"""Making, changing and taking away users and keys."""

from collections.abc import Awaitable, Callable

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity import lists, project_rows, rows
from baton.access.identity.editing import Edit, Editing, require_revision
from baton.access.identity.entities import (
    ADMIN,
    ApiKey,
    KeyChange,
    KeyWish,
    NewKey,
    User,
    UserChange,
    UserWish,
)
from baton.access.identity.lists import KeysWanted, UsersWanted
from baton.access.identity.mint import KeyMint
from baton.access.identity.wishes import changed_key, changed_user, check_expiry, check_key, check_user
from baton.core.caller import KeyLimits
from baton.core.errors import Conflict, Invalid, NotFound
from baton.core.ids import UuidV7
from baton.records.audit.entry import SYSTEM, Actor

LONGEST_OVERLAP_S = 30 * 86_400
"""How long a secret may stay good beside the one that took its place."""

_FIRST_ADMIN = UserWish(name="admin", tier="master", roles=frozenset({"user", ADMIN}))

Named = Callable[[str], Awaitable[bool]]
"""Whether something that is kept for good names a user."""

ShowOut = Callable[[AsyncConnection, str], Awaitable[None]]
"""End every way in that a user has besides keys, in a transaction of the caller's."""


class Identities:
    """Users and keys as an admin sees them; every change as `Editing` has it."""

    def __init__(self, editing: Editing, mint: KeyMint, ids: UuidV7, show_out: ShowOut | None = None) -> None:
        """`show_out`: what becomes of who is disabled; their keys are refused without it."""
        self._editing = editing
        self._show_out = show_out
        self._mint = mint
        self._ids = ids

    async def users(self) -> tuple[User, ...]:
        """All users, oldest first; the first is the first admin."""
        async with self._editing.read() as connection:
            return await rows.users(connection)

    async def user(self, user_id: str) -> User:
        """One user.

        Raises:
            NotFound: no such user.
        """
        async with self._editing.read() as connection:
            return _there(await rows.user(connection, user_id))

    async def find_users(self, wanted: UsersWanted) -> tuple[User, ...]:
        """Those that are wanted, oldest first."""
        async with self._editing.read() as connection:
            return await lists.users(connection, wanted)

    async def create_user(self, wish: UserWish, actor: Actor) -> User:
        """Make a user.

        Raises:
            Invalid: something of it cannot be; names the field.
            Conflict: somebody else has the e-mail address or the subject.
        """
        async with self._editing.edit(actor) as edit:
            return await self._add_user(edit, wish)

    async def change_user(
        self, user_id: str, change: UserChange, actor: Actor, revision: int | None = None
    ) -> User:
        """Change a user; `revision`: the one that is meant, None: whichever it is.

        Raises:
            NotFound: no such user.
            Invalid: something of it cannot be; names the field.
            Conflict: changed meanwhile (`revision_conflict`); the first admin would be none (`first_admin`);
                somebody else has the e-mail address or the subject.
        """
        async with self._editing.edit(actor) as edit:
            before = _there(await rows.user(edit.connection, user_id))
            require_revision(before.revision, revision)
            after = changed_user(before, change, edit.now_ms)
            if after == before:
                return before
            if not after.is_admin or after.disabled_at_ms is not None:
                await _spare_first(edit, user_id)
            await _require_alone(edit, after)
            after = structs.replace(after, revision=before.revision + 1)
            await rows.update_user(edit.connection, after)
            if self._show_out is not None and after.disabled_at_ms is not None:
                await self._show_out(edit.connection, user_id)
            await edit.note_user("update", user_id, before, after)
        return after

    async def delete_user(
        self, user_id: str, actor: Actor, named: Named, revision: int | None = None
    ) -> None:
        """Take away a disabled user whom nothing names, and their keys.

        Raises:
            NotFound: no such user.
            Conflict: changed meanwhile, the first admin, not disabled (`user_enabled`), owner of a project
                (`user_owns_projects`), or in the ledger (`user_in_ledger`).
        """
        in_ledger = await named(user_id)
        async with self._editing.edit(actor) as edit:
            before = _there(await rows.user(edit.connection, user_id))
            require_revision(before.revision, revision)
            await _spare_first(edit, user_id)
            if before.disabled_at_ms is None:
                raise Conflict("Disable the user first: their keys may be in use.", code="user_enabled")
            if in_ledger:
                raise Conflict(
                    "The ledger names this user, and its rows are kept. They stay disabled instead.",
                    code="user_in_ledger",
                )
            if await project_rows.owned(edit.connection, user_id):
                raise Conflict("The user owns projects; give them another owner.", code="user_owns_projects")
            for key in await rows.keys(edit.connection, user_id):
                await edit.note_key("delete", key, key, None)
            await project_rows.leave_all(edit.connection, user_id)
            await rows.delete_user(edit.connection, user_id)
            await edit.note_user("delete", user_id, before, None)

    async def keys(self, user_id: str | None = None) -> tuple[ApiKey, ...]:
        """All keys, or one user's, oldest first, revoked and expired ones included."""
        async with self._editing.read() as connection:
            return await rows.keys(connection, user_id)

    async def key(self, key_id: str) -> ApiKey:
        """One key.

        Raises:
            NotFound: no such key.
        """
        async with self._editing.read() as connection:
            return _found(await rows.key(connection, key_id))

    async def find_keys(self, wanted: KeysWanted) -> tuple[ApiKey, ...]:
        """Those that are wanted, oldest first."""
        async with self._editing.read() as connection:
            return await lists.keys(connection, wanted, self._editing.now_ms)

    async def create_key(self, wish: KeyWish, actor: Actor, most: int | None = None) -> NewKey:
        """Make a key; the answer is the only place where it ever stands.

        `most`: so many of the user's may be neither revoked nor expired afterwards; None: any number.

        Raises:
            Invalid: something of it cannot be; names the field.
            NotFound: no such user.
            Conflict: the user has as many already (`too_many_keys`).
        """
        async with self._editing.edit(actor) as edit:
            key = self._key(wish, edit.now_ms)
            _there(await rows.user(edit.connection, wish.user_id))
            if most is not None and await _good_keys(edit, wish.user_id) >= most:
                raise Conflict(f"You have {most} keys already; revoke one first.", code="too_many_keys")
            return await self._add_key(edit, key, self._mint.make())

    async def change_key(
        self, key_id: str, change: KeyChange, actor: Actor, revision: int | None = None
    ) -> ApiKey:
        """Change a key; `revision`: the one that is meant, None: whichever it is.

        Raises:
            NotFound: no such key.
            Invalid: something of it cannot be; names the field.
            Conflict: changed meanwhile (`revision_conflict`), or revoked for good (`key_revoked`).
        """
        async with self._editing.edit(actor) as edit:
            before = _found(await rows.key(edit.connection, key_id))
            require_revision(before.revision, revision)
            after = changed_key(before, change, edit.now_ms)
            if after == before:
                return before
            _require_live(before)
            return await _store(edit, before, after, "update")

    async def rotate_key(self, key_id: str, actor: Actor, overlap_s: int = 0) -> NewKey:
        """Give a key a new secret; the one it had stays good for `overlap_s` more.

        A secret from an earlier rotation that was still good ends at once.

        Raises:
            NotFound: no such key.
            Invalid: an overlap below 0 or over 30 days.
            Conflict: revoked for good (`key_revoked`), or expired (`key_expired`).
        """
        if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise Invalid(f"An overlap has 0 to {LONGEST_OVERLAP_S} seconds.", param="overlap_seconds")
        secret = self._mint.make()
        async with self._editing.edit(actor) as edit:
            before = _found(await rows.key(edit.connection, key_id))
            _require_live(before)
            if before.expires_at_ms is not None and before.expires_at_ms <= edit.now_ms:
                raise Conflict("The key has expired; make a new one.", code="key_expired")
            until_ms = edit.now_ms + overlap_s * 1000 if overlap_s else None
            after = structs.replace(before, hint=self._mint.hint(secret), before_until_ms=until_ms)
            await rows.rotate(edit.connection, key_id, self._mint.digest(secret), keep=bool(overlap_s))
            key = await _store(edit, before, after, "rotate")
        return NewKey(key=key, secret=secret)

    async def revoke_key(self, key_id: str, actor: Actor) -> ApiKey:
        """Refuse a key from now on, with every secret it has; for good. Again it changes nothing.

        Raises:
            NotFound: no such key.
        """
        async with self._editing.edit(actor) as edit:
            before = _found(await rows.key(edit.connection, key_id))
            if before.revoked_at_ms is not None:
                return before
            return await _store(edit, before, structs.replace(before, revoked_at_ms=edit.now_ms), "revoke")

    async def make_first_admin(self, keep: Callable[[str], Awaitable[None]]) -> NewKey | None:
        """Make the first admin and their key where nobody is there yet; None where somebody is.

        `keep` is given the key before it is committed, so that no admin is ever made whose key was lost;
        it may be called again at the next start, with another key, if this one did not come to its end.
        """
        async with self._editing.read() as connection:
            if await rows.any_user(connection):
                return None
        async with self._editing.edit(SYSTEM) as edit:
            if await rows.any_user(edit.connection):
                return None
            user = await self._add_user(edit, _FIRST_ADMIN)
            limits = KeyLimits(unlimited=True)
            wish = KeyWish(name="first admin key", user_id=user.id, tier=None, limits=limits)
            secret = self._mint.make()
            await keep(secret)
            return await self._add_key(edit, self._key(wish, edit.now_ms), secret)

    async def _add_user(self, edit: Edit, wish: UserWish) -> User:
        user = check_user(User(id=self._ids(), created_at_ms=edit.now_ms, **structs.asdict(wish)))
        await _require_alone(edit, user)
        await rows.insert_user(edit.connection, user)
        await edit.note_user("create", user.id, None, user)
        return user

    def _key(self, wish: KeyWish, now_ms: int) -> ApiKey:
        key = ApiKey(id=self._ids(), hint="", created_at_ms=now_ms, **structs.asdict(wish))
        check_key(key)
        check_expiry(key.expires_at_ms, now_ms)
        return key

    async def _add_key(self, edit: Edit, key: ApiKey, secret: str) -> NewKey:
        key = structs.replace(key, hint=self._mint.hint(secret))
        await rows.insert_key(edit.connection, key, self._mint.digest(secret))
        await edit.note_key("create", key, None, key)
        return NewKey(key=key, secret=secret)


async def _store(edit: Edit, before: ApiKey, after: ApiKey, action: str) -> ApiKey:
    after = structs.replace(after, revision=before.revision + 1)
    await rows.update_key(edit.connection, after)
    await edit.note_key(action, after, before, after)
    return after


async def _good_keys(edit: Edit, user_id: str) -> int:
    """How many of a user's keys are neither revoked nor expired."""
    return sum(
        key.revoked_at_ms is None and (key.expires_at_ms is None or key.expires_at_ms > edit.now_ms)
        for key in await rows.keys(edit.connection, user_id)
    )


async def _spare_first(edit: Edit, user_id: str) -> None:
    """The first admin answers for the keys that come with the installation; so there is always an admin."""
    if user_id == await rows.first_user_id(edit.connection):
        raise Conflict("The first admin stays, enabled and an admin.", code="first_admin")


async def _require_alone(edit: Edit, user: User) -> None:
    """Two users with one address could be taken for each other."""
    for name, words in (("email", "e-mail address"), ("subject", "subject")):
        value: str | None = getattr(user, name)
        if value is not None and await rows.taken(edit.connection, name, value, but=user.id):
            raise Conflict(f"Another user has this {words}.", code=f"{name}_taken")


def _require_live(key: ApiKey) -> None:
    if key.revoked_at_ms is not None:
        raise Conflict("The key was revoked, for good.", code="key_revoked")


def _there(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _found(key: ApiKey | None) -> ApiKey:
    if key is None:
        raise NotFound("There is no such key.")
    return key
