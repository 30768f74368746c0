"""Whose session a request carries, and whether the page that sent it may act for it."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie

from baton.access.signin.entities import Present, Session
from baton.access.signin.reception import Reception
from baton.api.auth.cookies import SESSION, cookie_name
from baton.api.auth.outside import Outside
from baton.core.errors import Forbidden, Unauthenticated

TOKEN_HEADER = "x-csrf-token"  # noqa: S105 (a header's name)
"""Carries what `csrfToken` of the session says, with everything that changes something."""

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})

CookieDescribed = Annotated[
    object,
    Depends(
        APIKeyCookie(
            name=SESSION,
            scheme_name="session",
            auto_error=False,
            description="A console session. Over TLS the cookie is called `__Host-baton_session`; what"
            f" changes something needs the session's `csrfToken` in `{TOKEN_HEADER}` besides.",
        )
    ),
]
"""The framework only describes the cookie; `present` reads it."""


def reception(request: Request) -> Reception:
    """How people sign in here."""
    found: Reception = request.app.state.reception
    return found


def outside(request: Request) -> Outside:
    """What lies between browsers and this Baton."""
    found: Outside = request.app.state.outside
    return found


async def present(request: Request, *, pending: bool = False) -> Present | None:
    """Who is signed in by the request's cookie; None: it carries none.

    `pending`: also one that owes its second factor.

    Raises:
        Unauthenticated: the session has ended (code `session_ended`), or owes its second factor
            (`second_factor_required`).
        Forbidden: it changes something, and was not sent by a page that may (code `csrf`, `foreign_page`).
    """
    token = session_cookie(request)
    if token is None:
        return None
    found = await reception(request).sessions.find(token)
    if not found.session.complete and not pending:
        raise Unauthenticated("Show your second factor first.", code="second_factor_required")
    if request.method not in _HARMLESS:
        outside(request).require_own_page(request)
        sent = request.headers.get(TOKEN_HEADER, "").encode()
        if not hmac.compare_digest(sent, csrf_token(request, found.session).encode()):
            raise Forbidden(f"Send the session's csrfToken in {TOKEN_HEADER}.", code="csrf")
    return found


def session_cookie(request: Request) -> str | None:
    """The token of a session, as the browser sends it."""
    return request.cookies.get(cookie_name(SESSION, secure=outside(request).https(request))) or None


def csrf_token(request: Request, session: Session) -> str:
    """What a page that may act for the session sends along."""
    return reception(request).ground.tokens.forgery(session.digest)
