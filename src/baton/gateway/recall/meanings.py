"""Requests that mean the same as an earlier one: found, given its answer, and checked against a new one."""

import asyncio
import random
import re
from collections.abc import Callable
from math import sqrt

import structlog
from msgspec import Struct

from baton.core.errors import BatonError
from baton.gateway.cache.cache import SemanticCache
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.plan import Meaning
from baton.gateway.cache.exact.store import Store
from baton.gateway.cache.rules import Semantic
from baton.gateway.cache.semantic.neighbours import Near
from baton.gateway.cache.semantic.trust import NOBODYS
from baton.gateway.recall.embedder import Embedder, Vector
from baton.gateway.recall.turn import Turn

CHECKED = 0.1
"""Of answers that could be given, the share that is asked for all the same."""

MOST_SAID = 2000
"""Characters of an answer that are compared."""

AGREES_COSINE = 0.8
"""Two answers whose vectors are nearer say the same; a figure that is in use, not proven."""

_SHORT = 300
"""Answers that are no longer must also have the same numbers in them."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MOST_CHECKS = 20
"""That are under way at a time."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Sought(Struct, frozen=True):
    """What was found for a request."""

    vector: Vector
    kept: Kept | None
    """The answer of an earlier one that means the same."""
    serves: bool
    """Whether it is to be given; else it is compared with what the model says."""

    @property
    def given(self) -> Kept | None:
        """What is given without asking the model."""
        return self.kept if self.serves else None


class Meanings:
    """Finds, learns, and checks."""

    def __init__(self, semantic: SemanticCache, embedder: Embedder, store: Store, rng: random.Random) -> None:
        self._embedder = embedder
        self._neighbours = semantic.neighbours
        self._trust = semantic.trust
        self._switch_off = semantic.switch_off
        self._store = store
        self._rng = rng
        self._checking: set[asyncio.Task[None]] = set()

    async def seek(self, turn: Turn, meaning: Meaning, may_have: Callable[[Kept], bool]) -> Sought | None:
        """What was answered to one that means the same; None: what this one means is not known."""
        options = turn.envelope.options
        vectors = await self._embedder.embed(turn.caller, options, [meaning.text], turn.ends_s)
        if vectors is None:
            return None
        vector = vectors[0]
        try:
            near = await self._neighbours.nearest(meaning.frame, meaning.text, vector, meaning.threshold)
        except ValueError as error:
            _log.warning("meaning_not_compared", reason=str(error))
            return None
        except Exception:  # noqa: BLE001  a mistake of ours in comparing must not cost anybody an answer
            _log.exception("meaning_not_compared")
            return None
        kept = None if near is None else await self._kept(near, may_have)
        serves = meaning.semantic is Semantic.ON and not self._trust.doubts(_whose(turn))
        if serves and not turn.envelope.stream:  # of a stream nothing is compared
            serves = self._rng.random() >= CHECKED
        return Sought(vector, kept, serves)

    async def learn(self, turn: Turn, meaning: Meaning, sought: Sought) -> None:
        """Its answer was kept: others may be given it."""
        try:
            await self._neighbours.add(meaning.frame, turn.plan.key, meaning.text, sought.vector)
        except ValueError as error:
            _log.warning("meaning_not_kept", reason=str(error))
        except Exception:  # noqa: BLE001  who asked has an answer, and is to get it
            _log.exception("meaning_not_kept")

    def check(self, turn: Turn, sought: Sought, said: str) -> None:
        """Compare what would have been given with what the model says, soon."""
        if sought.kept is None or not sought.kept.said or not said or len(self._checking) >= _MOST_CHECKS:
            return
        task = asyncio.create_task(self._check(turn, sought.kept.said, said), name="check of a meaning")
        self._checking.add(task)
        task.add_done_callback(self._checking.discard)

    async def close(self) -> None:
        """End what is under way."""
        for task in self._checking:
            task.cancel()
        if self._checking:
            await asyncio.wait(self._checking)

    async def _kept(self, near: Near, may_have: Callable[[Kept], bool]) -> Kept | None:
        kept = await self._store.fetch(near.key)
        if kept is None:
            await self._neighbours.drop(near.key)
            return None
        return kept if may_have(kept) else None

    async def _check(self, turn: Turn, earlier: str, said: str) -> None:
        options = turn.envelope.options
        agrees = earlier.strip() == said.strip()
        if not agrees:
            vectors = await self._embedder.embed(turn.caller, options, [earlier, said])
            if vectors is None:
                return
            agrees = _same_numbers(earlier, said) and _cosine(*vectors) >= AGREES_COSINE
        use_case = _whose(turn)
        share = self._trust.note(use_case, wrong=not agrees)
        meaning = turn.plan.meaning
        if not share.too_often or meaning is None or meaning.semantic is not Semantic.ON:
            return
        _log.warning("semantic_cache_off", use_case=use_case, checked=share.checked, wrong=share.wrong)
        try:
            has_rule = await self._switch_off(use_case, share)
        except BatonError as error:  # the next check tries again; until then this process gives nothing
            _log.warning("semantic_cache_not_off", use_case=use_case, reason=error.message)
            has_rule = False
        if not has_rule:
            self._trust.doubt(use_case)


def _whose(turn: Turn) -> str:
    """For whom its checks count: its use case; where it names none, its user alone."""
    return turn.envelope.options.use_case or f"{NOBODYS}{turn.caller.user_id}"


def _same_numbers(one: str, other: str) -> bool:
    """Of short answers; in long ones they differ without a difference."""
    if max(len(one), len(other)) > _SHORT:
        return True
    return sorted(_NUMBER.findall(one)) == sorted(_NUMBER.findall(other))


def _cosine(one: Vector, other: Vector) -> float:
    lengths = sqrt(sum(each * each for each in one)) * sqrt(sum(each * each for each in other))
    if not lengths or len(one) != len(other):
        return 0.0
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths
