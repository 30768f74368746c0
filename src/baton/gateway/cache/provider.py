"""Where answers are kept."""

from enum import StrEnum


class CacheProvider(StrEnum):
    """The kinds of place."""

    MEMORY = "memory"
    """Each process its own."""
    REDIS = "redis"
    """All processes together; while Redis is away each its own."""
    DATABASE = "database"
    """All processes together, over restarts."""
