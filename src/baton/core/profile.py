"""What somebody values most where Baton chooses the model."""

from enum import StrEnum


class Profile(StrEnum):
    """Which of the fitting models are left to choose from."""

    COST_OPTIMIZED = "cost-optimized"
    """The cheaper half, by what the request would cost."""
    BALANCED = "balanced"
    """All of them."""
    PERFORMANCE = "performance"
    """The better half."""
