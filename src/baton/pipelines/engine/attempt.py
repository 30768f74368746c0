"""What to make of an attempt that failed."""

import msgspec

from baton.core.errors import BatonError
from baton.pipelines.engine.run import Failing

_LONGEST_MESSAGE = 2000


def failing(error: Exception) -> Failing:
    """Why it failed, for whoever looks at the run."""
    match error:
        case BatonError():
            return Failing(error.code or "refused", error.message[:_LONGEST_MESSAGE])
        case TimeoutError():
            return Failing("timeout", "It took too long.")
        case msgspec.ValidationError():
            return Failing("unexpected_output", str(error)[:_LONGEST_MESSAGE])
        case _:
            return Failing(type(error).__name__, str(error)[:_LONGEST_MESSAGE])


def may_help(error: Exception) -> bool:
    """Whether another try may end otherwise; a mistake in the step would be made, and paid for, again."""
    match error:
        case BatonError():
            return error.retryable
        case msgspec.ValidationError():  # what a model wrote, mostly
            return True
        case _:
            return isinstance(error, OSError)  # TimeoutError among them
