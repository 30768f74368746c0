"""A book in memory: the ends of what was rehearsed, and nothing of it anywhere else."""

from baton.ledger.rows import Opened, Settled
from baton.ledger.tallies import Tallies


class Pages:
    """The rows of one rehearsal; a `Book` that always has room."""

    waits = False
    serves_on = False
    waiting_count = 0
    lost_count = 0
    refusal: str | None = None
    trouble: str | None = None

    def __init__(self) -> None:
        self.tallies = Tallies()
        self._open: set[str] = set()
        self.ends: dict[str, Settled] = {}
        """By the interaction's id."""

    @property
    def open_count(self) -> int:
        """Interactions that have begun and not ended."""
        return len(self._open)

    def opened(self, record: Opened) -> None:
        """One has begun."""
        self._open.add(record.id)

    def settled(self, record: Settled) -> None:
        """One has ended."""
        self._open.discard(record.id)
        self.ends[record.id] = record

    async def reopened(self, record: Opened) -> None:
        """It stays open."""

    async def begun(self, id: str) -> None:
        """It is kept already."""

    async def ended(self, id: str) -> None:
        """It is kept already."""
