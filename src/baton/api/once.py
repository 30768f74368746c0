"""`Idempotency-Key`: a request that is sent again gets the answer that it had, and costs nothing more.

What it promises, and what not, stands in `docs/idempotency.md`.
"""

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import structlog

from baton.access.idempotency.claims import Claims
from baton.access.idempotency.kept import Asked, Kept, Names
from baton.api.exchange import Exchange
from baton.api.hot import Service
from baton.api.tape import Tape
from baton.core.caller import Caller
from baton.core.errors import Conflict, Invalid, Unavailable
from baton.gateway.opening import Arrival

_KEY = re.compile(r'"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})')
"""Visible characters; in the quotes that the draft of the standard has, or without, as most send it."""
_REPLAYED = b"idempotent-replayed: true\r\n"
"""Under the name that Stripe's API gave it; the draft has none."""
_NOT_KEPT = b"x-baton-idempotency: not-kept\r\n"
_WHOLE = 200
"""The only status that is kept: with any other there is something left to be done."""
_PIECE_BYTES = 1 << 16
_BOUNDARY = re.compile(rb'(?i)boundary="?([^";,\s]+)')

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Part(NamedTuple):
    """A part's answer."""

    answer: bytes
    replayed: bool


class Repeats:
    """Has services answer once for each key of a caller's."""

    def __init__(self, claims: Claims, names: Names, count: Callable[[Caller], Awaitable[None]]) -> None:
        """`count`: what is asked for again is a request as others are. Raises OverLimit."""
        self._claims = claims
        self._names = names
        self._count = count

    async def serve(
        self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival, service: Service
    ) -> None:
        """Have it answered, or answer as before.

        Raises:
            Invalid: no key is written so.
            BatonError: as `Claims.claim`, or as the service does.
        """
        key = key_in(exchange.once or b"")
        asked = await self._names.of(caller.user_id, key, _all_of(exchange, body), arrival.id)
        try:
            kept = await self._claims.claim(asked)
        except Conflict:
            await self._count(caller)
            raise
        if kept is not None:
            await self._count(caller)
            await replay(exchange, kept)
            return
        tape = Tape(exchange.visit, exchange.standing, self._claims.bounds.answer_bytes)
        exchange.outlet, exchange.standing = tape, None
        try:
            await service.serve(exchange, caller, body, arrival)
        except BaseException:
            await self._release(asked)
            raise
        finally:
            exchange.outlet, exchange.standing = exchange.visit, tape.standing
        exchange.visit.ends(None)  # it is paid for: their leaving is no reason to forget it
        note = b""
        try:
            if tape.status != _WHOLE:
                await self._release(asked)
            elif not await self._finish(asked, tape.kept()):
                note = _NOT_KEPT
        finally:
            tape.send(note)

    async def part(
        self, caller: Caller, key: str, body: bytes, request_id: str, work: Callable[[], Awaitable[bytes]]
    ) -> Part:
        """Have a part of a request done once. `key`: of this part.

        Raises:
            BatonError: as `Claims.claim`, or as the work does.
        """
        asked = await self._names.of(caller.user_id, key, (body,), request_id)
        kept = await self._claims.claim(asked)
        if kept is not None:
            await self._count(caller)
            return Part(kept.body, replayed=True)
        try:
            answer = await work()
        except BaseException:
            await self._release(asked)
            raise
        await self._finish(asked, Kept(_WHOLE, b"", answer))
        return Part(answer, replayed=False)

    async def _finish(self, asked: Asked, kept: Kept | None) -> bool:
        try:
            return await self._claims.finish(asked, kept)
        except Unavailable as error:
            _log.warning("answer_not_kept", request=asked.request_id, reason=error.message)
            return False

    async def _release(self, asked: Asked) -> None:
        try:
            await self._claims.release(asked)
        except Unavailable as error:
            _log.warning("claim_not_released", request=asked.request_id, reason=error.message)


def key_in(sent: bytes) -> str:
    """The key that a header has.

    Raises:
        Invalid: it is empty, too long, or has characters that none has.
    """
    found = _KEY.fullmatch(sent.decode("latin-1").strip())
    if found is None:
        raise Invalid(
            "An Idempotency-Key has 1 to 255 visible ASCII characters.", code="invalid_idempotency_key"
        )
    return found[1] or found[2]


async def replay(exchange: Exchange, kept: Kept) -> None:
    """Answer as it was answered before."""
    lines = b"" if exchange.standing is None else exchange.standing()
    head = kept.head + lines + _REPLAYED
    exchange.started = True
    if not kept.stream:
        exchange.outlet.answer(kept.status, head, kept.body)
        return
    outlet = exchange.outlet
    outlet.begin_stream(head)
    exchange.told = True
    for start in range(0, len(kept.body), _PIECE_BYTES):
        outlet.put(kept.body[start : start + _PIECE_BYTES])
        if outlet.full:
            await outlet.drained()
    outlet.end_stream()


def _all_of(exchange: Exchange, body: bytes) -> tuple[bytes, bytes, bytes]:
    """What makes it the same request: where it goes, and what it says. Not by which key, and not the border
    between a form's parts, which clients make anew each time."""
    query: bytes = exchange.scope["query_string"]
    if query:
        said = [pair for pair in parse_qsl(query.decode("latin-1")) if pair[0] != "key"]
        query = urlencode(said).encode()
    border = _BOUNDARY.search((exchange.header(b"content-type") or "").encode("latin-1"))
    if border is not None:
        body = body.replace(b"--" + border[1], b"--")
    return exchange.path.encode(), query, body
