"""What to make of an attempt that failed."""

import msgspec
import structlog

from baton.core.errors import BatonError
from baton.pipelines.engine.run import Failing

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

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
            logger.error("step_broken", exc_info=error)
            return Failing("internal_error", "Something went wrong inside of Baton; its log says what.")


def may_help(error: Exception) -> bool:
    """Whether another try may end otherwise; a mistake in the step would be made, and paid for, again."""
    match error:
        case BatonError():
            return error.retryable
        case msgspec.ValidationError():  # what a model wrote, mostly
            return True
        case _:
            return isinstance(error, OSError)  # TimeoutError among them
