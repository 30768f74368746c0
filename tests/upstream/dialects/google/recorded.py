"""Google's recorded exchanges, and streams of them put together as a client does."""

import json
import random
from collections.abc import Iterator
from typing import Any

from baton.core.request import Envelope, Options
from baton.core.usage import Usage
from baton.upstream.dialects.google.envelope import Asked, read_envelope
from baton.upstream.dialects.google.finishes import finish_word
from baton.upstream.dialects.handing import Handing
from baton.upstream.directory import declared
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.replay import Cuts, cut

SPEC = next(spec for spec in declared() if spec.name == "google")
RANDOM_CUTS = 20
_HOUSES = ("google", "vertex")
"""The second is no provider of Baton's; its answers have the same shapes."""

_VERBS = (":generateContent", ":streamGenerateContent")
_NO_OPTIONS = Options()


def chats() -> tuple[Exchange, ...]:
    """Every recorded exchange of the routes."""
    return exchanges(lambda one: one.provider in _HOUSES and one.endpoint.endswith(_VERBS))


def is_array(exchange: Exchange) -> bool:
    """Whether it is a stream that came as one array."""
    return isinstance(exchange.fields["response"].get("body"), list) and exchange.status == 200


def wholes() -> list[tuple[Exchange, bytes]]:
    """Whole answers and their bytes, arrays too."""
    return [
        (one, json.dumps(one.fields["response"]["body"], indent=1).encode())
        for one in chats()
        if one.status == 200 and "sse" not in one.fields["response"]
    ]


def streams() -> list[tuple[Exchange, bytes]]:
    """Those that were streamed as events, and their bytes."""
    return [
        (one, one.fields["response"]["sse"].encode()) for one in chats() if "sse" in one.fields["response"]
    ]


def model_of(exchange: Exchange) -> str:
    """As it stands in the address."""
    return exchange.url.partition("/models/")[2].partition(":")[0]


def envelope_of(body: dict[str, Any], *, stream: bool = True, array: bool = False) -> Envelope:
    """The request as Baton keeps it."""
    asked = Asked("gemini-x", stream=stream, array=array)
    return read_envelope(json.dumps(body).encode(), asked, lambda _: _NO_OPTIONS, {})


def pieces_of(body: bytes) -> Iterator[list[bytes]]:
    """The stream cut at its events, and at 20 random places by 20 seeds."""
    yield list(cut(body, Cuts.EVENTS))
    rng = random.Random(len(body))
    for _ in range(RANDOM_CUTS):
        yield list(cut(body, Cuts.RANDOM, rng.randrange(1 << 30)))


def hand_on(handing: Handing, pieces: list[bytes]) -> bytes:
    """All that is handed on of a stream."""
    passed = [handing.feed(piece) for piece in pieces]
    passed.append(handing.close())
    if handing.seen.complete:
        passed.append(handing.finale(handing.seen.usage or Usage(), None))
    return b"".join(passed)


def notes(handing: Handing) -> tuple[object, ...]:
    """What the ledger will know of it."""
    seen = handing.seen
    return (seen.complete, seen.failure, seen.finish, seen.usage, seen.model, seen.id)


def chunks_of(stream: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream of events."""
    return [json.loads(event.data) for event in read_events(stream)]


def gathered(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """What a client that knows nothing of Baton puts together from chunks."""
    got: dict[str, Any] = {"choices": {}}
    for chunk in chunks:
        got["usage"] = chunk.get("usageMetadata") or got.get("usage")
        got["id"] = chunk.get("responseId") or got.get("id")
        got["model"] = chunk.get("modelVersion") or got.get("model")
        for at, candidate in enumerate(chunk.get("candidates") or []):
            _gather(got["choices"].setdefault(candidate.get("index", at), {}), candidate)
    return got


def _gather(choice: dict[str, Any], candidate: dict[str, Any]) -> None:
    for part in (candidate.get("content") or {}).get("parts") or []:
        signature = part.get("thoughtSignature")
        if "functionCall" in part:
            call = part["functionCall"]
            choice.setdefault("calls", []).append((call["name"], call.get("args") or {}, signature))
        elif "text" in part:
            kind = "thought" if part.get("thought") else "text"
            if part["text"]:
                choice[kind] = choice.get(kind, "") + part["text"]
            if signature:
                choice.setdefault("signatures", []).append(signature)
        else:
            choice.setdefault("others", []).append(part)
    choice["finish"] = finish_word(candidate.get("finishReason")) or choice.get("finish")
    for chunk in (candidate.get("groundingMetadata") or {}).get("groundingChunks") or []:
        choice.setdefault("sources", set()).add(next(iter(chunk.values()))["uri"])
