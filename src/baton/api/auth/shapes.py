"""Bodies of the routes about signing in."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import ConfigDict, Field

from baton.access.signin.entities import Present, Session
from baton.api.auth.present import csrf_token
from baton.api.bodies import Asked, Shown, moment, moment_or_none

TAG = "Signing in"

Password = Annotated[str, Field(max_length=1024, json_schema_extra={"format": "password"})]
Code = Annotated[str, Field(min_length=1, max_length=64)]


class Knock(Asked):
    """Who wants in."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    password: Password

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "ada@example.com", "password": "a long one, and easy to type"}]
        }
    )


class CodeShown(Asked):
    """A second factor: six digits of the app, or a recovery code."""

    code: Code

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "123456"}]})


class SessionShown(Shown):
    """The session of this browser."""

    id: str
    user_id: str
    name: str
    roles: list[str]
    tier: str
    state: Literal["complete", "second_factor_owed"]
    csrf_token: str
    """To be sent in `x-csrf-token` with everything that changes something."""
    created_at: datetime
    expires_at: datetime
    """The end, however much it is used."""
    factor_at: datetime | None
    """When the second factor was last shown."""


class SessionListed(Shown):
    """One of one's own sessions."""

    id: str
    address: str
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


class SessionList(Shown):
    """All of one's own sessions, oldest first."""

    sessions: list[SessionListed]


class PasswordChange(Asked):
    """The password that is, and the one that shall be."""

    old: Password
    new: Password


class PasswordShown(Asked):
    """The password, once more."""

    password: Password


class FactorRemoval(Asked):
    """The password and a second factor, once more."""

    password: Password
    code: Code


class FactorShown(Shown):
    """How the second factor stands; `enrolledAt` null: there is none."""

    enrolled_at: datetime | None
    recovery_codes: int
    """How many are left."""


class EnrolmentShown(Shown):
    """A secret for an app, shown once: as text, and as the URI that is drawn as a QR code."""

    secret: str
    uri: str


class CodesShown(Shown):
    """Recovery codes, shown once; each is good for one sign-in."""

    recovery_codes: list[str]


class EnrolledShown(CodesShown):
    """The second factor counts from now on; the session goes on under a new token."""

    session: SessionShown


class InvitationShown(Shown):
    """Who is invited to choose a password, and until when."""

    name: str
    expires_at: datetime
    shortest_password: int


class PasswordChosen(Asked):
    """The password that shall be."""

    password: Password


def session_shown(request: Request, present: Present) -> SessionShown:
    """The session, as its own browser sees it."""
    session = present.session
    return SessionShown(
        id=session.id,
        user_id=present.user.id,
        name=present.user.name,
        roles=sorted(present.user.roles),
        tier=present.user.tier,
        state="complete" if session.complete else "second_factor_owed",
        csrf_token=csrf_token(request, session),
        created_at=moment(session.created_at_ms),
        expires_at=moment(session.expires_at_ms),
        factor_at=moment_or_none(session.factor_at_ms),
    )


def session_listed(session: Session, current: bool) -> SessionListed:
    """A session in the list of its owner's."""
    return SessionListed(
        id=session.id,
        address=session.seen.address,
        agent=session.seen.agent,
        created_at=moment(session.created_at_ms),
        used_at=moment(session.used_at_ms),
        expires_at=moment(session.expires_at_ms),
        current=current,
    )
