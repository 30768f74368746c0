"""What the simulated provider was asked, and how far each answer got: bounded, and true."""

import asyncio
from collections import deque
from enum import StrEnum

from msgspec import Struct

from baton.core.usage import Usage

_OTHERS = "(others)"


class Outcome(StrEnum):
    """How a call ended."""

    OPEN = "open"
    DONE = "done"
    """Answered to the end, be it with an error."""
    BROKEN = "broken"
    """Cut off by its own fault."""
    GONE = "gone"
    """The client left before the end."""


class Call(Struct, kw_only=True):
    """One call; it grows while it is answered, and stands once it has ended."""

    number: int = 0
    """From 1, in the order of arrival."""
    model: str
    """As it was asked for, settings included."""
    path: str
    stream: bool
    key_digest: str | None
    """The first 12 hexadecimal digits of the SHA-256 of the key that came with it."""
    body_digest: str
    """SHA-256, hexadecimal."""
    body: str
    """Its beginning, if it was long."""
    fault: str | None = None
    status: int | None = None
    """None: no headers went out."""
    outcome: Outcome = Outcome.OPEN
    prompt_tokens: int = 0
    tokens_sent: int = 0
    reported: Usage | None = None
    """The usage in the answer, where the answer got that far."""
    worked: bool = False
    """Whether the prompt was read though no word came of it."""
    in_price: float = 0.0
    """USD per million tokens."""
    out_price: float = 0.0

    @property
    def billed(self) -> Usage:
        """What a provider would charge for: the prompt that was read, and every token that left."""
        read = self.worked or self.tokens_sent or self.reported is not None
        return Usage(prompt=self.prompt_tokens if read else 0, completion=self.tokens_sent)

    @property
    def cost_nanos(self) -> int:
        """What it would charge, in nano-USD; each side rounded by itself."""
        used = self.billed
        return round(used.prompt * self.in_price * 1000) + round(used.completion * self.out_price * 1000)


class Tally(Struct, kw_only=True):
    """The calls of one model in figures."""

    calls: int = 0
    faults: int = 0
    gone: int = 0
    prompt_tokens: int = 0
    """Billed ones."""
    tokens_sent: int = 0
    cost_nanos: int = 0


class CallBook:
    """Every call counted; the last ones kept."""

    def __init__(self, *, keep: int = 200, models: int = 1000) -> None:
        """`keep`: calls; `models`: tallied apart, the others together."""
        self._models = models
        self._number = 0
        self._open: set[int] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._last: deque[Call] = deque(maxlen=keep)
        self._tallies: dict[str, Tally] = {}

    @property
    def last(self) -> tuple[Call, ...]:
        """The last calls, oldest first."""
        return tuple(self._last)

    @property
    def tallies(self) -> dict[str, Tally]:
        """Figures by model, as it was asked for; ended calls only, but for `calls` and `faults`."""
        return dict(self._tallies)

    def of(self, model: str) -> tuple[Call, ...]:
        """The last calls of a model, oldest first."""
        return tuple(call for call in self._last if call.model == model)

    def count(self, model: str | None = None) -> int:
        """How often the model, or any, was asked."""
        if model is not None:
            return self._tallies[model].calls if model in self._tallies else 0
        return sum(tally.calls for tally in self._tallies.values())

    def opened(self, call: Call) -> Call:
        """Count a call that has just arrived, and give it its number."""
        self._number += 1
        call.number = self._number
        self._open.add(call.number)
        self._idle.clear()
        self._last.append(call)
        tally = self._tally(call.model)
        tally.calls += 1
        tally.faults += call.fault is not None
        return call

    def ended(self, call: Call, outcome: Outcome) -> None:
        """Count how it went; only the first end counts."""
        if call.outcome is Outcome.OPEN:
            call.outcome = outcome
        if call.number not in self._open:
            return
        self._close(call.number)
        tally = self._tally(call.model)
        tally.gone += outcome is Outcome.GONE
        tally.prompt_tokens += call.billed.prompt
        tally.tokens_sent += call.tokens_sent
        tally.cost_nanos += call.cost_nanos

    async def settled(self) -> None:
        """Wait until every call has ended, so that what was asked and left is counted."""
        await self._idle.wait()

    def reset(self) -> None:
        """Forget everything; calls still open end uncounted."""
        self._open.clear()
        self._idle.set()
        self._last.clear()
        self._tallies.clear()

    def _close(self, number: int) -> None:
        self._open.remove(number)
        if not self._open:
            self._idle.set()

    def _tally(self, model: str) -> Tally:
        if model not in self._tallies and len(self._tallies) >= self._models:
            model = _OTHERS
        return self._tallies.setdefault(model, Tally())
