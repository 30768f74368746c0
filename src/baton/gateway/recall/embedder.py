"""Has a provider say what texts mean: an errand like any other, in its caller's name and budgets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from msgspec import Struct

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import BatonError, Refused
from baton.core.request import Options
from baton.gateway.answered import Answered
from baton.gateway.opening import Arrival
from baton.upstream.errands.embeddings import EMBEDDINGS
from baton.upstream.errands.errand import Errand, Letter

PATH = "semantic cache"
"""What stands for a route in the rows of its calls."""

PATIENCE_S = 2.0
"""How long a request waits for what it means; beyond that it does without."""

MOST_FAILED = 3
"""Failures in a row after which it is left alone …"""

PAUSE_S = 30.0
"""… for so long."""

Vector = Sequence[float]
Run = Callable[[Caller, Errand, Arrival], Awaitable[Answered]]
"""Runs an errand, as `Gateway.run`."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class _Datum(Struct):
    embedding: list[float]


class _Told(Struct):
    data: list[_Datum]


_decode = msgspec.json.Decoder(_Told).decode
_encode = msgspec.json.encode


class Embedder:
    """Asks one model."""

    def __init__(self, model: str, run: Run, new_id: Callable[[], str], clock: Clock) -> None:
        self._model = model
        self._run = run
        self._new_id = new_id
        self._clock = clock
        self._failed = 0
        """In a row."""
        self._again_s = 0.0
        """Until then nobody asks it, on the monotonic clock."""

    async def embed(
        self, caller: Caller, options: Options, texts: Sequence[str], ends_s: float | None = None
    ) -> list[Vector] | None:
        """The vectors of texts, for a request of a caller's and what it says of itself; None: they cannot be
        had, or not in time, or nothing pays for them. `ends_s`: when the request's own time is over, on the
        monotonic clock."""
        now_s = self._clock.monotonic()
        patience_s = PATIENCE_S if ends_s is None else min(PATIENCE_S, ends_s - now_s)
        if patience_s <= 0 or now_s < self._again_s:
            return None
        own = Options(
            use_case=options.use_case,
            agent=options.agent,
            session=options.session,
            project=options.project,
            exclude=options.exclude,
            data_needs=options.data_needs,
            tags=options.tags,
            timeout_s=patience_s,
            max_retries=0,
            fallback=(),
        )
        body = _encode({"model": self._model, "input": list(texts), "encoding_format": "float"})
        errand = EMBEDDINGS.read(
            Letter(body=body, content_type="application/json", headers={}, read_options=lambda _: own)
        )
        arrival = Arrival(self._new_id(), PATH, now_s)
        try:
            async with asyncio.timeout(patience_s):
                answered = await self._run(caller, errand, arrival)
            found = [each.embedding for each in _decode(answered.reply.body).data]
        except (BatonError, TimeoutError, msgspec.MsgspecError) as error:
            _log.info("meaning_not_told", model=self._model, reason=str(error) or type(error).__name__)
            # A caller who may not ask it, cannot pay for it or has no time says nothing of it to others.
            if not isinstance(error, Refused) and patience_s == PATIENCE_S:
                self._failed += 1
            if self._failed >= MOST_FAILED:  # whoever asks is not to wait for it each time
                self._failed = 0
                self._again_s = self._clock.monotonic() + PAUSE_S
            return None
        self._failed = 0
        return list(found) if len(found) == len(texts) else None
