"""What Baton does not do as the contract has it, exchange by exchange, with the reason.

A line here that passes is a failure of the tests: nothing stands here longer than it must.
"""

from baton.core.dialect import Dialect
from tests.contracts.verdict import Aspect

Cell = tuple[str, Dialect, Aspect]
"""An exchange, the dialect on the other side, and what was judged."""

_NAMELESS = "the provider gave the answer no id, and Baton makes none up"

EXCEPTIONS: dict[Cell, str] = {
    (exchange, caller, aspect): _NAMELESS
    for exchange in ("google-650698cb2c", "google-a7330ce85a")
    for caller in (Dialect.ANTHROPIC, Dialect.OPENAI)
    for aspect in (Aspect.WHOLE, Aspect.RETOLD)
}
