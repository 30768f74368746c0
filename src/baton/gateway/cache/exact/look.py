"""One request's look for an answer that other processes keep, or ask for."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from baton.gateway.admission.look import Verdict
from baton.gateway.admission.shared.counters import FLIES, KEPT
from baton.gateway.cache.exact.kept import How, Kept

LEASE_MS = 5000
"""How long who asks is waited for after its process was last heard of."""

MOST_WAITS = 3
"""How many processes a request waits for, one after the other, before it asks beside them."""

Accept = Callable[[str], Kept | None]
"""Opens an answer as it lies there; None: it is not for this request."""

Leads = Callable[[str, str], None]
"""Told of a key for which nobody else asks, and who does now."""

Landed = Callable[[str, str, float | None], Awaitable[bool]]
"""Waits for a key until who asks for it has ended, or to a moment of the monotonic clock; whether it has."""


class SharedLook:
    """`admission.look.Look` over what all processes see."""

    __slots__ = (
        *("_accept", "_ends_s", "_joins", "_landed", "_leads", "_reads", "_waited", "_waits"),
        *("asks", "forgotten", "found", "key", "name", "over"),
    )

    def __init__(
        self,
        key: str,
        name: str,
        accept: Accept,
        leads: Leads,
        landed: Landed,
        *,
        reads: bool,
        joins: bool,
        ends_s: float | None,
    ) -> None:
        """`name`: of who asks, no other has it; `reads`: whether an answer that is kept will do; `joins`:
        whether to wait for who asks already, until `ends_s` of the monotonic clock."""
        self.key = key
        self.name = name
        self._accept = accept
        self._leads = leads
        self._landed = landed
        self._reads = reads
        self._joins = joins
        self._ends_s = ends_s
        self._waited = ""
        self._waits = 0
        self.found: Kept | None = None
        """None where others have it: they are too late for this one."""
        self.asks = False
        """Whether the model is asked for it, as all processes know."""
        self.forgotten = 0
        """How often some answers had been forgotten when it was looked for."""
        self.over = False

    @property
    def how(self) -> How:
        """How the answer came that was found."""
        return How.DEDUP if self._waited else How.EXACT

    def order(self) -> Sequence[object] | None:
        """As `Look`."""
        if self.over:
            return None
        return [self.key, self.name, self._reads, self._joins, LEASE_MS, self._waited or False]

    async def hear(self, seen: Sequence[Any] | None) -> Verdict:
        """As `Look`."""
        if seen is None:
            self.over = True
            return Verdict.ASK
        match seen[0]:
            case word if word == KEPT:
                self.found = self._accept(seen[1])
                if self.found is not None:
                    if not seen[2]:
                        self._waited = ""
                    return Verdict.THERE
                self._waited, self._reads = "", False
                return Verdict.AGAIN
            case word if word == FLIES:
                self._waited = seen[1]
                in_time = await self._landed(self.key, seen[1], self._ends_s)
                self._waits += 1
                # Those who asked had nothing for it: one after the other is too long.
                self._joins = self._waits < MOST_WAITS
                return Verdict.AGAIN if in_time else Verdict.THERE
            case _:
                self.over, self.asks, self.forgotten = True, True, seen[1]
                if self._joins:
                    self._leads(self.key, self.name)
                return Verdict.ASK
