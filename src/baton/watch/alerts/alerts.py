"""Learns of trouble and of its end, and carries both to the database beside the requests."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.core.failures import Kind
from baton.core.money import usd_text
from baton.gateway.admission.budgets import Debit
from baton.gateway.admission.penalties import STEPS_S, Penalty, Subject
from baton.gateway.resilience.breakers import BreakerChange
from baton.gateway.resilience.observation import Observation
from baton.records.audit.verdict import Anchor, Verdict
from baton.watch.alerts.alert import AlertKind, Key, News, Page, Wanted
from baton.watch.alerts.audit import SUBJECT, SUSPICION, findings
from baton.watch.alerts.store import AlertStore

EVERY_S = 1.0
"""At most so often is anything written: a storm of failures is one update a second."""

SWEEP_S = 60.0
"""How often what lapsed is looked for, and what other processes did."""

LAPSE_MS = 24 * 3_600_000
"""After so long unseen an alert is no longer thought to last; a key that was taken away never succeeds."""

FORGET_MS = 90 * LAPSE_MS
"""How long an alert that is over is kept."""

MOST_SUBJECTS = 1000
"""Of which news is kept in memory; names of models come from callers."""

ANSWER_S = 5.0
"""How long the database may take …"""

LOOK_S = 1.0
"""… while somebody waits for the list …"""

CLOSING_S = 2.0
"""… and at the end, where nobody waits for it gladly."""

_DETAIL_CHARS = 500

_OF_CREDENTIALS: Mapping[Kind, AlertKind] = MappingProxyType(
    {Kind.CREDENTIAL: AlertKind.CREDENTIAL_INVALID, Kind.EXHAUSTED: AlertKind.CREDENTIAL_EXHAUSTED}
)
_AWAY = (Unavailable, SQLAlchemyError, OSError)

_log = structlog.stdlib.get_logger(__name__)


class Alerts:
    """An `Observer` of attempts, a `BreakerListener` and a `Watch` over budgets; what they told is written
    while it is entered."""

    def __init__(
        self, store: AlertStore, clock: Clock, every_s: float = EVERY_S, sweep_s: float = SWEEP_S
    ) -> None:
        self._store = store
        self._clock = clock
        self._every_s = every_s
        self._sweep_s = sweep_s
        self._news: dict[Key, News] = {}
        """Not written yet."""
        self._open: set[Key] = set()
        """As far as is known here, written or not."""
        self._told: set[Key] = set()
        """Those whose opening was logged, here or by whoever opened them."""
        self._own: set[Key] = set()
        """Breakers that opened while this process heard of it; it will hear when they close."""
        self._some = asyncio.Event()
        self._turn = asyncio.Lock()
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.flush()
        self._task = asyncio.create_task(self._run(), name="alerts")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            await self.flush(CLOSING_S)

    @property
    def open_by_kind(self) -> Mapping[str, int]:
        """How many are open, as far as is known here; every kind of this version is there."""
        counted = Counter[str]({kind.value: 0 for kind in AlertKind})
        counted.update(key.kind for key in self._open)
        return counted

    def observe(self, observation: Observation) -> None:
        """Take note of what an attempt says of the key that it was made with."""
        failure = observation.failure
        if failure is None:
            if self._open:
                self._worked(observation)
            return
        kind = _OF_CREDENTIALS.get(failure.kind)
        if kind is not None:
            self._saw(Key(kind, _credential(observation)), failure.message)

    def changed(self, change: BreakerChange) -> None:
        """Take note of a breaker that opened or closed."""
        route = change.provider if change.model is None else f"{change.provider}/{change.model}"
        key = Key(AlertKind.BREAKER_OPEN, route)
        if change.is_open:
            self._own.add(key)
            if change.ours:
                self._saw(key, _waiting(change))
            else:
                self._open.add(key)
        else:
            known = key in self._own or key in self._open
            self._own.discard(key)
            self._open.discard(key)
            if change.ours and known:
                self._ended(key)

    def suspect_audit(self) -> None:
        """Take note that the audit's end was found to be another than was seen before."""
        self._saw(Key(AlertKind.AUDIT_BROKEN, SUBJECT), SUSPICION)

    def penalised(self, penalty: Penalty) -> None:
        """Take note of somebody who goes on against a limit."""
        minutes = round(STEPS_S[min(penalty.step, len(STEPS_S)) - 1] / 60)
        said = f"Refused {penalty.refusals} times since the last quiet hour; waits {minutes} min."
        self._saw(_abuse(penalty.subject), said)

    def lifted(self, subject: Subject) -> None:
        """Take note of somebody who was forgiven."""
        self._ended(_abuse(subject))  # also where another process has told of it

    def examined(self, verdict: Verdict, anchor: Anchor | None) -> None:
        """Take note of what an examination of the audit found."""
        for key, words in findings(verdict, anchor):
            if words is not None:
                self._saw(key, words)
            elif key in self._open:
                self._ended(key)

    def settled(self, debit: Debit, settled_nanos: int) -> None:
        """Take note of a budget that runs out."""
        limit = debit.account.cap_nanos
        if settled_nanos < limit * debit.budget.warn_at:
            return
        spent = settled_nanos >= limit
        key = Key(AlertKind.BUDGET_SPENT if spent else AlertKind.BUDGET_WARNING, debit.account.key)
        if key not in self._open:
            self._saw(key, f"{usd_text(settled_nanos)} of {usd_text(limit)} USD are spent.")

    def overshot(self, debits: Sequence[Debit], over_nanos: int) -> None:
        """Take note of a bill above its hold."""
        for debit in debits:
            key = Key(AlertKind.BUDGET_OVERSHOT, debit.account.key)
            self._saw(key, f"A call has cost {usd_text(over_nanos)} USD more than was held for it.")

    def _worked(self, observation: Observation) -> None:
        """A key that works is neither invalid nor spent; a breaker of an earlier process is closed by now."""
        credential = _credential(observation)
        route = f"{observation.provider}/{observation.model}"
        for key in (
            Key(AlertKind.CREDENTIAL_INVALID, credential),
            Key(AlertKind.CREDENTIAL_EXHAUSTED, credential),
            Key(AlertKind.BREAKER_OPEN, observation.provider),
            Key(AlertKind.BREAKER_OPEN, route),
        ):
            if key in self._open and key not in self._own:
                self._ended(key)

    def _saw(self, key: Key, detail: str) -> None:
        now_ms = self._now_ms()
        if key not in self._news and len(self._news) >= MOST_SUBJECTS:
            return
        self._open.add(key)
        said = detail[:_DETAIL_CHARS].replace("\0", "\ufffd")  # PostgreSQL keeps none
        self._note(key, News(first_ms=now_ms, last_ms=now_ms, times=1, detail=said))

    def _ended(self, key: Key) -> None:
        now_ms = self._now_ms()
        self._open.discard(key)
        self._note(key, News(first_ms=now_ms, last_ms=now_ms, times=0, detail="", resolved_ms=now_ms))

    def _note(self, key: Key, news: News) -> None:
        earlier = self._news.get(key)
        self._news[key] = news if earlier is None else earlier.before(news)
        self._some.set()

    async def flush(self, within_s: float = ANSWER_S) -> None:
        """Have what was seen so far in the database. What it does not take in time is kept for later."""
        async with self._turn:
            news, self._news = self._news, {}
            self._some.clear()
            self._tell(news)
            written = False
            try:
                async with asyncio.timeout(within_s):
                    opened = await self._store.take(news)
                written = True
            except _AWAY as error:
                self._missed(error)
                return
            finally:
                if not written:
                    self._take_back(news)
            self._away = False
            self._told = {Key(each.kind, each.subject) for each in opened}
            self._open = self._told - {key for key, each in self._news.items() if each.resolved_ms}
            self._open |= {key for key, each in self._news.items() if each.resolved_ms is None}

    async def page(self, wanted: Wanted, *, limit: int, cursor: str | None) -> Page:
        """As `AlertStore.page`, with what was seen until now.

        Raises:
            Invalid: a cursor that is not ours.
            Unavailable: the database is away.
        """
        if self._some.is_set() or self._turn.locked():  # or is being written just now
            await self.flush(LOOK_S)
        return await self._store.page(wanted, limit=limit, cursor=cursor)

    async def sweep(self) -> None:
        """End what nobody has seen for a day, and forget what ended long ago."""
        try:
            async with asyncio.timeout(ANSWER_S):
                lapsed = await self._store.sweep(self._now_ms(), LAPSE_MS, FORGET_MS)
        except _AWAY as error:
            self._missed(error)
            return
        for each in lapsed:
            _log.info("alert_lapsed", kind=each.kind, subject=each.subject)
        await self.flush()  # what is open now, also by the doing of other processes

    async def _run(self) -> None:
        swept_s = self._clock.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sweep_s):
                    await self._some.wait()
            if self._some.is_set():
                await self.flush()
            if self._clock.monotonic() - swept_s >= self._sweep_s:
                swept_s = self._clock.monotonic()
                await self.sweep()
            await asyncio.sleep(self._every_s)

    def _tell(self, news: Mapping[Key, News]) -> None:
        """Log what is new, whether or not the database takes it."""
        for key, each in news.items():
            if each.times and key not in self._told:
                self._told.add(key)
                _log.warning("alert_opened", kind=key.kind, subject=key.subject, detail=each.detail)
            if each.resolved_ms is not None and key in self._told:
                self._told.discard(key)
                _log.info("alert_resolved", kind=key.kind, subject=key.subject)

    def _take_back(self, news: Mapping[Key, News]) -> None:
        for key, each in news.items():
            later = self._news.get(key)
            self._news[key] = each if later is None else each.before(later)
        if self._news:
            self._some.set()

    def _missed(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            reason = error.message if isinstance(error, Unavailable) else type(error).__name__
            _log.warning("alerts_not_written", reason=reason)

    def _now_ms(self) -> int:
        return int(self._clock.wall() * 1000)


def _abuse(subject: Subject) -> Key:
    return Key(AlertKind.RATE_LIMIT_ABUSE, f"{subject.scope.value} {subject.id}")


def _credential(observation: Observation) -> str:
    last4 = observation.credential
    return f"{observation.provider} …{last4}" if last4 else observation.provider


def _waiting(change: BreakerChange) -> str:
    if change.wait_s is None:
        return "An admin holds it open." if change.forced else "It is not asked."
    return f"It is not asked for {change.wait_s:g} s."
