"""Signing in as a whole, put together once."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from baton.access.signin.account import Account
from baton.access.signin.ground import Ground
from baton.access.signin.invitations import Invitations
from baton.access.signin.passwords import Passwords
from baton.access.signin.sessions import Lifetimes, Sessions
from baton.access.signin.signin import SignIn
from baton.access.signin.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Everything that a route or a command needs of this room."""

    ground: Ground
    sessions: Sessions
    throttle: Throttle
    door: SignIn
    account: Account
    invitations: Invitations


@asynccontextmanager
async def open_reception(
    ground: Ground, throttle: Throttle, lifetimes: Lifetimes | None = None
) -> AsyncGenerator[Reception]:
    """Start what reckons passwords, and end it. `lifetimes`: of sessions, where not as usual."""
    sessions = Sessions(ground, lifetimes or Lifetimes())
    async with Passwords() as passwords:
        door = SignIn(ground, passwords, throttle, sessions)
        yield Reception(
            ground=ground,
            sessions=sessions,
            throttle=throttle,
            door=door,
            account=Account(ground, passwords, sessions, door),
            invitations=Invitations(ground, passwords, sessions),
        )
