"""Asking a judge through the gateway: an ordinary request, paid for and recorded as any other."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b

from msgspec import Struct, structs

from baton.core.answer import ChatResponse
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds
from baton.core.errors import Unavailable
from baton.core.profile import Profile
from baton.core.request import CacheWish, ChatRequest, Envelope, Options, Priority
from baton.gateway.answered import Answered
from baton.gateway.opening import Arrival
from baton.gateway.shaping.enclosing import inside
from baton.quality.rules import JUDGING

PATH = "quality"
"""What stands for a route in the rows of judges' calls."""

PATIENCE_S = 120.0
"""How long a judge may take; nobody waits for it."""

Answers = Callable[[Caller, Envelope, Arrival], Awaitable[Answered]]
"""Answers a request whole, as `Gateway.answer`."""

_DIGEST_BYTES = 16
_CODE = "unreadable_judge"


class Terms(Struct, frozen=True, kw_only=True):
    """On what terms a judge is asked: those of the output that it is to judge."""

    project: str | None = None
    """It is asked for the same one, which has its rules and its budget."""
    projects: frozenset[str] = frozenset()
    """In which whoever got the output works."""
    data_needs: DataNeeds = NO_DATA_NEEDS
    """What was required of whoever had the data."""
    exclude: tuple[str, ...] = ()
    """Providers that were not to have it."""


class Asking:
    """Asks a judge on certain terms, and knows what that has cost."""

    def __init__(
        self,
        answers: Answers,
        payer: Caller,
        terms: Terms,
        prompt: str,
        new_id: Callable[[], str],
        clock: Clock,
    ) -> None:
        """`payer`: on whose account; `prompt`: the version that the questions are put by."""
        self._prompt = prompt
        self._answers = answers
        self._payer = structs.replace(payer, projects=payer.projects | terms.projects)
        self._terms = terms
        self._new_id = new_id
        self._clock = clock
        self.cost_nanos = 0
        """Of the calls that were answered, nano-USD; the ledger has those that failed, too."""
        self.unpriced = False
        """Whether that is not all of it, as no price is known."""

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        """A judge's answer.

        Raises:
            BatonError: there is none.
        """
        arrival = Arrival(self._new_id(), PATH, self._clock.monotonic())
        answered = await self._answers(self._payer, self._envelope(request), arrival)
        settled = answered.settled
        self.cost_nanos += settled.cost.total_nanos
        self.unpriced |= settled.unpriced
        response = answered.reply.response
        if response is None:
            raise Unavailable("The judge's answer was not taken apart.", code=_CODE)
        return structs.replace(response, model=f"{settled.provider}/{settled.model}")

    def _envelope(self, request: ChatRequest) -> Envelope:
        terms = self._terms
        options = Options(
            use_case=JUDGING,
            project=terms.project,
            data_needs=terms.data_needs,
            exclude=terms.exclude,
            profile=Profile.COST_OPTIMIZED,
            priority=Priority.LOW,
            timeout_s=PATIENCE_S,
            cache=CacheWish.OFF,
            prompt=self._prompt,
        )
        envelope = inside(request, options)
        # The judge's prompt is in it already: nothing is put before it.
        digest = blake2b(envelope.body, digest_size=_DIGEST_BYTES).hexdigest()
        return structs.replace(envelope, prefaced=digest)
