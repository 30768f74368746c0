"""Passwords: what may be one, and their hashes, reckoned in threads of which there are few."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from baton.core.errors import Invalid, Unavailable

T = TypeVar("T")

SHORTEST = 12
"""Characters. Length is what helps, so nothing is asked of which characters they are (NIST SP 800-63B-4,
section 3.1.1.2)."""

LONGEST_BYTES = 1024
"""Of UTF-8: a whole poem, and still nothing that keeps a thread busy."""

_AT_ONCE = 2
"""Each takes 19 MiB while it is reckoned, for some 30 ms."""

_WAITING = 64
"""Beyond it nobody would be answered within a second; the rest is told to come again."""

_STRANGER = "a password that nobody has"


class Cost(Struct, frozen=True, kw_only=True):
    """What a guess costs (argon2id). The least that OWASP's Password Storage Cheat Sheet advises: 19 MiB,
    two rounds, one lane; more memory would be more for a stranger to take from us, too."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


class Verdict(Struct, frozen=True):
    """Whether a password was right; `renewed` is its hash at today's cost, where the stored one was made at
    another."""

    right: bool
    renewed: str | None = None


class Passwords:
    """Hashes and verifies; used with `async with`.

    Unknown accounts are verified against a hash that fits nothing, so that they take as long as known ones.
    """

    def __init__(self, cost: Cost | None = None) -> None:
        """`cost`: where not as usual."""
        cost = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=cost.rounds, memory_cost=cost.memory_kib, parallelism=cost.lanes
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._under_way = 0
        self._stranger = ""

    async def __aenter__(self) -> Self:
        self._stranger = await self._reckon(lambda: self._hasher.hash(_STRANGER))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """The hash of a new password, in PHC's string form with a salt of its own.

        Raises:
            Invalid: too short or too long to be one.
            Unavailable: too many are being reckoned.
        """
        text = checked(password)
        return await self._reckon(lambda: self._hasher.hash(text))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether it is the password of that hash. None, for somebody who has none: no, after the same work.

        Raises:
            Unavailable: too many are being reckoned.
        """
        if len(password.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
            password = ""  # nobody's; and nobody's longest input is reckoned
        text = _normal(password)
        verdict = await self._reckon(lambda: self._compare(stored or self._stranger, text))
        return verdict if stored is not None else Verdict(right=False)

    def _compare(self, stored: str, text: str) -> Verdict:
        try:
            self._hasher.verify(stored, text)
        except (VerificationError, InvalidHashError):
            return Verdict(right=False)
        renewed = self._hasher.hash(text) if self._hasher.check_needs_rehash(stored) else None
        return Verdict(right=True, renewed=renewed)

    async def _reckon(self, work: Callable[[], T]) -> T:
        if self._under_way >= _WAITING:
            raise Unavailable("Too many people are signing in at this moment.", retry_after_s=1.0)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1


def checked(password: str) -> str:
    """The password as it is hashed.

    Raises:
        Invalid: too short or too long to be one.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        raise Invalid(f"A password has at least {SHORTEST} characters.", param="password")
    if len(text.encode()) > LONGEST_BYTES:
        raise Invalid(f"A password has at most {LONGEST_BYTES} bytes.", param="password")
    return text


def _normal(password: str) -> str:
    """The same text however a keyboard composes it (NFC, as NIST SP 800-63B-4 has it)."""
    text = password.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
    return unicodedata.normalize("NFC", text)
