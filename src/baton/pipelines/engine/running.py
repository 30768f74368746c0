"""A run under way: what its recipe is given, and the life of each of its steps."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, Never, Protocol, TypeVar

import msgspec
from msgspec import Raw

from baton.core.errors import Invalid
from baton.pipelines.engine.attempt import failing, may_help
from baton.pipelines.engine.holding import Begun, Holding, OverBudget, Superseded, Tally, Terms
from baton.pipelines.engine.patience import patiently
from baton.pipelines.engine.run import Failing, Owner, Progress, StepState, Verdict, json
from baton.pipelines.engine.step import LONGEST_NAME, Step, StepFailed
from baton.pipelines.engine.store import RunStore
from baton.pipelines.engine.work import Across, Work

T = TypeVar("T")


class Stop(Enum):
    """Why an execution ends before its recipe does."""

    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    """Another execution has the run, or will."""
    LEAVING = "leaving"
    """This worker goes, or can no longer show that it lives: another one will go on."""
    OVER_BUDGET = "over_budget"
    WAITING = "waiting"
    """For people."""


_FINISHES = frozenset({None, Stop.OVER_BUDGET})
"""What has begun is then brought to its end: it is paid for."""


class Places(Protocol):
    """Where the durable engine keeps what each step of one execution came to."""

    def position(self, name: str) -> int:
        """The number of a step's place; called in the order in which the recipe begins new steps."""
        ...

    async def keep(self, name: str, body: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """What the body came to, now or in an earlier execution.

        Raises:
            Superseded: the run is another execution's.
        """
        ...


class Running:
    """One execution of a run. A recipe calls `do`, `begin` and `gate`; the rest is the engine's."""

    def __init__(
        self,
        holding: Holding,
        owner: Owner,
        store: RunStore,
        places: Places,
        across: Across,
        park_after_s: float,
    ) -> None:
        """`park_after_s`: the run is let go of when it has only waited at gates for so long."""
        self.holding = holding
        self.owner = owner
        self.stopped: Stop | None = None
        self._store = store
        self._places = places
        self._across = across
        self._park_after_s = park_after_s
        self._recipe: asyncio.Future[Any] | None = None
        self._begun: dict[str, asyncio.Task[Any]] = {}
        self._made: dict[str, Raw] = {}
        self._gates: dict[str, asyncio.Event] = {}
        """Those that wait, each with what wakes it."""
        self._owed: list[tuple[str, int, int]] = []
        self._moved_s = 0.0
        """When a step last began or ended, on the loop's clock."""

    async def do(self, step: Step[T]) -> T:
        """What a step makes; at once if it has been done before.

        Raises:
            StepFailed: it came to nothing.
        """
        return await self.begin(step)

    def begin(self, step: Step[T]) -> asyncio.Future[T]:
        """As `do`, beside others: it begins now, and is awaited where its result is needed."""
        return self._start(step.name, step.returns, functools.partial(self._step, step))

    async def gate(self, name: str, shows: object = None) -> Verdict:
        """Wait for a person, who is shown something; what they said."""
        return await self._start(name, Verdict, functools.partial(self._gate, name, json(shows)))

    def speak(self) -> None:
        """Somebody has said something to the run: gates look again."""
        for waked in self._gates.values():
            waked.set()

    def stop(self, why: Stop) -> None:
        """End the execution; the first reason counts."""
        if self.stopped is not None:
            return
        self.stopped = why
        if self._recipe is not None:
            self._recipe.cancel()
        if why not in _FINISHES:
            for task in self._begun.values():
                task.cancel()

    async def carry_out(self, recipe: Callable[["Running", Raw], Awaitable[Any]], given: Raw) -> Raw:
        """The recipe's result; steps that it began and did not await are brought to their end too.

        Raises:
            CancelledError: it was stopped; `stopped` says why.
            Exception: whatever the recipe raises.
        """
        self._recipe = asyncio.ensure_future(recipe(self, given))
        if self.stopped is not None:
            self._recipe.cancel()
        try:
            result = json(await self._recipe)
            if self.stopped is not None:  # it held on to a cancellation that was not its to keep
                raise asyncio.CancelledError
            return result
        finally:
            self._recipe.cancel()
            try:
                await self._wind_up()
            finally:
                for task in self._begun.values():
                    task.cancel()

    async def _wind_up(self) -> None:
        for name, task in self._begun.items():
            if self.stopped not in _FINISHES or name in self._gates:
                task.cancel()
        if self._begun:
            await asyncio.wait(self._begun.values())
        for name, edition, nanos in self._owed:
            await patiently(lambda n=name, e=edition, c=nanos: self._store.owe(self.holding, n, e, c))

    def _start(
        self, name: str, returns: type[T], life: Callable[[int], Coroutine[Any, Any, str]]
    ) -> asyncio.Future[T]:
        if self.stopped is not None:
            raise asyncio.CancelledError
        if name in self._begun or not 0 < len(name) <= LONGEST_NAME:
            raise Invalid(
                f"A step's name is unique in its run, and not too long: {name!r}.", code="step_name"
            )
        position = self._places.position(name)  # now: the order is the recipe's, not the tasks'
        task = asyncio.create_task(self._live(name, position, returns, life), name=f"step {name}")
        self._begun[name] = task
        # A recipe that is stopped must not take with it what may still be brought to its end.
        shielded = asyncio.shield(task)
        shielded.add_done_callback(_look_at)
        return shielded

    async def _live(
        self, name: str, position: int, returns: type[T], life: Callable[[int], Coroutine[Any, Any, str]]
    ) -> T:
        self._moved_s = asyncio.get_running_loop().time()
        try:
            await self._places.keep(name, functools.partial(life, position))
        except Superseded:
            self._end(Stop.SUPERSEDED)
        finally:
            self._moved_s = asyncio.get_running_loop().time()
        made = self._made.pop(name, None)
        if made is None:
            made = await self._surely(lambda: self._store.output(self.holding, name))
        if isinstance(made, Failing):
            raise StepFailed(name, made)
        try:
            return msgspec.json.decode(made, type=returns)
        except msgspec.ValidationError as error:  # a person put in what the recipe cannot read
            raise StepFailed(name, Failing("unreadable_output", str(error))) from error

    async def _step(self, step: Step[Any], position: int) -> str:
        terms = Terms(step.name, position, most_nanos=step.most_nanos)
        while True:
            begun = await self._surely(lambda: self._store.begin(self.holding, terms))
            if begun.state is not StepState.RUNNING:
                return begun.state
            work = self._work(step.name, begun)
            try:
                state = await self._attempt(step, begun, work)
            except asyncio.CancelledError:
                if work.cost_nanos:  # else it is written down by now
                    self._owed.append((step.name, begun.edition, work.cost_nanos))
                raise
            if state is not StepState.RETRYING:
                return state
            await asyncio.sleep(step.wait_s * 2 ** (begun.attempt - 1))

    async def _attempt(self, step: Step[Any], begun: Begun, work: Work) -> StepState:
        """One attempt, and what came of it written down."""
        name = step.name
        try:
            async with asyncio.timeout(step.timeout_s):
                made = json(await step.body(work))
                msgspec.json.decode(made, type=step.returns)
        except Exception as error:  # noqa: BLE001  a border: the recipe learns of it as `StepFailed`
            why = failing(error)
            again = may_help(error) and begun.attempt < step.attempts
            put = self._store.retry if again else self._store.fail
            await self._settled(work, step.most_nanos, lambda tally: put(self.holding, name, why, tally))
            return StepState.RETRYING if again else StepState.FAILED
        await self._settled(
            work, step.most_nanos, lambda tally: self._store.complete(self.holding, name, made, tally)
        )
        self._made[name] = made
        return StepState.COMPLETED

    async def _settled(self, work: Work, most_nanos: int, put: Callable[[Tally], Awaitable[None]]) -> None:
        """Write down what an attempt came to, also where it is stopped in this moment: it is paid for."""

        async def settle() -> None:
            await put(Tally(work.cost_nanos, most_nanos, work.calls))
            work.cost_nanos = 0

        await self._surely(settle)

    async def _gate(self, name: str, shows: Raw, position: int) -> str:
        terms = Terms(name, position, gate=True, shows=shows)
        begun = await self._surely(lambda: self._store.begin(self.holding, terms))
        if begun.state is not StepState.RUNNING:
            return begun.state
        waked = self._gates[name] = asyncio.Event()
        try:
            while await self._surely(lambda: self._store.verdict(self.holding, name)) is None:
                await self._wait(waked)
        finally:
            del self._gates[name]
        return StepState.COMPLETED

    async def _wait(self, waked: asyncio.Event) -> None:
        """Until somebody speaks; where nothing else goes on the run is let go of meanwhile."""
        try:
            async with asyncio.timeout(self._park_after_s):
                await waked.wait()
        except TimeoutError:
            busy = any(not task.done() for name, task in self._begun.items() if name not in self._gates)
            quiet_s = asyncio.get_running_loop().time() - self._moved_s
            waiting = frozenset(self._gates)
            if (
                not busy
                and quiet_s >= self._park_after_s
                and await self._surely(lambda: self._store.park(self.holding, waiting))
            ):
                self._end(Stop.WAITING)
        waked.clear()

    def _work(self, name: str, begun: Begun) -> Work:
        return Work(
            owner=self.owner,
            key=f"{self.holding.run_id}:{name}:{begun.edition}.{begun.attempt}",
            attempt=begun.attempt,
            instructions=begun.instructions,
            left_nanos=begun.left_nanos,
            told=_Told(self, name),
            memory=self,
            across=self._across,
        )

    async def tell_progress(self, name: str, progress: Progress) -> None:
        """A step says how far it is."""
        await self._surely(lambda: self._store.progress(self.holding, name, progress))

    async def tell_interim(self, name: str, value: object) -> None:
        """A step shows what it has so far."""
        await self._surely(lambda: self._store.interim(self.holding, name, value))

    async def recalled(self, key: str, kind: type[T]) -> T | None:
        """As `Memory`."""
        return await self._surely(lambda: self._store.answer(self.holding, key, kind))

    async def kept(self, key: str, value: object) -> None:
        """As `Memory`."""
        await self._surely(lambda: self._store.keep_answer(self.holding, key, value))

    async def _surely(self, write: Callable[[], Awaitable[T]]) -> T:
        """Do it, however long the database is away; where the run is not ours any more, end."""
        try:
            return await patiently(write)
        except Superseded:
            self._end(Stop.SUPERSEDED)
        except OverBudget:
            self._end(Stop.OVER_BUDGET)

    def _end(self, why: Stop) -> Never:
        self.stop(why)
        raise asyncio.CancelledError


class _Told:
    """`Told` of one step."""

    def __init__(self, running: Running, name: str) -> None:
        self._running = running
        self._name = name

    async def progress(self, progress: Progress) -> None:
        """As `Told`."""
        await self._running.tell_progress(self._name, progress)

    async def interim(self, value: object) -> None:
        """As `Told`."""
        await self._running.tell_interim(self._name, value)


def _look_at(future: asyncio.Future[Any]) -> None:
    """A step that nobody awaits may fail."""
    if not future.cancelled():
        future.exception()
