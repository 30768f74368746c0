"""Sums of a backtest, side by side: what happened, what is in force, what is proposed."""

from enum import StrEnum

from msgspec import Struct


class Why(StrEnum):
    """Why a decision is made otherwise today than then, although nothing is proposed."""

    GONE = "gone"
    """The model of then is no candidate any more: retired, switched off, without a key, of another tier."""
    BUDGET = "budget"
    """A budget had another model asked."""
    RULES = "rules"
    """Rules, agents' routing, flags or rows' preferences are others."""
    WEIGHTS = "weights"
    SCORES = "scores"
    """What models are like: prices, quality, latency, health or feedback are others."""


class Sums(Struct):
    """Of the interactions whose figure is known on all three sides."""

    requests: int = 0
    happened: float = 0
    in_force: float = 0
    proposed: float = 0

    def add(self, happened: float, in_force: float, proposed: float) -> None:
        """One more."""
        self.requests += 1
        self.happened += happened
        self.in_force += in_force
        self.proposed += proposed


class Figures:
    """Cost in nano-USD (whole ones, so that sums are exact), latency in milliseconds, quality 0-1."""

    def __init__(self) -> None:
        self.requests = 0
        self.moved = 0
        """Requests that the proposal gives to another model than is in force."""
        self.cost = Sums()
        self.latency = Sums()
        self.quality = Sums()


class Share(Struct):
    """How many requests a model was, is and would be chosen for."""

    happened: int = 0
    in_force: int = 0
    proposed: int = 0
    gains: int = 0
    loses: int = 0
