"""What the audit needs that does not lie in the database."""

from collections.abc import Callable
from typing import Self

from msgspec import Struct


class AuditKeys(Struct, frozen=True, kw_only=True):
    """Keys of 32 bytes, derived from the installation's secret root; nobody has them with the database."""

    chain: bytes
    """Signs the rows and the chain's head."""
    persons: bytes
    """Wraps the keys under which personal values are sealed."""

    @classmethod
    def derived(cls, derive: Callable[[str], bytes]) -> Self:
        """Those of an installation; `derive` gives a key of the secret root for a purpose."""
        return cls(chain=derive("audit chain v1"), persons=derive("audit persons v1"))
