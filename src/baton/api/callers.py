"""Who calls one of the framework's routes, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from baton.access.identity.keyring import Keyring, session_key_id
from baton.access.identity.rights import require_current, require_scope
from baton.access.signin.entities import Present
from baton.api.auth.present import CookieDescribed, outside, present
from baton.api.exchange import Exchange
from baton.core.caller import Caller, Scope
from baton.core.errors import Forbidden, Unauthenticated
from baton.records.audit.entry import Actor
from baton.upstream.dialects.registry import HEADERS

_Bearer = Annotated[
    object, Depends(HTTPBearer(auto_error=False, scheme_name="apiKey", description="An API key: `bk-…`."))
]
_Named = Annotated[object, Depends(APIKeyHeader(name="x-api-key", scheme_name="xApiKey", auto_error=False))]
_Googles = Annotated[
    object, Depends(APIKeyHeader(name="x-goog-api-key", scheme_name="xGoogApiKey", auto_error=False))
]
_WAYS = ("authorization", *HEADERS.key)


async def _presented(request: Request, _bearer: _Bearer, _named: _Named, _googles: _Googles) -> str | None:
    """The key as it was sent, read as on the hot routes; the framework only describes the ways."""
    return Exchange(request.scope, request.receive).presented


_Presented = Annotated[str | None, Depends(_presented)]


async def _caller(request: Request, presented: _Presented, _: CookieDescribed) -> Caller:
    keyring: Keyring = request.app.state.keyring
    if presented is None and not _brings_key(request):
        signed_in = _of_session(request, await present(request))
        if signed_in is not None:
            return signed_in
    return keyring.authenticate(presented)


async def _perhaps(request: Request, presented: _Presented, cookie: CookieDescribed) -> Caller | None:
    if presented is not None or _brings_key(request):
        return await _caller(request, presented, cookie)
    try:
        return _of_session(request, await present(request))
    except Unauthenticated:
        return None  # browsers send cookies unasked, also that of a session which has ended


def _brings_key(request: Request) -> bool:
    return any(way in request.headers for way in _WAYS)


def _of_session(request: Request, found: Present | None) -> Caller | None:
    """Who is signed in may do all that their roles allow."""
    keyring: Keyring = request.app.state.keyring
    return None if found is None else keyring.caller(found.user.id, session_key_id(found.user.id))


async def _admin(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.", code="admin_required")
    require_current(caller)
    return caller


async def _reading(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    require_scope(caller, Scope.READ)
    return caller


async def _judging(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    require_scope(caller, Scope.CHAT)
    return caller


async def _account(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    require_current(caller)
    require_scope(caller, Scope.ACCOUNT)
    if request.method != "DELETE":  # a key that was stolen is taken away whatever its thief has used up
        await count(request, caller)
    return caller


async def count(request: Request, caller: Caller) -> None:
    """Have what is asked for count in its caller's limits.

    Raises:
        OverLimit: it is one too many.
    """
    counted: Callable[[Caller], Awaitable[None]] = request.app.state.count
    await counted(caller)


async def _actor(request: Request, caller: Annotated[Caller, Depends(_admin)]) -> Actor:
    return _acting(request, caller)


async def _own_actor(request: Request, caller: Annotated[Caller, Depends(_account)]) -> Actor:
    return _acting(request, caller)


def _acting(request: Request, caller: Caller) -> Actor:
    return Actor(id=caller.user_id, source=outside(request).address(request))


KnownCaller = Annotated[Caller, Depends(_caller)]
"""Whoever presents a good key, whatever it is for."""

ReadingCaller = Annotated[Caller, Depends(_reading)]
"""Whoever may look at what is their own."""

JudgingCaller = Annotated[Caller, Depends(_judging)]
"""Whoever may chat, and so say what they think of an answer."""

AccountCaller = Annotated[Caller, Depends(_account)]
"""Whoever may change what is their own."""

AccountActor = Annotated[Actor, Depends(_own_actor)]
"""The same: how the audit names them."""

PossibleCaller = Annotated[Caller | None, Depends(_perhaps)]
"""The same, or nobody; a key that is presented must be good."""

AdminCaller = Annotated[Caller, Depends(_admin)]
"""An admin."""

AdminActor = Annotated[Actor, Depends(_actor)]
"""An admin who changes something: how the audit names them."""
