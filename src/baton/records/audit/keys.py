"""What the audit needs that does not lie in the database."""

from msgspec import Struct


class AuditKeys(Struct, frozen=True, kw_only=True):
    """Keys of 32 bytes, derived from the installation's secret root; nobody has them with the database."""

    chain: bytes
    """Signs the rows and the chain's head."""
    persons: bytes
    """Wraps the keys under which personal values are sealed."""
