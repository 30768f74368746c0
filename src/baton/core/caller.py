"""Who asks."""

from msgspec import Struct


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated caller: a key, its owner, and what they may do."""

    user_id: str
    key_id: str
    tier: str
    roles: frozenset[str]

    @property
    def is_admin(self) -> bool:
        """May manage the system."""
        return "admin" in self.roles
