"""Whether a flag is on for somebody: asked for every request, so decided beforehand where it can be."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from baton.access.flags.flag import EVERYBODY, Flag
from baton.access.flags.held import NOTHING_HELD, HeldFlags
from baton.core.caller import Caller

_STEPS = 1 << 64


class Flags:
    """The flags as they are now."""

    def __init__(self, key: bytes, held: HeldFlags = NOTHING_HELD) -> None:
        """`key`: which users are whose share is not to be guessed from their ids. `held`: what wins over the
        flags that are followed."""
        self._key = key
        self.held = held
        self._flags: Mapping[str, Flag] = {}
        self._everywhere: Mapping[str, bool] = {}
        self.all_on = True
        """Whether every flag is on for everybody."""

    def follow(self, flags: Sequence[Flag]) -> None:
        """Take over how they are now."""
        found = [self.held.over(flag) for flag in flags]
        self._everywhere = {flag.name: on for flag in found if (on := _everywhere(flag)) is not None}
        self._flags = {flag.name: flag for flag in found}
        self.all_on = all(self._everywhere.get(name, False) for name in self._flags)

    def on(self, name: str, caller: Caller) -> bool:
        """Whether it is on for a caller; one of which nothing is known is."""
        everywhere = self._everywhere.get(name)
        if everywhere is not None:
            return everywhere
        flag = self._flags.get(name)
        if flag is None:
            return True
        return caller.tier not in flag.off_for_tiers and self._place(name, caller.user_id) < flag.percentage

    def _place(self, name: str, user_id: str) -> float:
        """Where among all users somebody stands, percent; always the same, another for every flag."""
        digest = blake2b(f"{name}\0{user_id}".encode(), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest) / _STEPS * EVERYBODY


def _everywhere(flag: Flag) -> bool | None:
    """What it is for everybody; None: not the same for all."""
    if not flag.enabled or flag.percentage <= 0:
        return False
    return True if not flag.off_for_tiers and flag.percentage >= EVERYBODY else None
