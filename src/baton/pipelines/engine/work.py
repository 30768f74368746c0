"""What a step's body is given: its key, what people said, what may be spent, whom to tell."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from baton.pipelines.engine.run import Call, Owner, Progress

T = TypeVar("T")


class Told(Protocol):
    """Where a body's news go."""

    async def progress(self, progress: Progress) -> None:
        """How far it is."""
        ...

    async def interim(self, value: object) -> None:
        """What it has so far."""
        ...


class Memory(Protocol):
    """Keeps what the calls of unfinished attempts came to."""

    async def recalled(self, key: str, kind: type[T]) -> T | None:
        """What is kept under a key; None: nothing."""
        ...

    async def kept(self, key: str, value: object) -> None:
        """Keep it until the step has ended."""
        ...


class Across(Protocol):
    """Has something done on the loop that serves requests."""

    async def __call__(self, ask: Callable[[], Awaitable[T]], /) -> T:
        """Await it there; cancelled there where it is cancelled here."""
        ...


class Work:
    """One attempt of a step."""

    def __init__(
        self,
        *,
        owner: Owner,
        key: str,
        attempt: int,
        instructions: tuple[str, ...],
        left_nanos: int | None,
        told: Told,
        memory: Memory,
        across: Across,
    ) -> None:
        self.owner = owner
        """For whom, and on whose account."""
        self._key = key
        self._told = told
        self._memory = memory
        self._asked = 0
        self._across = across
        self.attempt = attempt
        """Counts from 1; one that was interrupted, e.g. by its worker's death, has the same number again."""
        self.instructions = instructions
        """What people added to the run until this attempt began, the oldest first; the same when it is
        interrupted and done again, so that the same is asked under the same key."""
        self.left_nanos = left_nanos
        """What the budget had left for this step when it began; None: there is no budget."""
        self.cost_nanos = 0
        """What it has said that it cost."""
        self.calls: tuple[Call, ...] = ()
        """The calls of models that it has told of."""

    def key(self, call: str = "") -> str:
        """The idempotency key of a paid call; `call` tells several of one attempt apart.

        An attempt that was interrupted asks under the same keys again, a new attempt under new ones.
        """
        return f"{self._key}:{call}" if call else self._key

    async def once(self, ask: Callable[[], Awaitable[T]], kind: type[T]) -> T:
        """What a paid call comes to, kept before anything else happens: an attempt that was interrupted does
        not pay again for what had come. The calls of a step are made one after the other, in the same order.
        """
        self._asked += 1
        key = self.key(str(self._asked))
        before = await self._memory.recalled(key, kind)
        if before is not None:
            return before
        value = await ask()
        await self._memory.kept(key, value)
        return value

    def spent(self, nanos: int) -> None:
        """Say what a call cost, also where it failed."""
        self.cost_nanos += nanos

    def called(self, call: Call) -> None:
        """Tell of a call of a model, and what it cost."""
        self.calls += (call,)
        self.spent(call.cost_nanos)

    async def progress(self, done: int, total: int, of: str) -> None:
        """Tell how far it is, e.g. 2 of 3 `sources`."""
        await self._told.progress(Progress(done, total, of))

    async def interim(self, value: object) -> None:
        """Let people read what there is so far; JSON."""
        await self._told.interim(value)

    async def across(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Have something awaited on the loop that serves requests, where the gateway lives."""
        return await self._across(ask)
