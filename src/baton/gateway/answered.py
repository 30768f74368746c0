"""What a whole answer came to."""

from msgspec import Struct

from baton.gateway.routing.decision import Decision
from baton.ledger.rows import Settled
from baton.upstream.replies import Reply


class Answered(Struct, frozen=True):
    """A whole answer, and its row."""

    reply: Reply
    settled: Settled
    decision: Decision
    looked_up: bool = False
    """Whether it was looked for among those that are kept."""
    prompt: str | None = None
    """`name@version` of the prompt that it was served with."""
