"""Ordinary answers that were drawn, on their way to a judge: held in memory until then, and nowhere else."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from msgspec import Struct

from baton.core.errors import BatonError, Invalid
from baton.core.request import Envelope
from baton.gateway.opening import Arrival
from baton.gateway.samples import Given
from baton.ledger.rows import Settled
from baton.quality.assessor import Assessor
from baton.quality.judging.asking import Terms
from baton.quality.output import Output
from baton.quality.queue.item import Examined
from baton.quality.rules import JUDGING
from baton.quality.task import Task, task_of
from baton.quality.traffic.drawing import Drawing
from baton.upstream.dialects.listening import Heard

MOST_WAITING = 100
"""Answers that wait to be judged …"""

MOST_BYTES = 16 << 20
"""… and how large they, and what they answer, may be together."""

AT_ONCE = 2
"""Answers that are judged at a time."""

MOST_CHARS = 200_000
"""Of an answer; checks of a longer one would take seconds of CPU."""

END_S = 2.0
"""How long what is being judged may take to end when Baton stops."""

_NOT_ORDINARY = ("/api/admin/", "/api/runs")
"""Beginnings of the paths that admins' own tries and the steps of runs come by."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Counts(Struct):
    """What became of those that were drawn, since this process began."""

    drawn: int = 0
    dropped: int = 0
    """For want of room, or of time at the end."""
    passed_over: int = 0
    """Their askers have opted out since, or there is nothing to be read in them."""
    assessed: int = 0
    failed: int = 0
    """They could not be assessed, or what was said not be kept."""


class _Waiting(Struct, frozen=True):
    given: Given
    size: int


class Sampler:
    """Takes answers that are drawn, and has them assessed one after the other while it is entered."""

    def __init__(self, drawing: Drawing, assessor: Assessor, opted_out: Callable[[str], bool]) -> None:
        """`opted_out`: whether nothing of a user's may be sent to a model."""
        self._drawing = drawing
        self._assessor = assessor
        self._opted_out = opted_out
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(MOST_WAITING)
        self._size = 0
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []
        self.counts = Counts()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._work(), name="sampler") for _ in range(AT_ONCE)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What waits is dropped; what is being judged has a moment."""
        self._closed = True
        while not self._queue.empty():
            self._size -= self._queue.get_nowait().size
            self.counts.dropped += 1
            self._queue.task_done()
        ended = asyncio.ensure_future(self.idle())
        await asyncio.wait([ended], timeout=END_S)
        for task in (ended, *self._tasks):
            task.cancel()
        await asyncio.wait([ended, *self._tasks])

    @property
    def waiting(self) -> int:
        """How many wait to be judged."""
        return self._queue.qsize()

    async def idle(self) -> None:
        """Return once nothing waits, and nothing is being judged."""
        await self._queue.join()

    def draws(self, envelope: Envelope, arrival: Arrival) -> bool:
        """As `Samples`: what judges say is never judged."""
        use_case = envelope.options.use_case
        drawn = self._drawing.is_drawn(arrival.id, use_case)
        return drawn and use_case != JUDGING and not arrival.path.startswith(_NOT_ORDINARY)

    def take(self, given: Given) -> None:
        """As `Samples`; drops it where there is no room."""
        self.counts.drawn += 1
        size = len(given.envelope.body) + given.settled.generated_chars
        if self._closed or self._queue.full() or self._size + size > MOST_BYTES:
            self.counts.dropped += 1
            return
        self._size += size
        self._queue.put_nowait(_Waiting(given, size))

    async def _work(self) -> None:
        while True:
            waiting = await self._queue.get()
            try:
                await self._look_at(waiting.given)
            except asyncio.CancelledError:
                self.counts.dropped += 1
                raise
            except Exception as error:  # noqa: BLE001 (one answer that cannot be judged is not the last one)
                self.counts.failed += 1
                why = error.code if isinstance(error, BatonError) else type(error).__name__
                _log.warning("answer_not_assessed", interaction=waiting.given.settled.id, reason=why)
            finally:
                self._size -= waiting.size
                self._queue.task_done()

    async def _look_at(self, given: Given) -> None:
        if self._opted_out(given.caller.user_id):
            self.counts.passed_over += 1
            return
        read = await asyncio.to_thread(_read, given)
        if read is None:
            self.counts.passed_over += 1
            return
        task, output = read
        rule = self._drawing.rule_of(given.envelope.options.use_case)
        examined, terms = _examined(given, given.settled), _terms(given)
        await self._assessor.assess(task, output, examined, rule.judge, terms)
        self.counts.assessed += 1


def _read(given: Given) -> tuple[Task, Output] | None:
    """What was asked and what was answered; None: one of both cannot be read."""
    heard = given.hear()
    if not _is_known(heard) or len(heard.text) > MOST_CHARS:
        return None
    try:
        task = task_of(given.envelope.open())
    except Invalid:
        return None
    output = Output(text=heard.text, finish=heard.finish, refusal=heard.refusal, more=heard.more)
    return task, output


def _is_known(heard: Heard) -> bool:
    """Whether it was heard at all: one in that nothing was said has at least come to an end."""
    return bool(heard.text or heard.other or heard.more) or heard.finish is not None


def _examined(given: Given, settled: Settled) -> Examined:
    options = given.envelope.options
    return Examined(
        user_id=given.caller.user_id,
        interaction_id=settled.id,
        project=options.project,
        use_case=options.use_case,
        provider=settled.provider,
        model=settled.model,
        prompt=options.prompt,
    )


def _terms(given: Given) -> Terms:
    options = given.envelope.options
    return Terms(
        project=options.project,
        projects=given.caller.projects,
        data_needs=given.data_needs,
        exclude=options.exclude,
    )
