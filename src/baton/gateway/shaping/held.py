"""An answer held back until it is true to its schema: asked for, judged, asked for once more."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from msgspec import structs

from baton.core.answer import ChatResponse
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.core.losses import Feature, Losses
from baton.core.request import ChatRequest, Envelope
from baton.core.usage import Usage
from baton.gateway.entry import Entry, outcome_of
from baton.gateway.shaping.emulation import Emulation, put
from baton.upstream.dialects.handing import Progress, Retelling
from baton.upstream.dialects.listening import Heard
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.replies import Reply

Ask = Callable[[Envelope], Awaitable[Reply]]
"""Asks the model of an attempt. Raises AttemptFailed."""


async def ask_held(
    ask: Ask, again: Callable[[], Awaitable[None]], emulation: Emulation, envelope: Envelope, entry: Entry
) -> Reply:
    """The answer in the caller's dialect, true to the schema; every attempt is in the entry, with its cost.

    `again`: a second attempt begins.

    Raises:
        AttemptFailed: no answer came, or none that is true to it.
    """
    reply = await ask(put(envelope, emulation.asked()))
    response, problems = emulation.read(_taken_apart(reply))
    if problems:
        entry.discard(outcome_of(reply), Kind.UNTRUE.value, " ".join(problems))
        request: ChatRequest = emulation.asked_again(_taken_apart(reply), problems)
        await again()
        reply = await ask(put(envelope, request))
        response, problems = emulation.read(_taken_apart(reply))
    if problems:
        message = f"The model's answer is not true to the schema, also not the second time. {problems[0]}"
        failure = Failure(kind=Kind.UNTRUE, message=message, billed=True)
        raise AttemptFailed(failure, entry.used(outcome_of(reply)))
    reply.losses.adjust(Feature.RESPONSE_FORMAT, emulation.form.value)
    body = b"" if envelope.write is None or envelope.stream else envelope.write(response, reply.losses)
    finish = next((choice.finish for choice in response.choices if choice.finish is not None), None)
    seen = structs.replace(reply.seen, finish=reply.seen.finish if finish is None else finish.value)
    return Reply(body, seen, reply.headers, reply.losses, response)


class HeldAnswer:
    """A whole answer that its caller wants as a stream."""

    def __init__(self, reply: Reply, envelope: Envelope) -> None:
        retelling = Retelling(stream_of(_taken_apart(reply)), envelope.writer(reply.losses))
        self._retelling = retelling
        self.first = retelling.close()
        self.rest = _nothing()
        self.seen: Progress = retelling.seen
        self.seen.usage = reply.seen.usage
        self.headers: Mapping[str, str] = reply.headers
        self.losses: Losses = reply.losses
        self._reply = reply

    def said(self) -> Heard:
        """What it said."""
        return self._reply.heard()

    @property
    def heard(self) -> Heard | None:
        """It was judged before."""
        return None

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of the answer."""
        return self._retelling.finale(usage, baton)

    def ended(self, failure: Failure | None) -> None:
        """That was known before."""

    async def drain(self, most_bytes: int) -> None:
        """All of it has been read."""
        del most_bytes

    async def close(self) -> None:
        """Nothing is open."""
        await self.rest.aclose()


async def _nothing() -> AsyncGenerator[bytes]:
    for piece in ():
        yield piece


def _taken_apart(reply: Reply) -> ChatResponse:
    if reply.response is None:
        raise TypeError("an answer that Baton asked for itself must come taken apart")
    return reply.response
