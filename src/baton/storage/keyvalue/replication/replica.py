"""What is kept alike in every process."""

from collections.abc import Iterable, Sequence
from typing import Any

Word = Sequence[Any]
"""Something that happened, as JSON has it."""


class Replica:
    """Changes by what it hears, and by nothing else, being asked least of all: so all that heard the same are
    alike. What it makes of a word depends on that, on what it heard before, and on `Replication.now_s`."""

    has_state = True
    """Whether a process that comes later is to be like the others, and not only to hear what comes next."""

    def heard(self, word: Word, *, ours: bool) -> object:
        """Something was said, by this process or another; the answer is for whoever has `ask`ed it. What is
        heard again counts as another's."""
        raise NotImplementedError

    def gone(self, process: str) -> None:
        """A process has ended, or says nothing any more."""

    def due(self) -> Iterable[Word]:
        """What is to be said that was no hurry; it is asked a few times a second."""
        return ()

    def export(self) -> Any:
        """All of it, as JSON has it."""

    def restore(self, state: Any) -> None:
        """Be as another was when it exported this; None: as in the beginning."""

    def missed(self, own: Any, since_s: float) -> Iterable[Word]:
        """What the others are to hear once this process is as they are.

        `own`: what it exported before that; `since_s`: since when it had heard nobody, by the log's clock.
        """
        del own, since_s
        return ()
