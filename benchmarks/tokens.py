"""How long the event loop is held up while a megabyte is counted: `python -m benchmarks.tokens`.

Prints, of a loop that wants to wake every millisecond, the longest delay beyond that without and
with counting, and the most CPU that one turn of the loop took: the delay also shows what other
programs do on the machine.
"""

from __future__ import annotations

import asyncio
import statistics
import time

import uvloop

from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.tokens import Tokens
from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest

_ROUNDS = 9
_PAUSE_S = 0.001
_MEGABYTE = 1_000_000
TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog. ",
    "JSON": '{"id": 40213, "name": "lamp", "tags": ["red", "small"], "sold": false}\n',
    "Japanese": "明日の朝、お客さんが来る前に市場へ行って果物とパンを買うつもりです。",
    "one letter": "a",
}
MODELS = {"exact": "gpt-4o", "estimated": "claude-sonnet-4-5"}


class Watch:
    """Notes how late the loop wakes, and the CPU of each turn, both in ms."""

    def __init__(self) -> None:
        self.late_ms = 0.0
        self.turn_ms = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            began_s, spent_s = time.perf_counter(), time.thread_time()
            await asyncio.sleep(_PAUSE_S)
            self.late_ms = max(self.late_ms, (time.perf_counter() - began_s - _PAUSE_S) * 1000)
            self.turn_ms = max(self.turn_ms, (time.thread_time() - spent_s) * 1000)


async def _watched(tokens: Tokens | None, model: str, request: ChatRequest) -> tuple[float, float, float]:
    """How late, the most CPU of a turn, and how long it took, ms. Without tokens: 100 ms of nothing."""
    watch = Watch()
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0.01)
    began_s = time.perf_counter()
    if tokens is None:
        await asyncio.sleep(0.1)
    else:
        await tokens.count(model, request)
    took_ms = (time.perf_counter() - began_s) * 1000
    await asyncio.sleep(0.005)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return watch.late_ms, watch.turn_ms, took_ms


async def main() -> None:
    """Measure and print."""
    async with Tokenizer() as tokenizer:
        tokens = Tokens(packaged_calibration(), tokenizer)
        print("median (and most) of", _ROUNDS, "rounds, ms: late | most CPU of one turn | whole count")
        for name, text in TEXTS.items():
            long = text * (_MEGABYTE // len(text.encode()))
            request = ChatRequest(model="any", messages=(Message(role=Role.USER, parts=(Text(text=long),)),))
            for kind, model in (("idle", ""), *MODELS.items()):
                rounds = [
                    await _watched(None if kind == "idle" else tokens, model, request) for _ in range(_ROUNDS)
                ]
                shown = [
                    f"{statistics.median(values):.2f} ({max(values):.2f})"
                    for values in zip(*rounds, strict=True)
                ]
                print(f"{name:12} {kind:10}", " | ".join(shown))


if __name__ == "__main__":
    uvloop.run(main())
