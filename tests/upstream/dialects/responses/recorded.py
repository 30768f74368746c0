"""Recorded Responses, and streams of them put together as a client does."""

import json
import random
from collections.abc import Iterator
from typing import Any

from baton.core.provider import ProviderSpec
from baton.core.request import Envelope, Options
from baton.upstream.dialects.responses.envelope import read_envelope
from baton.upstream.directory import declared
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange, exchanges
from tests.contracts.replay import Cuts, cut

RANDOM_CUTS = 20
SHORT_BYTES = 6000
"""Streams up to this long are also cut at every byte."""

_SPECS = {spec.name: spec for spec in declared()}
_NO_OPTIONS = Options()


def recorded() -> list[tuple[Exchange, ProviderSpec]]:
    """Every exchange of the route and its provider; Bedrock's, which Baton does not declare, as OpenAI's."""
    found = exchanges(lambda exchange: exchange.endpoint.endswith("/responses"))
    return [(exchange, _SPECS.get(exchange.provider, _SPECS["openai"])) for exchange in found]


def answers() -> list[tuple[Exchange, ProviderSpec]]:
    """Those that were answered whole."""
    return [(each, spec) for each, spec in recorded() if each.status == 200 and not each.streamed]


def streams() -> list[tuple[Exchange, ProviderSpec]]:
    """Those that were streamed."""
    return [(each, spec) for each, spec in recorded() if each.streamed]


def envelope_of(body: dict[str, Any]) -> Envelope:
    """The request as Baton keeps it."""
    return read_envelope(json.dumps(body).encode(), lambda _: _NO_OPTIONS, {})


def pieces_of(body: bytes) -> Iterator[list[bytes]]:
    """The stream cut at its events, at 20 random places by 20 seeds, and a short one at every byte."""
    yield list(cut(body, Cuts.EVENTS))
    rng = random.Random(len(body))
    for _ in range(RANDOM_CUTS):
        yield list(cut(body, Cuts.RANDOM, rng.randrange(1 << 30)))
    if len(body) <= SHORT_BYTES:
        yield list(cut(body, Cuts.BYTES))


class Gathered:
    """What a client that knows nothing of Baton puts together from a stream, by its deltas alone and as the
    last event has it; whatever contradicts itself fails."""

    def __init__(self, stream: bytes) -> None:
        self.items: list[dict[str, Any]] = []
        self.whole: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        """The last event."""
        self.kinds: list[str] = []
        self._texts: dict[tuple[int, str, int], str] = {}
        for number, event in enumerate(read_events(stream)):
            if event.data == "[DONE]":
                continue
            fields = json.loads(event.data)
            assert event.name in (fields["type"], "message")
            assert fields["sequence_number"] == number
            assert not self.whole, "something came behind the end"
            self.kinds.append(fields["type"])
            self.last = fields
            self._take(fields)

    def _take(self, fields: dict[str, Any]) -> None:
        kind = fields["type"]
        at = fields.get("output_index", 0)
        if kind == "response.output_item.added":
            assert at == len(self.items)
            self.items.append(fields["item"])
        elif kind == "response.output_item.done":
            assert self.items[at]["type"] == fields["item"]["type"]
            self.items[at] = fields["item"]
        elif kind.endswith(".delta"):
            self._grow(at, fields)
        elif kind.endswith(("_text.done", "refusal.done", "arguments.done", "_input.done")):
            self._compare(at, fields)
        elif kind in ("response.completed", "response.incomplete"):
            self.whole = fields["response"]
            assert [item["type"] for item in self.items] == [item["type"] for item in self.whole["output"]]
            assert self.items == self.whole["output"]

    def _grow(self, at: int, fields: dict[str, Any]) -> None:
        assert fields["item_id"] == self.items[at]["id"]
        key = self._key(at, fields)
        self._texts[key] = self._texts.get(key, "") + fields["delta"]

    def _compare(self, at: int, fields: dict[str, Any]) -> None:
        told = next(fields[name] for name in ("text", "refusal", "arguments", "input") if name in fields)
        assert told == self._texts.get(self._key(at, fields), "")

    def _key(self, at: int, fields: dict[str, Any]) -> tuple[int, str, int]:
        stem = fields["type"].rpartition(".")[0]
        return at, stem, fields.get("content_index", fields.get("summary_index", 0))


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, item by item, without what the core has no word for: items' ids and states, the
    bounds of the parts of a summary, and thoughts of which nothing is known but an id."""
    items = [told for item in answer["output"] if (told := _said(item)) != ("reasoning", "", None)]
    usage = answer["usage"]
    details = usage["input_tokens_details"]
    return {
        "items": items,
        "status": answer["status"],
        "why": answer["incomplete_details"],
        "id": answer["id"],
        "model": answer["model"],
        "usage": (
            usage["input_tokens"],
            details["cached_tokens"],
            details.get("cache_write_tokens", 0),
            usage["output_tokens"],
            usage["output_tokens_details"]["reasoning_tokens"],
        ),
    }


def _said(item: dict[str, Any]) -> Any:
    match item["type"]:
        case "message":
            parts = [part.get("text", part.get("refusal")) for part in item["content"]]
            notes = [note for part in item["content"] for note in part.get("annotations", [])]
            return ("message", parts, notes)
        case "reasoning":
            text = "\n\n".join(part["text"] for part in item.get("content") or item["summary"])
            return ("reasoning", text, item.get("encrypted_content") or None)
        case "function_call":
            return ("call", item["call_id"], item["name"], item["arguments"])
        case _:
            return item
