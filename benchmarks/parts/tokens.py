"""How long the event loop is held up while a megabyte is counted, beside a loop that has nothing to do."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass

import uvloop

from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.tokens import Tokens
from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest
from benchmarks.figures import figure
from benchmarks.measuring import BATON, Run

# docs/performance.md says where it comes from.
LATE_MS = 5.0

_PART = "tokens"
_PAUSE_S = 0.001
_MEGABYTE = 1_000_000
_TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog. ",
    "JSON": '{"id": 40213, "name": "lamp", "tags": ["red", "small"], "sold": false}\n',
    "Japanese": "明日の朝、お客さんが来る前に市場へ行って果物とパンを買うつもりです。",
    "one letter": "a",
}
_MODELS = {"counted": "gpt-4o", "estimated": "claude-sonnet-4-5"}


@dataclass(frozen=True, slots=True)
class Watched:
    """One count, and as long a time of nothing."""

    late_ms: float
    """The longest that a task of a millisecond's sleep woke too late."""
    idle_late_ms: float
    turn_ms: float
    """The most CPU that the process spent between two wakings."""

    @property
    def beyond_ms(self) -> float:
        """How much later than with nothing to do."""
        return max(0.0, self.late_ms - self.idle_late_ms)


def tokens(run: Run) -> None:
    """What counting a megabyte asks of the loop, exactly (in the child process) and by calibration."""
    if BATON in run.systems:
        uvloop.run(_measure(run))


async def _measure(run: Run) -> None:
    async with Tokenizer() as tokenizer:
        counting = Tokens(packaged_calibration(), tokenizer)
        await counting.count(_MODELS["counted"], _request("loads the vocabulary"))
        for kind, model in _MODELS.items():
            for name, text in _TEXTS.items():
                run.console.print(f"  {_PART}: {name}, {kind}", style="dim")
                request = _request(text * (_MEGABYTE // len(text.encode())))
                rounds = [await _round(counting, model, request) for _ in range(run.effort.rounds)]
                _show(run, f"{name}, {kind}", rounds)


def _request(text: str) -> ChatRequest:
    return ChatRequest(model="any", messages=(Message(role=Role.USER, parts=(Text(text=text),)),))


async def _round(counting: Tokens, model: str, request: ChatRequest) -> Watched:
    watch = _Watch()
    began_s = time.perf_counter()
    async with watch:
        await counting.count(model, request)
    idle = _Watch()
    took_s = time.perf_counter() - began_s
    async with idle:
        await asyncio.sleep(took_s)
    return Watched(late_ms=watch.late_ms, idle_late_ms=idle.late_ms, turn_ms=watch.turn_ms)


class _Watch:
    """Notes, while it is entered, how late the loop wakes and the CPU between two wakings, ms."""

    def __init__(self) -> None:
        self.late_ms = 0.0
        self.turn_ms = 0.0

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run())
        await asyncio.sleep(5 * _PAUSE_S)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(5 * _PAUSE_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            began_s, spent_s = time.perf_counter(), time.thread_time()
            await asyncio.sleep(_PAUSE_S)
            self.late_ms = max(self.late_ms, (time.perf_counter() - began_s - _PAUSE_S) * 1000)
            self.turn_ms = max(self.turn_ms, (time.thread_time() - spent_s) * 1000)


def _show(run: Run, system: str, rounds: list[Watched]) -> None:
    late = statistics.median(each.late_ms for each in rounds)
    idle = statistics.median(each.idle_late_ms for each in rounds)
    beyond = [each.beyond_ms for each in rounds]
    what = "the loop late over 1 MB, beyond idle"
    note = f"late {late:.1f} ms, with nothing to do {idle:.1f} ms"
    run.figures.append(figure(_PART, what, system, "ms", beyond, at_most=LATE_MS, note=note))
    turns = [each.turn_ms for each in rounds]
    run.figures.append(figure(_PART, "most CPU of one turn of it", system, "ms", turns, at_most=LATE_MS))
