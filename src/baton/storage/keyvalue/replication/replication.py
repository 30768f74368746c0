"""Keeps replicas alike over one log in Redis, and goes on by itself while Redis is away."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog
from msgspec import Struct

from baton.core.clock import Clock
from baton.storage.keyvalue.line import Away, Line, ScriptFailed
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.shared_log import Entry, Lost, SharedLog

_AGAIN_S = 0.1
_CLOSING_S = 1.0

_MOST_AT_ONCE = 500
"""Words in one entry."""

_MOST_UNSAID = 5_000
"""Words that wait for Redis to be back; the oldest are forgotten."""

_log = structlog.stdlib.get_logger(__name__)


class ReplicationSettings(Struct, frozen=True, kw_only=True):
    """How processes hear of each other."""

    beat_s: float = 0.25
    """How often others are listened to, and what is no hurry is said."""
    alive_s: float = 10.0
    """Who says nothing for so long is gone."""
    keep_every: int = 1000
    """Entries after which the state is kept, so that the log stays short."""


class _Said:
    """A word that was not heard yet, and who waits for what it comes to."""

    __slots__ = ("answer", "word")

    def __init__(self, word: Word, answer: asyncio.Future[Any] | None = None) -> None:
        self.word = word
        self.answer = answer

    def came_to(self, result: object) -> None:
        """It was heard."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(result)


