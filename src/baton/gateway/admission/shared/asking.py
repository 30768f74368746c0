"""Asking shared state on a request's way: what to do while nobody can say what was spent."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from baton.core.errors import Unavailable
from baton.gateway.admission.shared.counters import Blocked, Closed, Passed, Wish
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.state import Forgotten
from baton.gateway.admission.windows import Left, Taken, Window
from baton.storage.keyvalue.line import Away, ScriptFailed

PATIENCE_S = 10.0
"""How long a request waits for an epoch to open."""

_AGAIN_S = 1.0


class Asking:
    """One process's requests. Everything here raises Unavailable where Redis is away."""

    def __init__(self, member: Member) -> None:
        self._member = member

    async def admit(
        self,
        windows: Sequence[Window],
        amounts: Sequence[int],
        wish: Wish | None,
        entered: Callable[[Passed], None],
        look: Sequence[object] | None = None,
    ) -> Passed | Blocked:
        """As `Member.admit`, once an epoch is open. `entered`: called as soon as the windows are taken; while
        Redis is away nothing is looked for.

        Raises:
            Unavailable: that takes too long.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    try:
                        found = await self._member.admit(windows, amounts, wish, look)
                    except Forgotten:
                        pass
                    except Closed as closed:
                        if closed.passed is not None and windows:
                            entered(closed.passed)
                            windows = amounts = ()
                    else:
                        if windows and isinstance(found, Passed):
                            entered(found)
                        return found
                    await self._member.ready()
        except TimeoutError:
            raise Unavailable(
                "Nobody can say yet what was spent before: Redis has lost it, and the ledger is being read.",
                code="budgets_not_ready",
                retry_after_s=_AGAIN_S,
            ) from None
        except (Away, ScriptFailed) as error:
            return self._alone(windows, amounts, wish, entered, error)

    def _alone(
        self,
        windows: Sequence[Window],
        amounts: Sequence[int],
        wish: Wish | None,
        entered: Callable[[Passed], None],
        error: Exception,
    ) -> Passed | Blocked:
        """Where Redis is away: by this process's own part. Raises Unavailable: that is spent."""
        wish = None if wish is None else replace(wish, name=f"{wish.name}/alone")
        found = self._member.admit_alone(windows, amounts, wish)
        if found is None:
            raise Unavailable(
                "Redis is away, and what this process may spend meanwhile is spent.",
                code="shared_state_unavailable",
                retry_after_s=_AGAIN_S,
            ) from error
        if windows and isinstance(found, Passed):
            entered(found)
        return found

    async def left(self, windows: Sequence[Window]) -> Left | None:
        """As `Counters.left`."""
        try:
            return await self._member.counters.left(windows)
        except (Away, ScriptFailed, Forgotten) as error:
            raise _away() from error

    def used(self, taken: Taken, amounts: Sequence[int]) -> None:
        """As `Member.used`."""
        self._member.used(taken, amounts)


def _away() -> Unavailable:
    return Unavailable(
        "Limits and budgets cannot be asked: Redis is away.",
        code="shared_state_unavailable",
        retry_after_s=_AGAIN_S,
    )
