"""The penalties of several processes, alike in each: the shared twin of `Penalties`."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from baton.gateway.admission.penalties import Conduct, Penalties, Penalty, Remembered, Subject
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication

_TOPIC = "penalties"


class _Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """A limit of somebody's has refused a request."""

    key_id: str
    user_id: str


class _Lift(Struct, frozen=True, array_like=True, tag="lift"):
    """Somebody is forgiven."""

    subject: Subject


class _Penalised(Struct, frozen=True, array_like=True, tag="penalised"):
    """Somebody has earned a penalty while this process heard nobody."""

    conduct: Conduct


_Word = _Refused | _Lift | _Penalised


class SharedPenalties(Penalties, Replica):
    """Refusals by all processes count together. Moments are told on this process's monotonic clock."""

    def __init__(self, replication: Replication) -> None:
        super().__init__()
        self._replication = replication
        replication.follow(_TOPIC, self)

    def wait_s(self, key_id: str, user_id: str, now_s: float) -> float:
        """As `Penalties.wait_s`."""
        del now_s
        return super().wait_s(key_id, user_id, self._replication.now_s())

    def refused(self, key_id: str, user_id: str, now_s: float) -> None:
        """As `Penalties.refused`; it counts once it is heard, a moment later."""
        del now_s
        self._replication.say(_TOPIC, *msgspec.to_builtins(_Refused(key_id, user_id)))

    def running(self, now_s: float) -> list[Penalty]:
        """As `Penalties.running`."""
        of_log_s = self._replication.now_s()
        return [
            replace(penalty, until_s=penalty.until_s - of_log_s + now_s)
            for penalty in super().running(of_log_s)
        ]

    def lift(self, subject: Subject, now_s: float) -> bool:
        """As `Penalties.lift`; it ends once that is heard, a moment later."""
        if not any(penalty.subject == subject for penalty in self.running(now_s)):
            return False
        self._replication.say(_TOPIC, *msgspec.to_builtins(_Lift(subject)))
        return True

    def heard(self, word: Word, *, ours: bool) -> None:
        """As `Replica.heard`."""
        self.ours = ours
        at_s = self._replication.now_s()
        said: _Word = msgspec.convert(word, _Word)
        match said:
            case _Refused(key_id, user_id):
                super().refused(key_id, user_id, at_s)
            case _Lift(subject):
                super().lift(subject, at_s)
            case _Penalised(conduct):
                self.adopt(conduct)

    def export(self) -> object:
        """As `Replica.export`."""
        return msgspec.to_builtins(self.remembered(self._replication.now_s()))

    def restore(self, state: object) -> None:
        """As `Replica.restore`."""
        self.remember(Remembered() if state is None else msgspec.convert(state, Remembered))

    def missed(self, own: object, since_s: float) -> Iterator[Word]:
        """As `Replica.missed`: penalties that were earned meanwhile and last."""
        now_s = self._replication.now_s()
        for conduct in msgspec.convert(own, Remembered).conducts:
            if conduct.last_s >= since_s and conduct.until_s > now_s:
                yield msgspec.to_builtins(_Penalised(conduct))
