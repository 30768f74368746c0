"""The beginning of an interaction: what the ledger is told before the first attempt."""

import msgspec
from msgspec import Struct

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.request import Envelope, Outline
from baton.gateway.admission.admitted import Admitted
from baton.gateway.entry import Entry, in_the_book
from baton.gateway.fingerprints import Fingerprints
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.noted import Notes
from baton.ledger.book import Book
from baton.ledger.rows import CHAT, Cost, Opened
from baton.upstream.errands.errand import Errand

_json = msgspec.json.Encoder().encode


class Arrival(Struct, frozen=True):
    """How a request came in."""

    id: str
    """Of the request, and of the interaction it becomes."""
    path: str
    started_s: float
    """Monotonic."""


class Openings:
    """Begins interactions in the book."""

    def __init__(self, book: Book, clock: Clock, fingerprints: Fingerprints) -> None:
        self._book = book
        self._clock = clock
        self._fingerprints = fingerprints
        self._notes = Notes()

    def open(
        self,
        caller: Caller,
        request: Outline,
        decision: Decision,
        admitted: Admitted,
        arrival: Arrival,
        *,
        free: bool = False,
    ) -> Entry:
        """Write down who asks for what, and what it may cost. `free`: nothing, somebody else pays for it.

        Raises:
            Unavailable: it could not be written, so nothing may be sent to a provider.
            TooLarge: what the caller sent along does not fit the journal.
        """
        options = request.options
        model = decision.chosen.offer.model
        trial = decision.trial
        opened = Opened(
            id=arrival.id,
            user_id=caller.user_id,
            key_id=caller.key_id,
            tier=caller.tier,
            route=arrival.path,
            dialect=request.dialect.value,
            model=request.model,
            stream=request.stream,
            prompt_tokens=decision.input_tokens,
            completion_tokens=decision.output_tokens,
            estimated_cost=Cost() if free else in_the_book(decision.cost),
            first_provider=model.provider,
            first_model=model.name,
            session=options.session,
            agent=options.agent,
            use_case=options.use_case,
            tags=options.tags,
            context=None if options.context is None else bytes(options.context).decode(),
            prompt_hash=self._fingerprints.of(request.body) if isinstance(request, Envelope) else "",
            kind=request.service.value if isinstance(request, Errand) else CHAT,
            project=options.project,
            scores=_scores(decision),
            held_nanos=admitted.held_nanos,
            task=None if decision.ask.task is None else decision.ask.task.value,
            complexity=decision.ask.complexity,
            routing=self._notes.of(decision),
            experiment=None if trial is None else trial.experiment,
            arm=None if trial is None else trial.arm,
            phase=None if trial is None else trial.phase,
            prompt=options.prompt if isinstance(request, Envelope) else None,
            persona=options.persona if isinstance(request, Envelope) else None,
        )
        try:
            return Entry(self._book, self._clock, opened, decision, admitted, arrival.started_s)
        except BaseException:
            admitted.withdraw()
            raise


def _scores(decision: Decision) -> str | None:
    """How the chosen one scored; None: it was not compared."""
    best = decision.ranked[0] if decision.ranked else None
    if best is None or best.offer.id != decision.chosen.offer.id:
        return None
    return _json(best.scores).decode()
