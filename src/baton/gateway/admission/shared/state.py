"""What several processes count together in Redis, and how they notice that it has forgotten something."""

from typing import Any

from baton.storage.keyvalue.line import Line
from baton.storage.keyvalue.script import Script, script

_PACKAGE = "baton.gateway.admission.shared"

JOIN = script(_PACKAGE, "join")
ADMIT = script(_PACKAGE, "admit", "ground", "windows", "answers", "accounts")
SETTLE = script(_PACKAGE, "settle", "ground", "windows", "accounts")
LOOK = script(_PACKAGE, "look", "ground", "windows")
BURY = script(_PACKAGE, "bury", "ground", "windows", "accounts")
LEASE = script(_PACKAGE, "lease", "ground", "windows", "accounts")
REPLAY = script(_PACKAGE, "replay", "ground", "windows")
CORRECT = script(_PACKAGE, "correct", "ground", "accounts")
REPUBLISH = script(_PACKAGE, "republish", "ground")
OPEN = script(_PACKAGE, "open", "ground")
LAND = script(_PACKAGE, "land", "ground", "answers")
UNDERWAY = script(_PACKAGE, "underway", "ground")
AGREE = script(_PACKAGE, "agree", "ground", "answers")
FETCH = script(_PACKAGE, "fetch", "ground", "answers")
FORGET = script(_PACKAGE, "forget", "ground", "answers")
ROOM = script(_PACKAGE, "room", "ground", "answers")
SCRIPTS = (
    *(JOIN, OPEN, ADMIT, SETTLE, LOOK, CORRECT, REPUBLISH, BURY, LEASE, REPLAY),
    *(LAND, UNDERWAY, AGREE, FETCH, FORGET, ROOM),
)


class Forgotten(Exception):
    """Redis was emptied, or put back to an earlier time: what it says is not to be believed."""


class State:
    """One process's view of it. Every call carries the epoch that it is of, and what was answered before."""

    def __init__(self, line: Line, process: str) -> None:
        """`process`: what this one is called; no other ever is."""
        self._line = line
        self.process = process
        self._epoch = ""
        self._left: set[str] = set()
        """Epochs before that."""
        self._over = False
        """Whether Redis has forgotten some of that epoch."""
        self._number = 0
        self._answered = 0

    @property
    def epoch(self) -> str:
        """The one that this process belongs to."""
        return self._epoch

    async def join(self, fresh: str, others_s: float) -> float | None:
        """Belong to the epoch that goes on, or begin the one called `fresh`; the seconds until it may open,
        None: it is open. `others_s`: how long the others have to join a new one.

        Raises:
            Away, ScriptFailed: as `Line.ask`.
        """
        epoch, opens_us = await self._joined(fresh, self._epoch if self._over else "", others_s)
        if epoch in self._left:  # Redis was put back to a time before that was over
            epoch, opens_us = await self._joined(fresh, epoch, others_s)
        if epoch != self._epoch:
            self._left.add(self._epoch)
            self._epoch, self._answered, self._over = epoch, 0, False
        return None if opens_us < 0 else opens_us / 1_000_000

    async def _joined(self, fresh: str, over: str, others_s: float) -> tuple[str, int]:
        order = [fresh, over, self.process, round(others_s * 1_000_000)]
        _, epoch, opens_us = await self._line.ask(JOIN, order)
        return epoch, opens_us

    async def open(self, patience_s: float) -> tuple[bool, bool]:
        """All that has ended here is in the accounts; whether the epoch is open, and whether it was before
        that. Who has joined and not come so far is waited for `patience_s` after the first.

        Raises:
            Forgotten, Away, ScriptFailed: as `ask`.
        """
        _, is_open, was_open = await self.ask(OPEN, round(patience_s * 1_000_000))
        return is_open, was_open

    async def ask(self, script: Script, *rest: object) -> list[Any]:
        """What a script answers behind its `ok`; or its other word, and what follows that.

        Raises:
            Forgotten: this epoch is over.
            Away, ScriptFailed: as `Line.ask`.
        """
        self._number += 1
        number, epoch = self._number, self._epoch
        reply: list[Any] = await self._line.ask(script, [epoch, self.process, self._answered, number, *rest])
        if reply[0] in ("epoch", "forgotten"):
            if epoch == self._epoch:
                self._over = self._over or reply[0] == "forgotten"
            raise Forgotten
        if epoch == self._epoch:
            self._answered = max(self._answered, number)
        return reply
