"""Anthropic's recorded messages, and streams of them put together as a client does."""

import json
import random
from collections.abc import Iterator
from typing import Any

from msgspec import structs

from baton.core.losses import Losses
from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest, Envelope, Options
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.anthropic.envelope import read_envelope
from baton.upstream.directory import declared
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.replay import Cuts, cut

SPEC = next(spec for spec in declared() if spec.name == "anthropic")
RANDOM_CUTS = 20
HELLO = Message(role=Role.USER, parts=(Text(text="hello"),))
_NO_OPTIONS = Options()
_ROUTE = "/messages"


def messages() -> tuple[Exchange, ...]:
    """Every recorded exchange of the route."""
    return exchanges(lambda exchange: exchange.provider == SPEC.name and exchange.endpoint.endswith(_ROUTE))


def streams() -> list[Exchange]:
    """Those that were streamed."""
    return [exchange for exchange in messages() if exchange.streamed]


def envelope_of(body: dict[str, Any]) -> Envelope:
    """The request as Baton keeps it."""
    return read_envelope(json.dumps(body).encode(), lambda _: _NO_OPTIONS, {})


def write(request: ChatRequest, model: str, **fields: Any) -> tuple[dict[str, Any], Losses]:
    """A request that came in another dialect, `fields` of it changed, as the provider is sent it; every loss
    must be declared."""
    losses = Losses()
    written = CODEC.write_request(structs.replace(request, **fields), model, SPEC, losses)
    assert losses.features <= set(CODEC.cannot) | set(CODEC.adjusts)
    return json.loads(written), losses


def pieces_of(body: bytes) -> Iterator[list[bytes]]:
    """The stream cut at its events, and at 20 random places by 20 seeds."""
    yield list(cut(body, Cuts.EVENTS))
    rng = random.Random(len(body))
    for _ in range(RANDOM_CUTS):
        yield list(cut(body, Cuts.RANDOM, rng.randrange(1 << 30)))


def gathered(stream: bytes) -> dict[str, Any]:
    """What a client that knows nothing of Baton puts together from a stream; blocks must be well nested."""
    message: dict[str, Any] = {}
    still_open: dict[int, str] = {}
    fragments: dict[int, str] = {}
    for event in read_events(stream):
        fields = json.loads(event.data)
        kind = fields["type"]
        assert event.name == kind
        assert "ended" not in message, "something came behind the end"
        match kind:
            case "message_start":
                assert not message
                message = fields["message"]
            case "content_block_start":
                assert fields["index"] == len(message["content"])
                message["content"].append(fields["content_block"])
                still_open[fields["index"]] = ""
            case "content_block_delta":
                assert fields["index"] in still_open
                _grow(message["content"][fields["index"]], fields["delta"], fragments, fields["index"])
            case "content_block_stop":
                del still_open[fields["index"]]
            case "message_delta":
                assert not still_open
                message |= fields["delta"]
                message["usage"] |= fields["usage"]
                if "baton" in fields:
                    message["baton"] = fields["baton"]
            case "message_stop":
                message["ended"] = True
            case _:
                assert kind in ("ping", "error")
    for index, text in fragments.items():
        message["content"][index]["input"] = json.loads(text or "{}")
    return message


def _grow(block: dict[str, Any], delta: dict[str, Any], fragments: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        case "input_json_delta":
            fragments[index] = fragments.get(index, "") + delta["partial_json"]
        case _:
            raise AssertionError(delta["type"])
