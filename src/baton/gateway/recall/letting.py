"""Letting in requests that cost nothing: somebody else has paid for their answers, or failed for them."""

from typing import NoReturn

from baton.gateway.admission.admission import Admission
from baton.gateway.admission.admitted import Admitted
from baton.gateway.answered import Answered
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.entry import Entry
from baton.gateway.opening import Openings
from baton.gateway.recall.turn import Turn
from baton.upstream.dialects.codec import Glance
from baton.upstream.replies import Reply


class Letting:
    """Each counts in its caller's limits, and has its row."""

    def __init__(self, admission: Admission, openings: Openings) -> None:
        self._admission = admission
        self._openings = openings

    async def enter(self, turn: Turn) -> Entry:
        """Let a request in by its caller's limits.

        Raises:
            OverLimit: one of them is spent.
            Unavailable: it could not be written down.
        """
        admitted = self._admission.enter(turn.caller, turn.envelope, turn.decision, turn.arrival.id)
        try:
            await self._admission.claim(admitted)
        except BaseException:
            admitted.end()
            raise
        return self._open(turn, admitted)

    async def begin(self, turn: Turn) -> Entry:
        """As `enter`, for a stream that is told again or read along: whoever has it writes its end."""
        async with await self.enter(turn) as entry:
            entry.hand_over()
            return entry

    async def fail(self, turn: Turn, error: BaseException, admitted: Admitted | None = None) -> NoReturn:
        """The failure of whoever was waited for is one's own, and gets its row; `admitted`: the request's,
        where it was let in already.

        Raises:
            BaseException: it.
        """
        entering = await self.enter(turn) if admitted is None else self._open(turn, admitted)
        async with entering:
            raise error
        raise AssertionError

    async def give(self, turn: Turn, kept: Kept, how: How, admitted: Admitted | None = None) -> Answered:
        """An answer that somebody else paid for; `admitted`: the request's, where it was let in already.
        Raises as `enter`."""
        entering = await self.enter(turn) if admitted is None else self._open(turn, admitted)
        async with entering as entry:
            settled = entry.settle_recalled(kept, how, turn.plan.key)
        glance = Glance(
            id="",
            model=kept.model_version or kept.model,
            usage=kept.usage,
            finish=kept.finish,
            chars=kept.chars,
        )
        reply = Reply(kept.body, glance, {}, kept.losses, kept.response)
        prompt = turn.envelope.options.prompt
        return Answered(reply, settled, turn.decision, looked_up=True, prompt=prompt)

    def _open(self, turn: Turn, admitted: Admitted) -> Entry:
        return self._openings.open(
            turn.caller, turn.envelope, turn.decision, admitted, turn.arrival, free=True
        )
