"""What a database needs to be told."""

from msgspec import Struct


class StorageSettings(Struct, frozen=True, kw_only=True):
    """Where the database is and how patiently it is asked."""

    url: str
    """`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`; the driver is ours to choose."""
    name: str = "baton"
    """What a server calls its connections; at most 63 characters."""
    busy_timeout_s: float = 5.0
    """How long to wait for another process's write to end."""
    connect_timeout_s: float = 5.0
    """How long a server may take to answer a new connection."""
    pool_timeout_s: float = 10.0
    """How long to wait for a free connection."""
