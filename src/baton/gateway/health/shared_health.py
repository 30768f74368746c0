"""The health of providers as several processes see it together."""

import msgspec
from msgspec import Struct

from baton.core.clock import Clock
from baton.gateway.health.health import Erred, Health
from baton.gateway.health.minutes import Moment
from baton.gateway.health.series import Answers
from baton.ledger.health.rows import LastError
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication

_TOPIC = "health"


class _Answered(Struct, frozen=True, array_like=True, tag="answered"):
    """Calls of about the same moment were answered."""

    provider: str
    model: str
    count: int
    waited_ms: int
    latency: list[tuple[int, int]]
    first_token: list[tuple[int, int]]


class _Probed(Struct, frozen=True, array_like=True, tag="probed"):
    """A probe went well, or did not."""

    provider: str
    error: LastError | None


class _Erred(Struct, frozen=True, array_like=True, tag="erred"):
    """A call, or a probe, ended in an error."""

    how: Erred
    provider: str
    model: str | None
    error: LastError


_Word = _Answered | _Probed | _Erred


class SharedHealth(Health, Replica):
    """Counts what the attempts of all processes come to: its own at once, others as it hears of them.

    It has no state of the log's: each process saves its own sums, and a new one reads all of them.
    """

    has_state = False

    def __init__(self, replication: Replication, clock: Clock, window_s: float = 600.0) -> None:
        super().__init__(clock, window_s)
        self._replication = replication
        self._untold: dict[tuple[str, str], Answers] = {}
        replication.follow(_TOPIC, self)

    def due(self) -> list[Word]:
        """As `Replica.due`."""
        self._count_waiting()
        untold, self._untold = self._untold, {}
        return [
            msgspec.to_builtins(
                _Answered(
                    provider,
                    model,
                    answers.count,
                    answers.waited_ms,
                    list(answers.latency.items()),
                    list(answers.first_token.items()),
                )
            )
            for (provider, model), answers in untold.items()
        ]

    def heard(self, word: Word, *, ours: bool) -> None:
        """As `Replica.heard`."""
        if ours:
            return
        now = self._now()
        said: _Word = msgspec.convert(word, _Word)
        match said:
            case _Answered():
                answers = Answers()
                answers.count, answers.waited_ms = said.count, said.waited_ms
                answers.latency, answers.first_token = dict(said.latency), dict(said.first_token)
                super()._answered(said.provider, said.model, answers, now, ours=False)
            case _Probed(provider, error):
                super()._probed(provider, error, now, ours=False)
            case _Erred(how, provider, model, error):
                super()._erred(how, provider, model, error, now, ours=False)

    def _answered(
        self, provider: str, name: str, answers: Answers, now: Moment, *, ours: bool = True
    ) -> None:
        super()._answered(provider, name, answers, now, ours=ours)
        self._untold.setdefault((provider, name), Answers()).put(answers)

    def _probed(self, provider: str, error: LastError | None, now: Moment, *, ours: bool = True) -> None:
        super()._probed(provider, error, now, ours=ours)
        self._say(_Probed(provider, error))

    def _erred(
        self, how: Erred, provider: str, name: str | None, error: LastError, now: Moment, *, ours: bool = True
    ) -> None:
        super()._erred(how, provider, name, error, now, ours=ours)
        self._say(_Erred(how, provider, name, error))

    def _say(self, word: _Probed | _Erred) -> None:
        for earlier in self.due():
            self._replication.say(_TOPIC, *earlier)
        self._replication.say(_TOPIC, *msgspec.to_builtins(word))
