"""`baton keys`: on the data folder, whether or not a server runs; a running one knows within a second."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated

import typer
from msgspec import Struct

from baton.access.identity.entities import KeyWish, User, UserWish
from baton.access.identity.first_admin import ensure_first_admin, read_first_key
from baton.access.identity.identities import Identities
from baton.app import open_store
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.actor import OPERATOR
from baton.cli.installation import Place, existing, read_settings
from baton.cli.key_changes import rotate, update
from baton.cli.key_views import KeyView, NewKeyView, find_key, named, new_view, telling, view, viewed
from baton.cli.moments import ahead_ms
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table
from baton.settings import Settings


class FirstKeyView(Struct, frozen=True):
    """The first admin's key."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a new key shall be."""

    name: Annotated[str, typer.Argument(help="What it is for.")]
    tier: Annotated[str, typer.Option(help="What it may use: free, pro, expert, master.")] = "free"
    expires: Annotated[
        str | None, typer.Option(help="When it ends, e.g. 30d or 2026-01-31; never, if not given.")
    ] = None
    user: Annotated[
        str | None,
        typer.Option(help="Owner by name or id, made if there is none; else named as the key."),
    ] = None


def create(wish: Wish, as_json: AsJson = False, *, place: Place) -> None:
    """Make a key. It is shown only this once."""
    wish = replace(wish, tier=DEFAULT_TIERS.resolve(wish.tier))
    made = asyncio.run(_create(read_settings(place.config, place.data_dir), wish))
    if as_json:
        print_json(made)
        return
    print(made.key)
    until = f" until {made.expires_at}" if made.expires_at else ""
    note(
        f"Key '{made.name}' ({made.id}) of user '{made.user}', tier {made.tier}{until}; shown only this once."
    )


def list_keys(
    user: Annotated[str | None, typer.Option(help="Only this user's, by name or id.")] = None,
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """List all keys, oldest first.

    Revoked and expired ones are among them. An id is cut where it is told from all others.
    """
    views, beginning = asyncio.run(_list(existing(place.config, place.data_dir), user))
    if as_json:
        print_json(views)
        return
    if not views:
        note("There are no keys.")
    columns = (
        Column("id", whole=True),
        Column("name"),
        Column("key", whole=True),
        Column("user"),
        Column("tier", whole=True),
        Column("state", whole=True),
        Column("expires", whole=True),
        Column("last used", whole=True),
    )
    print_table(columns, [_cells(view, beginning) for view in views])


def _cells(view: KeyView, beginning: int) -> tuple[str, ...]:
    return (
        view.id[:beginning],
        view.name,
        view.hint,
        view.user,
        view.tier,
        view.state,
        _day(view.expires_at),
        _day(view.last_used_at),
    )


def _day(moment: str | None) -> str:
    return "never" if moment is None else moment.partition("T")[0]


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="id", help="The key's id, or how it begins.")],
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """Refuse a key from now on, for good."""
    view, was_already = asyncio.run(_revoke(existing(place.config, place.data_dir), key_id))
    if as_json:
        print_json(view)
    else:
        state = f"was revoked already, on {_day(view.revoked_at)}" if was_already else "is revoked"
        print(f"Key '{view.name}' ({view.id}) {state}.")


def show_first(as_json: AsJson = False, *, place: Place) -> None:
    """Show the first admin's key.

    The first start left it in the data folder.
    """
    key = asyncio.run(read_first_key(read_settings(place.config, place.data_dir).data_dir))
    if as_json:
        print_json(FirstKeyView(key))
    else:
        print(key)


async def _create(settings: Settings, wish: Wish) -> NewKeyView:
    async with open_store(settings) as store:
        await ensure_first_admin(store.identities, settings.data_dir)
        now_s = store.clock.wall()
        expires_at_ms = None if wish.expires is None else ahead_ms(wish.expires, "--expires", now_s)
        owner = await _owner(store.identities, wish)
        made = await store.identities.create_key(
            KeyWish(name=wish.name, user_id=owner.id, tier=wish.tier, expires_at_ms=expires_at_ms), OPERATOR
        )
        return new_view(view(made.key, owner, now_s), made.secret)


async def _owner(identities: Identities, wish: Wish) -> User:
    """The user named, or a new one. A key is an admin's only where that was said: its name says nothing."""
    users = await identities.users()
    if wish.user is not None:
        found = named(users, wish.user)
    else:
        found = named([user for user in users if "admin" not in user.roles], wish.name)
    return found or await identities.create_user(
        UserWish(name=wish.user or wish.name, tier=wish.tier), OPERATOR
    )


async def _list(settings: Settings, user: str | None) -> tuple[list[KeyView], int]:
    """The keys, and how many letters of an id tell it from all others."""
    async with open_store(settings) as store:
        owners = {owner.id: owner for owner in await store.identities.users()}
        of = None
        if user is not None:
            of = named(list(owners.values()), user)
            if of is None:
                raise Stop(f"there is no user {user!r}.")
        keys = await store.identities.keys()
        wanted = [key for key in keys if of is None or key.user_id == of.id]
        now_s = store.clock.wall()
        return [view(key, owners[key.user_id], now_s) for key in wanted], telling([key.id for key in keys])


async def _revoke(settings: Settings, beginning: str) -> tuple[KeyView, bool]:
    """The key, and whether it was revoked before."""
    async with open_store(settings) as store:
        found = await find_key(store.identities, beginning)
        revoked = await store.identities.revoke_key(found.id, OPERATOR)
        return await viewed(store.identities, revoked, store.clock.wall()), found.revoked_at_ms is not None


COMMANDS = {
    "create": create,
    "list": list_keys,
    "update": update,
    "rotate": rotate,
    "revoke": revoke,
    "show-first": show_first,
}
