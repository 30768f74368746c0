"""What the operator does for people who sign in: passwords, lock-outs, second factors that were lost."""

import asyncio
import getpass
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from msgspec import Struct

from baton.access.identity.entities import User
from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.reception import Reception, open_reception
from baton.api.auth.links import invitation_link
from baton.app import ground, open_store
from baton.cli.actor import OPERATOR
from baton.cli.installation import Place, existing
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, iso, note, print_json
from baton.settings import Settings

Who = Annotated[str, typer.Argument(metavar="user", help="By the name they sign in with, their name or id.")]


class PasswordView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was done about a password; `link` null: it was set."""

    user_id: str
    name: str
    """What they sign in with."""
    link: str | None
    expires_at: str | None


class DoneView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of whom something was lifted or taken away."""

    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How somebody shall get a password."""

    user: Who
    name: Annotated[
        str | None,
        typer.Option(help="What they sign in with; unsaid, as before, else their e-mail address or name."),
    ] = None
    link: Annotated[
        bool, typer.Option("--link", help="Print a link by which they choose it themselves, once.")
    ] = False


def password(wish: Wish, as_json: AsJson = False, *, place: Place) -> None:
    """Let a user sign in: set their password, or print a link.

    The password is asked for, or read from stdin where that is no terminal. It signs the user out everywhere.
    """
    settings = existing(place.config, place.data_dir)
    chosen = None if wish.link else _ask()
    view = asyncio.run(_password(settings, wish, chosen))
    if as_json:
        print_json(view)
    elif view.link is not None:
        print(view.link)
        note(f"Opens once, until {view.expires_at}, for {view.name!r}; POST a password to it.")
    else:
        print(f"{view.name!r} can sign in with the new password.")


def unlock(user: Who, as_json: AsJson = False, *, place: Place) -> None:
    """Forgive a user's failed attempts to sign in so far, from wherever they came."""
    user_id = asyncio.run(_unlock(existing(place.config, place.data_dir), user))
    if as_json:
        print_json(DoneView(user_id=user_id))
    else:
        print(f"{user!r} may try again.")


def reset_second_factor(user: Who, as_json: AsJson = False, *, place: Place) -> None:
    """Take away a second factor that was lost, with its recovery codes.

    It signs the user out everywhere.
    """
    user_id = asyncio.run(_reset(existing(place.config, place.data_dir), user))
    if as_json:
        print_json(DoneView(user_id=user_id))
    else:
        print(f"{user!r} signs in without a second factor.")


def _ask() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise Stop("the two are not the same.", MISUSED)
    return first


async def _password(settings: Settings, wish: Wish, chosen: str | None) -> PasswordView:
    async with _receiving(settings) as (reception, users):
        user = await _found(reception, users, wish.user)
        if chosen is not None:
            login = await reception.invitations.set_password(user.id, chosen, OPERATOR, wish.name)
            return PasswordView(user_id=user.id, name=login.name, link=None, expires_at=None)
        made = await reception.invitations.invite(user.id, OPERATOR, wish.name)
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        return PasswordView(
            user_id=user.id,
            name=made.invitation.name,
            link=invitation_link(base, made.token),
            expires_at=iso(made.invitation.expires_at_ms),
        )


async def _unlock(settings: Settings, word: str) -> str:
    async with _receiving(settings) as (reception, users):
        user = await _found(reception, users, word)
        await reception.invitations.unlock(user.id, OPERATOR)
        return user.id


async def _reset(settings: Settings, word: str) -> str:
    async with _receiving(settings) as (reception, users):
        user = await _found(reception, users, word)
        await reception.invitations.reset_factor(user.id, OPERATOR)
        return user.id


@asynccontextmanager
async def _receiving(settings: Settings) -> AsyncGenerator[tuple[Reception, tuple[User, ...]]]:
    """What signing in stands on, in the data folder, and everybody."""
    async with (
        open_store(settings) as store,
        open_reception(ground(store), MemoryThrottle(store.clock)) as reception,
    ):
        yield reception, await store.identities.users()


async def _found(reception: Reception, users: tuple[User, ...], word: str) -> User:
    """The user of that sign-in name, id or name."""
    user_id = await reception.invitations.whose(word)
    found = [user for user in users if user.id == user_id]
    found = found or [user for user in users if word in (user.id, user.name)]
    if not found:
        raise Stop(f"there is no user {word!r}.")
    if len(found) > 1:
        ids = ", ".join(user.id for user in found)
        raise Stop(f"several users are called {word!r}; say which by its id: {ids}.")
    return found[0]
