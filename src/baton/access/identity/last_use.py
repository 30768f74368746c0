"""When each key was last used, written down now and then, beside the requests."""

import asyncio
from types import TracebackType
from typing import Self

import structlog

from baton.access.identity import rows
from baton.access.identity.keyring import Keyring
from baton.core.errors import Unavailable
from baton.storage.database import Database

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class LastUse:
    """Carries the last uses from a keyring to the database, in one transaction for all keys."""

    def __init__(self, database: Database, keyring: Keyring, every_s: float = 60.0) -> None:
        """`every_s`: seconds between two writes."""
        self._database = database
        self._keyring = keyring
        self._every_s = every_s
        self._due_ms: dict[str, int] = {}
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to write."""
        self._writer = asyncio.create_task(self._write_on(), name="last-use")

    async def close(self) -> None:
        """Write what is left, and stop."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
            await self.flush()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def flush(self) -> None:
        """Write down what was used since the last time; kept for the next time if the database is away."""
        for key_id, used_at_s in self._keyring.take_uses().items():
            self._due_ms[key_id] = int(used_at_s * 1000)
        if not self._due_ms:
            return
        try:
            async with self._database.write() as connection:
                await rows.mark_used(connection, self._due_ms)
        except Unavailable as error:
            logger.warning("last_use_not_written", reason=error.message)
        else:
            self._due_ms = {}  # not before: a write that was cancelled is done again at the end

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.flush()
