"""Recorded streams handed on inside this process, cut in more ways than sockets have time for.

A translator must not care where its bytes were cut: at the borders of events, and at twenty random places by
twenty seeds (decision 26).
"""

import json
import random
from collections.abc import Iterable, Iterator

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, Envelope, Options
from baton.core.usage import Usage
from baton.upstream.dialects.handing import Hand, Handing, Retelling, Translation
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.retelling import stream_of
from tests.contracts import accepted
from tests.contracts.bill import answer_in, bill_of, fields_of
from tests.contracts.crossed import differences
from tests.contracts.events import read_events
from tests.contracts.facts.reading import Unreadable, streamed_answer_of
from tests.contracts.recordings import Exchange
from tests.contracts.replay import RANDOM_CUTS, Cuts, cut


def cut_problems(exchange: Exchange, spec: ProviderSpec, caller: Dialect) -> list[str]:
    """What a stream's cuts change in what a caller gets; in the provider's own dialect both by its relay and
    through the core."""
    problems: list[str] = []
    for translates in {True, caller is not exchange.dialect}:
        whole = _handed_on(exchange, spec, caller, [exchange.body], translates=translates)
        for name, pieces in _cuts(exchange):
            if _handed_on(exchange, spec, caller, pieces, translates=translates) != whole:
                problems.append(f"cut at {name} it comes out otherwise")
    return problems


def retold_problems(exchange: Exchange, spec: ProviderSpec, caller: Dialect) -> list[str]:
    """What is wrong with a whole answer that is told to a caller who wished for a stream."""
    assert exchange.dialect is not None
    losses = Losses()
    response = CODECS[exchange.dialect].read_answer(exchange.body, spec)
    retelling = Retelling(stream_of(response), CODECS[caller].writer(losses))
    body = retelling.close()
    body += retelling.finale(retelling.seen.usage or Usage(), None)
    bill = bill_of(exchange)
    try:
        found = streamed_answer_of(caller, body)
    except Unreadable as error:
        return [str(error)]
    named = {*losses.dropped, *losses.adjusted} - fields_of(exchange)
    tokens = None if bill is None else bill.tokens
    told = differences(answer_in(exchange), tokens, found, caller, named)
    return told + accepted.stream_problems(caller, body)


def _cuts(exchange: Exchange) -> Iterator[tuple[str, list[bytes]]]:
    yield "its events", list(cut(exchange.body, Cuts.EVENTS))
    rng = random.Random(exchange.id)
    for _ in range(RANDOM_CUTS):
        seed = rng.randrange(1 << 30)
        yield f"random places ({seed})", list(cut(exchange.body, Cuts.RANDOM, seed))


def _handed_on(
    exchange: Exchange, spec: ProviderSpec, caller: Dialect, pieces: Iterable[bytes], *, translates: bool
) -> tuple[object, ...]:
    """The caller's events, and what the ledger will know."""
    assert exchange.dialect is not None
    losses = Losses()
    codec = CODECS[exchange.dialect]
    hand: Hand = codec.relay(_envelope(exchange), spec)
    if translates:
        hand = Translation(codec.reader(spec), CODECS[caller].writer(losses))
    handing = Handing(hand)
    seen = handing.seen
    passed: list[bytes] = []
    for piece in pieces:
        passed.append(handing.feed(piece))
        if seen.ended or seen.failure is not None:
            break
    else:
        passed.append(handing.close())
    if seen.complete:
        passed.append(handing.finale(seen.usage or Usage(), {"interaction": "one"}))
    known = (seen.complete, seen.failure, seen.finish, seen.usage, seen.id, seen.model, seen.chars)
    # As events: the LF of a CRLF that came in two chunks may be missing.
    events = tuple(read_events(b"".join(passed)))
    return (events, tuple(losses.dropped), tuple(losses.adjusted), *known)


def _envelope(exchange: Exchange) -> Envelope:
    """A request of the provider's own dialect whose caller wants to be told everything."""
    assert exchange.dialect is not None
    codec = CODECS[exchange.dialect]
    return Envelope(
        dialect=exchange.dialect,
        model=exchange.model,
        body=json.dumps(exchange.request).encode(),
        stream=True,
        include_usage=True,
        max_tokens=None,
        needs=frozenset(),
        input_chars=0,
        options=Options(said=True),
        headers={},
        read=_never_read,
        write=codec.write_answer,
        writer=codec.writer,
    )


def _never_read(body: bytes) -> ChatRequest:
    raise AssertionError(f"nobody needs to read {body[:80]!r}")
