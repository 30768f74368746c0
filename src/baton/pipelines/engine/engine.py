"""Carries runs out: takes them, has their recipes do their steps, gives up what it cannot keep, takes over
what others left."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from msgspec import Raw, Struct

from baton.core.errors import BatonError
from baton.pipelines.engine.attempt import failing
from baton.pipelines.engine.durable import Durable, Pending
from baton.pipelines.engine.holding import Holding, Superseded, Taken
from baton.pipelines.engine.patience import patiently, unbroken
from baton.pipelines.engine.premises import Premises
from baton.pipelines.engine.recipe import Cookbook, label
from baton.pipelines.engine.run import Failing, RunState
from baton.pipelines.engine.running import Running, Stop
from baton.pipelines.engine.step import StepFailed
from baton.pipelines.engine.workers import Workers

_MOMENT_S = 0.01
"""Between two looks whether a run that was stopped has come to its end."""

_GRACE_S = 5.0
"""How long what is let go of may take to end of itself."""

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Bounds(Struct, frozen=True, kw_only=True):
    """How many, how long and how often."""

    at_once: int = 20
    """Runs that one worker carries out."""
    lease_s: float = 20.0
    """After so long in silence a worker is dead, and its runs are others'."""
    beat_s: float = 4.0
    give_up_s: float = 12.0
    """A worker that could not say so long that it lives lets go of its runs, before others take them. Clocks
    of several machines may differ by what is left of the lease then."""
    look_s: float = 0.5
    """How late an order given to another worker's run may be noticed."""
    poll_s: float = 0.5
    """How late a queued run may be taken."""
    park_after_s: float = 1.0
    """A run that has only waited for people so long is let go of, and takes nobody's place."""


