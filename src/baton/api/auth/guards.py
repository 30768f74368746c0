"""What a route asks for that is for people at a browser alone."""

from typing import Annotated

from fastapi import Depends, Request

from baton.access.identity.keyring import Keyring
from baton.access.signin.entities import Present
from baton.api.auth.present import CookieDescribed, present, reception
from baton.api.exchange import Exchange
from baton.core.errors import Forbidden, Unauthenticated


async def _signed_in(request: Request, _: CookieDescribed) -> Present:
    return _required(request, await present(request))


async def _pending(request: Request, _: CookieDescribed) -> Present:
    return _required(request, await present(request, pending=True))


async def _fresh(request: Request, _: CookieDescribed) -> Present:
    found = _required(request, await present(request))
    if not reception(request).sessions.fresh(found.session):
        raise Forbidden("Show your second factor again for this.", code="fresh_factor_required")
    return found


def _required(request: Request, found: Present | None) -> Present:
    if found is not None:
        return found
    presented = Exchange(request.scope, request.receive).presented
    if presented is None:
        raise Unauthenticated("Sign in first.", code="session_required")
    keyring: Keyring = request.app.state.keyring
    keyring.authenticate(presented)
    raise Forbidden("Sign in for this; an API key does not do.", code="session_required")


SignedIn = Annotated[Present, Depends(_signed_in)]
"""Somebody at a browser."""

PendingSignIn = Annotated[Present, Depends(_pending)]
"""The same, or somebody who owes their second factor."""

FreshFactor = Annotated[Present, Depends(_fresh)]
"""Somebody at a browser who has shown their second factor within the last ten minutes: for dangerous acts."""
