"""`baton users list`, `create` and `update`: who may use this Baton."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

import typer
from msgspec import UNSET, Struct, UnsetType

from baton.access.identity.entities import User, UserChange, UserWish
from baton.access.identity.lists import UsersWanted
from baton.app import open_store
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.actor import OPERATOR
from baton.cli.installation import Place, existing
from baton.cli.key_views import named, telling
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, iso, note, print_json, print_table
from baton.settings import Settings

_NONE = "none"
_MOST = 10_000


class UserView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A user as it is shown. Times in ISO 8601, UTC."""

    id: str
    name: str
    email: str | None
    locale: str | None
    subject: str | None
    tier: str
    roles: tuple[str, ...]
    created_at: str | None
    disabled_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Who shall be made."""

    name: Annotated[str, typer.Argument(help="What they are called.")]
    tier: Annotated[str, typer.Option(help="What they may use: free, pro, expert, master.")] = "free"
    role: Annotated[list[str] | None, typer.Option(help="What they are, e.g. analyst; several times.")] = None
    email: Annotated[str | None, typer.Option(help="Nobody else has it.")] = None
    locale: Annotated[str | None, typer.Option(help="A language tag, e.g. de-CH.")] = None
    subject: Annotated[str | None, typer.Option(help="Whom a single sign-on knows them as.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What shall be different; what is not said stays."""

    user: Annotated[str, typer.Argument(help="By name or id.")]
    name: Annotated[str | None, typer.Option(help="What they are called.")] = None
    tier: Annotated[str | None, typer.Option(help="What they may use: free, pro, expert, master.")] = None
    role: Annotated[list[str] | None, typer.Option(help="All that they are; several times.")] = None
    email: Annotated[str | None, typer.Option(help="`none`: none any more.")] = None
    locale: Annotated[str | None, typer.Option(help="`none`: none any more.")] = None
    subject: Annotated[str | None, typer.Option(help="`none`: none any more.")] = None
    disable: Annotated[bool, typer.Option("--disable", help="Refuse all of their keys.")] = False
    enable: Annotated[bool, typer.Option("--enable", help="Take that back.")] = False


def list_users(
    search: Annotated[str | None, typer.Argument(help="In name or e-mail, or how the id begins.")] = None,
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """List users, oldest first."""
    views = asyncio.run(_list(existing(place.config, place.data_dir), search))
    if as_json:
        print_json(views)
        return
    if not views:
        note("There is nobody.")
    beginning = telling([view.id for view in views])
    columns = (
        Column("id", whole=True),
        Column("name"),
        Column("email"),
        Column("tier", whole=True),
        Column("roles"),
        Column("state", whole=True),
    )
    print_table(columns, [_cells(view, beginning) for view in views])


def create(new: New, as_json: AsJson = False, *, place: Place) -> None:
    """Make a user; `baton keys create --user` makes a key for them."""
    view = asyncio.run(_create(existing(place.config, place.data_dir), new))
    if as_json:
        print_json(view)
    else:
        print(f"User '{view.name}' ({view.id}) is made, tier {view.tier}.")


def update(fields: Fields, as_json: AsJson = False, *, place: Place) -> None:
    """Change a user, or disable them; their keys have it within a second."""
    if fields.disable and fields.enable:
        raise Stop("say --disable or --enable, not both.", MISUSED)
    view = asyncio.run(_update(existing(place.config, place.data_dir), fields))
    if as_json:
        print_json(view)
    else:
        state = f"disabled since {view.disabled_at}" if view.disabled_at else "enabled"
        print(
            f"User '{view.name}' ({view.id}) is changed: tier {view.tier}, {', '.join(view.roles)}, {state}."
        )


async def _list(settings: Settings, search: str | None) -> list[UserView]:
    async with open_store(settings) as store:
        found = await store.identities.find_users(UsersWanted(word=search or None, limit=_MOST))
        return [_view(user) for user in found]


async def _create(settings: Settings, new: New) -> UserView:
    wish = UserWish(
        name=new.name,
        tier=DEFAULT_TIERS.resolve(new.tier),
        roles=frozenset(new.role or ("user",)),
        email=new.email,
        locale=new.locale,
        subject=new.subject,
    )
    async with open_store(settings) as store:
        return _view(await store.identities.create_user(wish, OPERATOR))


async def _update(settings: Settings, fields: Fields) -> UserView:
    change = UserChange(
        name=UNSET if fields.name is None else fields.name,
        tier=UNSET if fields.tier is None else DEFAULT_TIERS.resolve(fields.tier),
        roles=frozenset(fields.role) if fields.role else UNSET,
        email=_or_none(fields.email),
        locale=_or_none(fields.locale),
        subject=_or_none(fields.subject),
        disabled=fields.disable if fields.disable or fields.enable else UNSET,
    )
    async with open_store(settings) as store:
        user = named(await store.identities.users(), fields.user)
        if user is None:
            raise Stop(f"there is no user {fields.user!r}.")
        return _view(await store.identities.change_user(user.id, change, OPERATOR))


def _or_none(said: str | None) -> str | UnsetType | None:
    if said is None:
        return UNSET
    return None if said == _NONE else said


def _cells(view: UserView, beginning: int) -> tuple[str, ...]:
    state = "disabled" if view.disabled_at else "active"
    return (view.id[:beginning], view.name, view.email or "", view.tier, ", ".join(view.roles), state)


def _view(user: User) -> UserView:
    return UserView(
        id=user.id,
        name=user.name,
        email=user.email,
        locale=user.locale,
        subject=user.subject,
        tier=user.tier,
        roles=tuple(sorted(user.roles)),
        created_at=iso(user.created_at_ms),
        disabled_at=iso(user.disabled_at_ms),
    )