class Engine:
    """One worker. It lives on the loop on which it was opened; only what goes `across` is done elsewhere."""

    def __init__(self, premises: Premises, cookbook: Cookbook, durable: Durable, bounds: Bounds) -> None:
        self._worker = durable.executor
        self._cookbook = cookbook
        self._durable = durable
        self._store = premises.store
        self._workers = Workers(premises.database, premises.clock, bounds.lease_s)
        self._clock = premises.clock
        self._across = premises.across
        self._bounds = bounds
        self._here: dict[str, asyncio.Task[Any]] = {}
        """Runs that this worker has been given and has not given back, and who carries each out."""
        self._active: dict[str, Running] = {}
        """Those of them whose recipes run."""
        self._orders: dict[str, int] = {}
        """How many orders were given to each active run when it was last looked at."""
        self._lost: dict[str, float] = {}
        """Runs that the durable engine thinks to be here and that are not, and since when; monotonic."""
        self._tasks: list[asyncio.Task[None]] = []
        self._beaten_s = 0.0
        self._closing = False

    async def open(self) -> None:
        """Begin to carry runs out.

        Raises:
            Unavailable: the database is away.
        """
        await self._beat()  # before anything is taken: others must know that its worker lives
        await self._durable.open(self.carry_out)
        rounds = ((self._beats, "beats"), (self._looks, "looks"), (self._sweeps, "sweeps"))
        self._tasks = [asyncio.create_task(go(), name=f"runs: {name}") for go, name in rounds]

    async def close(self) -> None:
        """Let go of all runs, for others to go on with at once."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        self._stop_all(Stop.LEAVING)
        if self._here:
            _, hanging = await asyncio.wait(self._here.values(), timeout=_GRACE_S)
            for task in hanging:  # for a database that is away
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._durable.close()
        try:
            async with asyncio.timeout(_GRACE_S):
                await self._workers.leave(self._worker)
        except (BatonError, TimeoutError) as error:  # then its lease runs out
            logger.warning("worker_not_signed_off", reason=str(error))

    def stop(self, run_id: str, why: Stop) -> None:
        """Stop a run if it is carried out here."""
        running = self._active.get(run_id)
        if running is not None:
            running.stop(why)

    def speak(self, run_id: str) -> None:
        """Somebody has said something to a run."""
        running = self._active.get(run_id)
        if running is not None:
            running.speak()

    async def carry_out(self, run_id: str) -> str:
        """Carry a run out as far as it goes; how it stands then.

        Raises:
            CancelledError: it is not ours to end: another worker has it, or will.
        """
        while run_id in self._here:  # taken from us, and given to us again
            self.stop(run_id, Stop.SUPERSEDED)
            await asyncio.sleep(_MOMENT_S)
        me = asyncio.current_task()
        assert me is not None
        self._here[run_id] = me
        try:
            return await self._take_up(run_id)
        finally:
            del self._here[run_id]

    async def _take_up(self, run_id: str) -> str:
        if self._closing:
            raise asyncio.CancelledError
        taken = await patiently(lambda: self._store.take_up(run_id, self._worker))
        if taken is None:
            return "gone"
        if (taken.recipe, taken.version) not in self._cookbook:
            return await self._hand_on(taken)
        recipe = self._cookbook.get(taken.recipe, taken.version)
        places = self._durable.places(taken.places)
        running = Running(
            taken.holding, taken.owner, self._store, places, self._across, self._bounds.park_after_s
        )
        self._active[run_id] = running
        try:
            try:
                output = await running.carry_out(recipe.function, taken.input)
            except asyncio.CancelledError:
                return await self._stopped(running)
            except StepFailed as error:
                why = Failing(error.why.code, str(error))
            except Exception as error:  # noqa: BLE001  a border: whatever a recipe does wrong fails its run alone
                why = failing(error)
            else:
                return await self._finish(taken.holding, RunState.COMPLETED, output=output)
            return await self._finish(taken.holding, RunState.FAILED, why=why)
        finally:
            del self._active[run_id]
            self._orders.pop(run_id, None)

    async def _stopped(self, running: Running) -> str:
        match running.stopped:
            case Stop.WAITING:
                return RunState.WAITING
            case Stop.OVER_BUDGET:
                return await self._finish(running.holding, RunState.OVER_BUDGET)
            case _:
                raise asyncio.CancelledError

    async def _finish(
        self, holding: Holding, state: RunState, output: Raw | None = None, why: Failing | None = None
    ) -> str:
        try:
            await patiently(lambda: self._store.finish(holding, state, output, why))
        except Superseded:
            raise asyncio.CancelledError from None
        return state

    async def _hand_on(self, taken: Taken) -> str:
        """Give a run whose recipe is not known here to who knows it; it fails where nobody does."""
        wanted = label(taken.recipe, taken.version)
        living = await patiently(self._workers.living)
        if any(wanted in known for worker, known in living.items() if worker != self._worker):
            await asyncio.sleep(self._bounds.poll_s * 2)  # so that somebody else is quicker than this one
            await self._durable.take_from(Pending(taken.holding.run_id, self._worker))
            raise asyncio.CancelledError
        why = Failing("recipe_unknown", f"No worker knows {wanted}.")
        return await self._finish(taken.holding, RunState.FAILED, why=why)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._bounds.beat_s)
            try:
                async with asyncio.timeout(self._bounds.beat_s):
                    await self._beat()
            except (BatonError, TimeoutError) as error:
                logger.warning("worker_not_signed_on", reason=str(error))
            if self._clock.monotonic() - self._beaten_s > self._bounds.give_up_s:
                self._stop_all(Stop.LEAVING)

    async def _beat(self) -> None:
        begun_s = self._clock.monotonic()
        await unbroken(lambda: self._workers.beat(self._worker, self._cookbook.labels()))
        self._beaten_s = begun_s

    async def _looks(self) -> None:
        while True:
            await asyncio.sleep(self._bounds.look_s)
            if self._active:
                try:
                    self._look(await unbroken(lambda: self._store.current(list(self._active))))
                except BatonError as error:
                    logger.warning("runs_not_looked_at", reason=error.message)

    def _look(self, current: Mapping[str, tuple[int, int]]) -> None:
        """Notice what people said to runs, through whichever process."""
        for run_id, running in list(self._active.items()):
            turn, orders = current.get(run_id, (None, 0))
            if turn != running.holding.turn:
                running.stop(Stop.SUPERSEDED)
            elif self._orders.get(run_id) != orders:
                self._orders[run_id] = orders
                running.speak()

    async def _sweeps(self) -> None:
        while True:
            await asyncio.sleep(self._bounds.beat_s)
            try:
                await self.sweep()
            except BatonError as error:
                logger.warning("runs_not_swept", reason=error.message)

    async def sweep(self) -> None:
        """Take over what dead workers left, and have carried out what was forgotten between two databases.

        Raises:
            Unavailable: the database is away.
        """
        pending = await self._durable.pending()
        living = await self._workers.living()  # after it: who took a run since has signed on before
        lost: dict[str, float] = {}
        for each in pending:
            if each.executor == self._worker:
                if each.run_id in self._here:
                    continue
                now_s = self._clock.monotonic()
                since_s = lost[each.run_id] = self._lost.get(each.run_id, now_s)
                if now_s - since_s < self._bounds.lease_s:  # it may be on its way here
                    continue
            elif each.executor in living:
                continue
            else:
                await self._workers.cut_off(each.executor)
            if await self._durable.take_from(each):
                logger.info("run_taken_over", run=each.run_id, worker=each.executor)
        self._lost = lost
        before_ms = self._store.now_ms() - int(self._bounds.lease_s * 1000)
        for run_id in await self._durable.ended(await self._store.unattended(before_ms)):
            await self._durable.again(run_id)
        await self._workers.forget()

    def _stop_all(self, why: Stop) -> None:
        for running in self._active.values():
            running.stop(why)
