"""Accounts that several processes share, for those who look at them and do not spend."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from baton.core.errors import Unavailable
from baton.gateway.admission.accounts import MOST_ACCOUNTS, Account
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.state import Forgotten
from baton.storage.keyvalue.line import Away, ScriptFailed

T = TypeVar("T")

_AT_ONCE = 500
"""Accounts in one call: some milliseconds of Redis's time."""


class SharedTills:
    """What is known of them in this process is what was heard last: a budget may be spent all the same, and
    refuses then."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._settled: dict[str, int] = {}

    async def raise_to(self, sums: Sequence[tuple[Account, int]]) -> None:
        """As `Tills.raise_to`; left to the return of a Redis that has gone. Raises also Forgotten, and Away
        where it was never there, or ScriptFailed: it has to be done again, in the epoch that goes on then."""
        try:
            await self._raise_to(sums)
        except Away:
            if not self._member.was_ready:
                raise

    async def _raise_to(self, sums: Sequence[tuple[Account, int]]) -> None:
        for some in _parts(sums):
            await self._member.counters.correct(some)
            keys = [account.key for account, _ in some]
            for key, (settled, _) in zip(keys, await self._member.counters.sums(keys), strict=True):
                self.heard(key, settled)

    def heard(self, key: str, settled_nanos: int) -> None:
        """An account has settled so much."""
        if len(self._settled) >= MOST_ACCOUNTS:  # those that are spent are heard of again soon
            self._settled.clear()
        self._settled[key] = settled_nanos

    def settled(self, key: str) -> int:
        """As `Tills.settled`."""
        return self._settled.get(key, 0)

    def open_keys(self) -> Sequence[str]:
        """As `Tills.open_keys`."""
        return list(self._settled)

    async def read(self, keys: Sequence[str]) -> Sequence[tuple[int, int]]:
        """As `Tills.read`."""
        try:
            return [found for some in _parts(keys) for found in await self._member.counters.sums(some)]
        except (Away, ScriptFailed, Forgotten) as error:
            raise Unavailable(
                "What was spent cannot be asked: Redis is away.", code="shared_state_unavailable"
            ) from error


def _parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    return (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))
