"""What Baton does not do as the contract has it, exchange by exchange, with the reason.

A line here that passes is a failure of the tests: nothing stands here longer than it must.
"""

from baton.core.dialect import Dialect
from tests.contracts.verdict import Aspect

Cell = tuple[str, Dialect, Aspect]
"""An exchange, the dialect on the other side, and what was judged."""

EXCEPTIONS: dict[Cell, str] = {}
