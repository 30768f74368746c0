"""Who calls one of the framework's routes, and whether they may."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from baton.access.identity.keyring import Keyring
from baton.core.caller import Caller
from baton.core.errors import Forbidden
from baton.records.audit.entry import Actor

ANALYST = "analyst"

_Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, scheme_name="apiKey", description="An API key: `bk-…`.")),
]


async def _caller(request: Request, bearer: _Bearer) -> Caller:
    keyring: Keyring = request.app.state.keyring
    return keyring.authenticate(None if bearer is None else bearer.credentials)


async def _perhaps(request: Request, bearer: _Bearer) -> Caller | None:
    if "authorization" not in request.headers:
        return None
    return await _caller(request, bearer)


async def _admin(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.", code="admin_required")
    return caller


async def _actor(request: Request, caller: Annotated[Caller, Depends(_admin)]) -> Actor:
    return Actor(id=caller.user_id, source=request.client.host if request.client else "unknown")


KnownCaller = Annotated[Caller, Depends(_caller)]
"""Whoever presents a good key."""

PossibleCaller = Annotated[Caller | None, Depends(_perhaps)]
"""The same, or nobody; a key that is presented must be good."""

AdminCaller = Annotated[Caller, Depends(_admin)]
"""An admin."""

AdminActor = Annotated[Actor, Depends(_actor)]
"""An admin who changes something: how the audit names them."""


def sees_all(caller: Caller) -> bool:
    """Whether other people's interactions are open to them."""
    return caller.is_admin or ANALYST in caller.roles
