"""Keeps replicas alike over one log in Redis, and goes on by itself while Redis is away."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog
from msgspec import Struct

from baton.core.clock import Clock
from baton.storage.keyvalue.line import Away, Line, ScriptFailed
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.shared_log import Entry, Joined, Lost, Place, SharedLog

_AGAIN_S = 0.1
_MOST_AGAIN_S = 5.0
"""Between two attempts to join a log that Redis gives no access to."""

_CLOSING_S = 1.0

_MOST_AT_ONCE = 500
"""Words in one entry."""

_encode = msgspec.json.encode
_log = structlog.stdlib.get_logger(__name__)


class ReplicationSettings(Struct, frozen=True, kw_only=True):
    """How processes hear of each other."""

    beat_s: float = 0.25
    """How often others are listened to, and what is no hurry is said."""
    quick_beat_s: float = 0.05
    """The same for a while after something went wrong, with whomever."""
    quick_for_s: float = 5.0
    alive_s: float = 10.0
    """Who says nothing for so long is gone."""
    keep_every: int = 1000
    """Entries after which the state is kept, so that the log stays short …"""
    keep_words: int = 20_000
    """… or words …"""
    keep_after_s: float = 600.0
    """… or seconds."""


class _Said:
    """A word that was not heard yet, and who waits for what it comes to."""

    __slots__ = ("answer", "text", "word")

    def __init__(self, word: Word, answer: asyncio.Future[Any] | None = None) -> None:
        self.word = word
        self.text = _encode(word).decode()
        self.answer = answer

    def came_to(self, result: object) -> None:
        """It was heard."""
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(result)


class Replication:
    """What one process says and hears; `async with` has it follow the log.

    A word is heard by all in one order, by the one who said it as by the others, or by nobody: a word whose
    answer is lost is not said again. While Redis is away a word is heard here alone, at once. When Redis is
    back this process takes over what the others have in common, and says what they have missed; an emptied
    Redis begins with what the first one back has.
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
        self._foreign: dict[str, Any] = {}
        """State of replicas that this version does not know."""
        self._keeps = True
        """Whether nothing was heard that this version cannot understand."""
        self._place = Place()
        self._kept = 0
        self._since_kept = 0
        """Words."""
        self._kept_s = 0.0
        self._in_step = False
        self._alone_since_s = 0.0
        self._ahead_s = clock.wall() - clock.monotonic()
        """What the log's clock is ahead of ours."""
        self._hearing_s: float | None = None
        """When what is being heard was said."""
        self._heard_s = 0.0
        """When what was heard last was said."""
        self._out: deque[_Said] = deque()
        self._sent: Sequence[_Said] = ()
        """What is being said."""
        self._saying = ""
        """The same as the log will have it."""
        self._some = asyncio.Event()
        self._quick_until_s = 0.0
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
        try:
            if self._in_step and not self._sent:  # else Redis is silent
                with contextlib.suppress(TimeoutError, Away, ScriptFailed, Lost):
                    async with asyncio.timeout(_CLOSING_S):
                        await self._tell(leaves=True)
        finally:
            self._go_alone()

    def follow(self, topic: str, replica: Replica) -> None:
        """Have a replica hear what is said of a topic."""
        self._replicas[topic] = replica

    @property
    def position(self) -> int:
        """How many entries of the log it has heard."""
        return self._place.position

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
        self._put(_Said((topic, *word)), hurry=True)

    async def ask(self, topic: str, *word: object) -> Any:
        """What a word came to where its turn was: of two processes that ask at once one is first."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._put(_Said((topic, *word), answer), hurry=True)
        return await answer

    def quicken(self, *, now: bool) -> None:
        """Listen to the others more often for a while; `now`: and have what was no hurry be said at once."""
        self._quick_until_s = self._clock.monotonic() + self._settings.quick_for_s
        if now:
            self._some.set()

    async def agree(self) -> None:
        """Return once all that was said so far by anybody is heard here."""
        self._gather()
        await self.ask("")

    def _put(self, said: _Said, *, hurry: bool) -> None:
        if not self._in_step:
            said.came_to(self._hear_one(said.word, self.now_s(), ours=True))
            return
        self._out.append(said)
        if hurry:
            self._some.set()

    def _gather(self) -> None:
        """What was no hurry."""
        for topic, replica in self._replicas.items():
            try:
                for word in replica.due():
                    self._put(_Said((topic, *word)), hurry=False)
            except Exception:  # noqa: BLE001  one replica's mistake is not the others'
                _log.exception("replication_word_failed", topic=topic)

    async def _run(self) -> None:
        pause_s = _AGAIN_S
        while True:
            try:
                await self._connected()
                await self._join()
                pause_s = _AGAIN_S
                while True:
                    try:
                        await self._tell()
                    except Lost:
                        _log.warning("replication_lost")
                        await self._join()
                    await self._pause()
            except (Away, ScriptFailed) as error:
                if self._in_step or isinstance(error, ScriptFailed):
                    _log.warning("replication_away", error=str(error) or type(error).__name__)
            except Exception:  # noqa: BLE001  a mistake of ours must not leave this process deaf
                _log.exception("replication_failed")
            self._go_alone()
            self._gather()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _MOST_AGAIN_S) if self._line.is_up else _AGAIN_S

    async def _connected(self) -> None:
        """Return once Redis is there; what was no hurry is heard meanwhile."""
        while not self._line.is_up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.beat_s):
                    await self._line.connected()
            self._gather()

    async def _pause(self) -> None:
        """Until there is something to say, or others are to be listened to."""
        settings = self._settings
        quick = self._clock.monotonic() < self._quick_until_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.quick_beat_s if quick else settings.beat_s):
                await self._some.wait()

    async def _join(self) -> None:
        """Be where the log is; what waits to be said waits on."""
        joined = await self._shared.join(self._place)
        own: dict[str, Any] | None = self._exported()
        if joined is None:
            fresh = self._new_id()
            state = _encode(own).decode()
            joined = await self._shared.begin(fresh, self._place, state, self.now_s())
            if joined.place.id == fresh:
                own = None
        self._came(joined.now_s)
        self._kept_s = self._clock.monotonic()
        self._kept, self._since_kept = joined.place.position, 0
        if own is None:
            self._place = joined.place
            self._in_step = True
            return
        self._take_over(joined)
        self._in_step = True
        for topic, replica in self._replicas.items():
            for word in replica.missed(own.get(topic), self._alone_since_s):
                self._put(_Said((topic, *word)), hurry=False)

    def _take_over(self, joined: Joined) -> None:
        """Be as the others are."""
        self._place = joined.place
        self._keeps = True
        state: dict[str, Any] = msgspec.json.decode(joined.state)
        for topic, replica in self._replicas.items():
            try:
                replica.restore(state.pop(topic, None))
            except Exception:  # noqa: BLE001  of another version, perhaps
                _log.exception("replication_state_failed", topic=topic)
                replica.restore(None)
                self._keeps = False
        self._foreign = state
        self._hear(joined.entries, late=True)

    async def _tell(self, *, leaves: bool = False) -> None:
        """Say what there is to be said, and hear what is new."""
        self._gather()
        self._some.clear()
        self._sent = [self._out.popleft() for _ in range(min(len(self._out), _MOST_AT_ONCE))]
        if self._out:
            self._some.set()
        self._saying = f"[{','.join(said.text for said in self._sent)}]" if self._sent else ""
        try:
            told = await self._shared.tell(
                self._place,
                self._saying,
                alive_s=self._settings.alive_s,
                at_s=None if self._at is None else self._at(),
                leaves=leaves,
            )
        except Lost:
            self._take_back()
            raise
        self._came(told.now_s)
        if told.kept > self._kept:
            self._kept, self._since_kept, self._kept_s = told.kept, 0, self._clock.monotonic()
        spoke = bool(self._sent)
        self._hear(told.entries, late=False)
        if self._sent:  # and it is not there
            self._take_back()
            raise Lost
        if spoke and self._is_long():
            await self._keep()

    def _take_back(self) -> None:
        """What was to be said is to be said again."""
        self._out.extendleft(reversed(self._sent))
        self._sent = ()

    def _is_long(self) -> bool:
        """Whether the log has become so since a state was kept."""
        settings, entries = self._settings, self._place.position - self._kept
        long_ago = self._clock.monotonic() - self._kept_s > settings.keep_after_s
        return entries >= settings.keep_every or self._since_kept >= settings.keep_words or long_ago

    async def _keep(self) -> None:
        self._kept_s = self._clock.monotonic()
        if not self._keeps:
            return
        place, state = self._place, _encode(self._exported()).decode()
        await self._shared.keep(place, state)
        self._kept, self._since_kept = place.position, 0

    def _hear(self, entries: Sequence[Entry], *, late: bool) -> None:
        """What was said, in its order. `late`: before this process came."""
        for entry in entries:
            self._place = Place(self._place.id, self._place.position + 1, entry.mark)
            self._heard_s = entry.at_s
            if entry.words is None:
                self._hear_gone(entry.process)
                continue
            self._since_kept += len(entry.words)
            ours = entry.process == self.process
            waiting: Sequence[_Said] = ()
            if ours and not late and entry.text == self._saying:  # else it is one that was long on its way
                waiting, self._sent = self._sent, ()
            for at, word in enumerate(entry.words):
                result = self._hear_one(word, entry.at_s, ours=ours, late=late)
                if at < len(waiting):
                    waiting[at].came_to(result)

    def _hear_gone(self, process: str) -> None:
        for topic, replica in self._replicas.items():
            try:
                replica.gone(process)
            except Exception:  # noqa: BLE001  as for words
                _log.exception("replication_word_failed", topic=topic)

    def _hear_one(self, word: Word, at_s: float, *, ours: bool, late: bool = False) -> object:
        topic = word[0] if word else ""
        replica = self._replicas.get(topic)
        if replica is None:
            self._keeps = self._keeps and not topic  # else it is of a later version
            return None
        if late and not replica.has_state:
            return None
        self._hearing_s = at_s
        try:
            return replica.heard(word[1:], ours=ours and not late)
        except Exception:  # noqa: BLE001  what cannot be understood is to stop nobody
            _log.exception("replication_word_failed", topic=topic)
            self._keeps = False
            return None
        finally:
            self._hearing_s = None

    def _go_alone(self) -> None:
        """Nobody hears this process: it hears itself."""
        if not self._in_step:
            return
        self._in_step = False
        self._alone_since_s = self.now_s()
        waiting = (*self._sent, *self._out)
        self._sent = ()
        self._out.clear()
        for said in waiting:
            said.came_to(self._hear_one(said.word, self.now_s(), ours=True))

    def _came(self, now_s: float) -> None:
        """The log's clock says so."""
        self._ahead_s = now_s - self._clock.monotonic()

    def _exported(self) -> dict[str, Any]:
        self._hearing_s = self._heard_s if self._in_step else self.now_s()
        try:
            own = {topic: replica.export() for topic, replica in self._replicas.items() if replica.has_state}
        finally:
            self._hearing_s = None
        return {**self._foreign, **own}
