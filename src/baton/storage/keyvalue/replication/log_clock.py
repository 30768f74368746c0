"""The log's time as a clock."""

from baton.core.clock import Clock
from baton.storage.keyvalue.replication.replication import Replication


class LogClock:
    """For what counts in replicas: while a word is being heard it shows when that was said."""

    def __init__(self, replication: Replication, day: Clock | None = None) -> None:
        """`day`: whose time of day it shows; None: the log's."""
        self._replication = replication
        self._day = day

    def monotonic(self) -> float:
        """Of the log, Unix seconds: the same in every process, but for the time that an answer takes."""
        return self._replication.now_s()

    def wall(self) -> float:
        """The time of day."""
        return self._replication.now_s() if self._day is None else self._day.wall()
