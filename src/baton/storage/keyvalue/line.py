"""One connection to Redis: calls of one turn of the loop travel together, and answers come in their order."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import msgspec
import structlog
from msgspec import Struct
from redis.asyncio.connection import Connection, parse_url
from redis.exceptions import NoScriptError, ResponseError

from baton.storage.keyvalue.script import Script

_FIRST_PAUSE_S = 0.05
_MOST_PAUSE_S = 1.0
"""Between two attempts to connect."""

_AGAIN_S = 0.05
"""Between two attempts to end what serves a connection."""

_TICKS = 4
"""How often in the time of a call it is looked whether one has lasted too long."""

_log = structlog.stdlib.get_logger(__name__)
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Away(Exception):
    """Redis cannot be asked now, or did not answer in time; nobody knows whether it did what it was asked."""


class NotAsked(Away):
    """It was not even asked."""


class ScriptFailed(Exception):
    """A script has a mistake, or Redis refused to run it: out of memory, or read only."""


class LineSettings(Struct, frozen=True, kw_only=True):
    """How long Redis is waited for."""

    call_s: float = 1.0
    """For an answer; beyond that the connection is given up, for answers come in order."""
    connect_s: float = 1.0


class _Call(Struct):
    script: Script
    order: bytes
    answer: asyncio.Future[Any]
    begun_s: float


class Line:
    """Asks Redis; `async with` connects, and connects again whenever that is lost."""

    def __init__(self, url: str, scripts: Sequence[Script], settings: LineSettings | None = None) -> None:
        """`url`: `redis://`, `rediss://` or `unix://`. `scripts`: all that will be asked for."""
        self._url = url
        self._scripts = tuple(scripts)
        self._settings = settings or LineSettings()
        self._out: list[_Call] = []
        self._asked: deque[_Call] = deque()
        self._some = asyncio.Event()
        self._connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        first = asyncio.Event()
        self._task = asyncio.create_task(self._run(first), name="redis")
        await first.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    @property
    def is_up(self) -> bool:
        """Whether it is connected."""
        return self._connected.is_set()

    async def connected(self) -> None:
        """Return once it is."""
        await self._connected.wait()

    async def ask(self, script: Script, order: object) -> Any:
        """A script's answer.

        Raises:
            Away: there is none; NotAsked: nor was it sent.
            ScriptFailed: Redis refuses it.
        """
        if not self.is_up:
            raise NotAsked
        call = _Call(script, _pack(order), self._loop.create_future(), self._loop.time())
        self._out.append(call)
        self._some.set()
        return _unpack(await call.answer)

    async def _run(self, first: asyncio.Event) -> None:
        """Connect, serve, and connect again, until cancelled. `first`: set after the first attempt."""
        pause_s = _FIRST_PAUSE_S
        told = False
        while True:
            connection = self._connection()
            try:
                async with asyncio.timeout(self._settings.connect_s):
                    await connection.connect()
                    await self._teach(connection, self._scripts)
                if told:
                    _log.warning("redis_back")
                pause_s, told = _FIRST_PAUSE_S, False
                self._turn(up=True)
                first.set()
                await self._serve(connection)
            except Exception as error:  # noqa: BLE001  a loop has its own words for a socket that is closed
                if not told:
                    told = True
                    _log.warning("redis_away", error=str(error) or type(error).__name__)
            finally:
                self._turn(up=False)
                first.set()
                with suppress(Exception):  # nor is what is lost to be closed in any one way
                    await connection.disconnect(nowait=True)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MOST_PAUSE_S)

    def _connection(self) -> Connection:
        found = cast("dict[str, Any]", dict(parse_url(self._url)))
        kind = cast("type[Connection]", found.pop("connection_class", Connection))
        return kind(**found, protocol=2)

    def _turn(self, *, up: bool) -> None:
        """Redis has come or gone; nobody waits for an answer that will not come."""
        if up is self.is_up:
            return
        if up:
            self._connected.set()
        else:
            self._connected.clear()
            for call in (*self._asked, *self._out):
                if not call.answer.done():
                    call.answer.set_exception(Away())
            self._asked.clear()
            self._out.clear()

    async def _teach(self, connection: Connection, scripts: Sequence[Script]) -> None:
        """Have Redis know the scripts."""
        for each in scripts:
            await connection.send_command("SCRIPT", "LOAD", each.text)
            await connection.read_response()

    async def _serve(self, connection: Connection) -> None:
        """Write and read until something fails.

        Raises:
            RedisError, OSError, TimeoutError: the connection is lost, or an answer is late.
        """
        tasks = [
            asyncio.create_task(self._write(connection), name="redis: write"),
            asyncio.create_task(self._read(connection), name="redis: read"),
            asyncio.create_task(self._look(), name="redis: look"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled():  # by its connection, where that was lost: it is no word to end for us
                    raise ConnectionResetError("lost while it was used")
                task.result()
        finally:
            await _ended(tasks)

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            out, self._out = self._out, []
            self._asked.extend(out)
            commands = [("EVALSHA", call.script.digest, 0, call.order) for call in out]
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)

    async def _read(self, connection: Connection) -> None:
        while True:
            try:
                answer = cast("object", await connection.read_response(disable_decoding=True))
            except ResponseError as error:
                self._refused(error)
            else:
                call = self._asked.popleft()
                if not call.answer.done():
                    call.answer.set_result(answer)

    def _refused(self, error: ResponseError) -> None:
        """An answer that is none. A script that Redis has forgotten is taught again with a new connection."""
        if isinstance(error, NoScriptError):
            self._turn(up=False)
            raise error
        call = self._asked.popleft()
        if not call.answer.done():
            call.answer.set_exception(ScriptFailed(f"{call.script.name}: {error}"))

    async def _look(self) -> None:
        """Give the connection up where an answer is late."""
        while True:
            await asyncio.sleep(self._settings.call_s / _TICKS)
            waiting = self._asked[0] if self._asked else self._out[0] if self._out else None
            if waiting is not None and self._loop.time() - waiting.begun_s > self._settings.call_s:
                raise TimeoutError(f"no answer for {self._settings.call_s:g} s")


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel, until all have ended: a connection that connects again by itself forgets that it was told."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
