"""Asking what callers would ask, and noting what each of them would have seen."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec
from msgspec import Struct

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, BatonError
from baton.core.request import Envelope, Options
from baton.gateway.opening import Arrival
from baton.ledger.rows import Settled, Status
from baton.upstream.dialects.openai.envelope import read_envelope
from baton.watch.rehearsal.scenario import Question
from baton.watch.rehearsal.stage import Stage

PATIENCE_S = 600.0
"""After which a caller leaves: what the official SDKs wait for an answer unless told otherwise."""

_PATH = "/v1/chat/completions"
_PROMPT = (
    "We are three friends with four days in Lisbon at the end of May. Suggest one walk for each day, with "
    "the hour to begin at, a place to eat on the way, and what to do instead where it rains."
)
_LEFT = "The caller would have left: nothing had come to its end after {:.0f} s."


class Trouble(Struct, frozen=True):
    """What a caller saw in place of an answer."""

    kind: str
    """Of the last failure, or the error's code."""
    status: int
    """Of the answer; 200 where the stream had begun and ended with an error event."""
    message: str


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one request."""

    question: Question
    served_by: str | None = None
    """`provider/name`; None: nobody."""
    attempts: tuple[str, ...] = ()
    """Providers that were asked, in turn."""
    rescued: bool = False
    """Whether somebody went on in a stream that had begun."""
    latency_ms: int = 0
    """To the answer's last byte, or to the error."""
    first_ms: int | None = None
    """To a stream's first words."""
    cost_nanos: int = 0
    unpriced: bool = False
    trouble: Trouble | None = None
    """None: it was served."""


class Asking:
    """Puts a schedule of questions to a stage."""

    def __init__(self, stage: Stage, caller: Caller, clock: Clock, new_id: Callable[[], str]) -> None:
        self._stage = stage
        self._caller = caller
        self._clock = clock
        self._new_id = new_id
        self._envelopes: dict[Question, Envelope] = {}

    async def all(self, schedule: Sequence[tuple[float, Question]]) -> list[Outcome]:
        """What came of each, in the schedule's order."""
        begun_s = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._at(begun_s + at_s, question)) for at_s, question in schedule]
        return [each.result() for each in asked]

    async def _at(self, at_s: float, question: Question) -> Outcome:
        await asyncio.sleep(at_s - self._clock.monotonic())
        started_s = self._clock.monotonic()
        arrival = Arrival(self._new_id(), _PATH, started_s)
        before, trouble = 0, None
        try:
            async with asyncio.timeout(PATIENCE_S):
                before = await self._ask(question, arrival)
        except BatonError as error:
            trouble = _trouble(error)
        except TimeoutError:
            trouble = Trouble("left", HTTPStatus.OK, _LEFT.format(PATIENCE_S))
        took_ms = round((self._clock.monotonic() - started_s) * 1000)
        end = self._stage.pages.ends.get(arrival.id)
        if end is None:  # refused before anybody was asked
            return Outcome(question=question, latency_ms=took_ms, trouble=trouble)
        return _outcome(question, end, before, took_ms, trouble)

    async def _ask(self, question: Question, arrival: Arrival) -> int:
        """Read an answer to its end; how many attempts it took to begin."""
        envelope = self._envelope(question)
        gateway = self._stage.gateway
        if not question.stream:
            return len((await gateway.answer(self._caller, envelope, arrival)).settled.attempts)
        streaming = await gateway.stream(self._caller, envelope, arrival)
        try:
            before = streaming.attempts
            async for _ in streaming.pieces():
                pass
        finally:
            await streaming.close()
        return before

    def _envelope(self, question: Question) -> Envelope:
        envelope = self._envelopes.get(question)
        if envelope is None:
            message = {"role": "user", "content": _PROMPT}
            asked = {"model": question.model, "stream": question.stream, "messages": [message]}
            body = msgspec.json.encode(asked)
            envelope = self._envelopes[question] = read_envelope(body, lambda _: Options(), {})
        return envelope


def _outcome(question: Question, end: Settled, before: int, took_ms: int, trouble: Trouble | None) -> Outcome:
    served = trouble is None and end.status == Status.OK
    if trouble is not None and end.http_status == HTTPStatus.OK:  # its headers had left
        trouble = msgspec.structs.replace(trouble, status=HTTPStatus.OK)
    return Outcome(
        question=question,
        served_by=f"{end.provider}/{end.model}" if served else None,
        attempts=tuple(each.provider for each in end.attempts),
        rescued=served and question.stream and len(end.attempts) > before,
        latency_ms=took_ms,
        first_ms=end.first_token_ms if question.stream else None,
        cost_nanos=end.cost.total_nanos,
        unpriced=end.unpriced,
        trouble=trouble,
    )


def _trouble(error: BatonError) -> Trouble:
    kind = error.failure.kind.value if isinstance(error, AllAttemptsFailed) else error.code or "refused"
    return Trouble(kind, error.status, error.message)
