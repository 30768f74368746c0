"""How much the ledger keeps where, and how often it moves it on."""

from enum import StrEnum

from msgspec import Struct


class JournalKind(StrEnum):
    """Where a beginning and an end are kept until they are rows."""

    FILE = "file"
    """In files of the process's own, in a folder that outlives it."""
    DATABASE = "database"
    """In the database, and every request waits for it."""


class WhenFull(StrEnum):
    """What becomes of requests that cannot be recorded."""

    REFUSE = "refuse"
    """503 before a provider is asked."""
    SERVE = "serve"
    """They are served; their rows are kept in memory while there is room, and lost beyond that."""


class LedgerSettings(Struct, frozen=True, kw_only=True):
    """The ledger's settings; the defaults suit one process with up to some thousand requests a second."""

    segment_bytes: int = 16 << 20
    """Size of one file of the journal; at least two are there at any time."""
    journal_bytes: int = 1 << 30
    """What one process's journal may grow to while the database is away; then requests are refused."""
    sync_every_s: float = 1.0
    """What a power failure may cost."""
    batch_rows: int = 1000
    """Interactions in one transaction."""
    batch_every_s: float = 0.2
    """How long an interaction may wait for others to go with."""
    queued_rows: int = 10_000
    """Interactions held in memory on their way to the database; more are read back from the journal."""
    unrecorded_rows: int = 10_000
    """Interactions held in memory alone, where they are served although the journal is full."""
    answer_s: float = 60.0
    """How long the database may take over a batch before it is taken to be away."""
    retry_first_s: float = 0.2
    """Pause after the database could not be written to, doubled each time …"""
    retry_last_s: float = 5.0
    """… up to this."""
    sweep_every_s: float = 60.0
    """How often folders of dead processes are looked for, besides at the start."""
    closing_s: float = 10.0
    """How long closing waits for the database; what is left then stays in the journal for the next start."""
    commit_s: float = 5.0
    """How long a request waits for the database to take its beginning or end, where that is the journal."""
    beat_every_s: float = 5.0
    """How often such a process says that it lives, and looks whether others do."""