class Replication:
    """What one process says and hears; `async with` has it follow the log.

    A word is heard by all in one order, by the one who said it as by the others. While Redis is away it is
    heard here alone, at once, and said again when Redis is back: then this process takes over what the others
    have in common, or they what it has where Redis was emptied.
    """

    def __init__(
        self,
        line: Line,
        clock: Clock,
        new_id: Callable[[], str],
        settings: ReplicationSettings | None = None,
        at: Callable[[], float] | None = None,
    ) -> None:
        """`at`: the time of the log, Unix seconds, where that is not Redis's."""
        self._line = line
        self._clock = clock
        self._new_id = new_id
        self._settings = settings or ReplicationSettings()
        self._at = at
        self.process = new_id()
        """What this one is called here."""
        self._shared = SharedLog(line, self.process)
        self._replicas: dict[str, Replica] = {}
        self._id = ""
        self._over = ""
        self._position = 0
        self._in_step = False
        self._ahead_s = clock.wall() - clock.monotonic()
        """What the log's clock is ahead of ours."""
        self._hearing_s: float | None = None
        """When what is being heard was said."""
        self._out: deque[_Said] = deque()
        self._unsaid: deque[Word] = deque(maxlen=_MOST_UNSAID)
        """What was heard here alone."""
        self._number = 0
        self._sent: list[_Said] = []
        """What was said under that number; nobody knows yet whether it was heard."""
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="replication")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._in_step:
            with contextlib.suppress(TimeoutError, Away, ScriptFailed, Lost):
                async with asyncio.timeout(_CLOSING_S):
                    await self._tell(leaves=True)
        self._alone()

    def follow(self, topic: str, replica: Replica) -> None:
        """Have a replica hear what is said of a topic."""
        self._replicas[topic] = replica

    @property
    def in_step(self) -> bool:
        """Whether this process hears the others."""
        return self._in_step

    def now_s(self) -> float:
        """The time by the log's clock, Unix seconds; of a word that is being heard, when it was said."""
        if self._hearing_s is not None:
            return self._hearing_s
        return self._clock.monotonic() + self._ahead_s if self._at is None else self._at()

    def say(self, topic: str, *word: object) -> None:
        """Have all hear something, soon."""
        self._put(_Said((topic, *word)))

    async def ask(self, topic: str, *word: object) -> Any:
        """What a word came to where its turn was: of two processes that ask at once one is first."""
        said = _Said((topic, *word), asyncio.get_running_loop().create_future())
        self._put(said)
        assert said.answer is not None
        return await said.answer

    async def agree(self) -> None:
        """Return once all that was said so far by anybody is heard here."""
        self._gather()
        await self.ask("")

    def _put(self, said: _Said) -> None:
        if self._in_step:
            self._out.append(said)
            self._some.set()
        else:
            self._hear_alone(said)

    def _gather(self) -> None:
        """What was no hurry."""
        for topic, replica in self._replicas.items():
            for word in replica.due():
                self._put(_Said((topic, *word)))

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.beat_s):
                    await self._line.connected()
                await self._join()
                while True:
                    await self._tell()
                    await self._pause()
            except TimeoutError:
                self._gather()
            except Lost as lost:
                self._over = self._id if lost.over else ""
            except (Away, ScriptFailed) as error:
                if self._in_step:
                    _log.warning("replication_away", error=str(error) or type(error).__name__)
                self._alone()
                await asyncio.sleep(_AGAIN_S)
            except Exception:  # noqa: BLE001  a mistake of ours must not leave this process deaf
                _log.exception("replication_failed")
                self._alone()
                await asyncio.sleep(_AGAIN_S)

    async def _pause(self) -> None:
        """Until there is something to say, or others are to be listened to."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.beat_s):
                await self._some.wait()

    async def _join(self) -> None:
        """Be where the log is."""
        self._alone()
        fresh, before = self._new_id(), self._id
        joined = await self._shared.join(fresh, self._over, self._export())
        self._over = ""
        self._id, self._position = joined.id, joined.position
        self._came(joined.now_s)
        again: list[Word] = []
        if joined.id != fresh:
            self._restore(joined.state)
            self._hear(joined.entries)
            if joined.id != before:  # else it is sent again under its number
                again = [said.word for said in self._sent]
                self._sent = []
            again += self._unsaid
        else:
            self._sent = []
        self._unsaid.clear()
        self._in_step = True
        for word in again:
            self._put(_Said(word))

    async def _tell(self, *, leaves: bool = False) -> None:
        """Say what there is to be said, and hear what is new."""
        self._some.clear()
        self._gather()
        if not self._sent and self._out:
            self._sent = list(islice(self._out, _MOST_AT_ONCE))
            for _ in self._sent:
                self._out.popleft()
            self._number += 1
        settings = self._settings
        told = await self._shared.tell(
            self._id,
            self._position,
            self._number,
            [said.word for said in self._sent],
            alive_s=settings.alive_s,
            at_s=None if self._at is None else self._at(),
            leaves=leaves,
        )
        self._came(told.now_s)
        keeps = self._hear(told.entries)
        self._sent = []
        if self._out:
            self._some.set()
        if keeps:
            await self._shared.keep(self._id, self._position, self._export())

    def _hear(self, entries: Sequence[Entry]) -> bool:
        """What was said, in its order; whether it is for this process to keep the state."""
        keeps = False
        for entry in entries:
            self._position += 1
            ours = entry.process == self.process
            if ours and self._position % self._settings.keep_every == 0:
                keeps = True
            if entry.words is None:
                for replica in self._replicas.values():
                    replica.gone(entry.process)
                continue
            waiting = self._sent if ours and entry.number == self._number else ()
            for at, word in enumerate(entry.words):
                result = self._hear_one(word, entry.at_s, ours=ours)
                if at < len(waiting):
                    waiting[at].came_to(result)
        return keeps

    def _hear_one(self, word: Word, at_s: float, *, ours: bool) -> object:
        topic, *rest = word
        replica = self._replicas.get(topic)
        if replica is None:  # of a later version, perhaps
            return None
        self._hearing_s = at_s
        try:
            return replica.heard(rest, ours=ours)
        except Exception:  # noqa: BLE001  what cannot be understood is to stop nobody
            _log.exception("replication_word_failed", topic=topic)
            return None
        finally:
            self._hearing_s = None

    def _alone(self) -> None:
        """Nobody hears this process: it hears itself."""
        if not self._in_step:
            return
        self._in_step = False
        for said in self._sent:  # kept: others may have heard it, so it is sent again under its number
            said.came_to(self._hear_one(said.word, self.now_s(), ours=True))
        while self._out:
            self._hear_alone(self._out.popleft())

    def _hear_alone(self, said: _Said) -> None:
        said.came_to(self._hear_one(said.word, self.now_s(), ours=True))
        self._unsaid.append(said.word)

    def _came(self, now_s: float) -> None:
        """The log's clock says so."""
        self._ahead_s = now_s - self._clock.monotonic()

    def _export(self) -> str:
        state = {topic: replica.export() for topic, replica in self._replicas.items()}
        return msgspec.json.encode(state).decode()

    def _restore(self, text: str) -> None:
        state: dict[str, Any] = msgspec.json.decode(text)
        for topic, replica in self._replicas.items():
            try:
                replica.restore(state.get(topic))
            except Exception:  # noqa: BLE001  of another version, perhaps
                _log.exception("replication_state_failed", topic=topic)
                replica.restore(None)
