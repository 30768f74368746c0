"""Recorded streams, cut off at some of their events and gone on with by themselves."""

from collections.abc import Sequence

import pytest

from baton.core.dialect import Dialect
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.joining import Resumption
from tests.contracts.facts.reading import streamed_answer_of
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.replay import Cuts, cut
from tests.upstream.telling import DIALECTS, PATIENT, Stage, asking, heard, route_of

LEAST = {Dialect.OPENAI: 60, Dialect.OPENAI_RESPONSES: 15, Dialect.ANTHROPIC: 12, Dialect.GOOGLE: 10}
"""Places at which recordings of a dialect can be gone on with; others call tools at once."""


def answer_in(caller: Dialect, body: bytes) -> tuple[object, ...]:
    """What a caller knows at the end, but for thoughts: those of the second are kept back."""
    said = streamed_answer_of(caller, body).said[0]
    return said.text, said.refusal, [(call.name, call.arguments) for call in said.calls], said.end


def places(events: Sequence[bytes]) -> set[int]:
    """Some of the borders between events, those near the end among them."""
    count = len(events)
    return {count // 4, count // 2, count * 3 // 4, count - 2, count - 1} & set(range(1, count))


async def whole(exchange: Exchange, events: Sequence[bytes], asks: Envelope) -> bytes | None:
    """The stream as it comes unbroken; None: it ends in an error, or has several answers."""
    assert exchange.dialect is not None
    stage = Stage([(events, False)])
    stream = await stage.upstream.stream(route_of(exchange.dialect), asks, PATIENT)
    body = await heard(stream)
    if not stream.seen.complete:
        return None
    body += stream.handing.finale(stream.seen.usage or Usage(), None)
    return body if len(stream.seen.closed) < 2 else None


@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_recordings_go_on_with_themselves(dialect: Dialect, caller: Dialect) -> None:
    """Cut off and told once more they say what they said unbroken, to callers of every dialect, unless more
    than text was sent by then."""
    asks = asking(caller)
    resumed = 0
    for exchange in exchanges(lambda one: one.streamed and one.status == 200 and one.dialect is dialect):
        events = list(cut(exchange.body, Cuts.EVENTS))
        unbroken = await whole(exchange, events, asks)
        for place in places(events) if unbroken is not None else ():
            stage = Stage()
            broken, begun = await stage.begin(asks, dialect, events[:place])
            if broken.seen.complete or not broken.seen.said or not broken.sent.resumable:
                continue
            stream, rest = await stage.resume(asks, broken, dialect, events, Resumption.SPLICE)
            assert not stream.diverged, (exchange.id, place)
            assert unbroken is not None
            assert answer_in(caller, begun + rest) == answer_in(caller, unbroken), (exchange.id, place)
            resumed += 1
    assert resumed >= LEAST[dialect]
