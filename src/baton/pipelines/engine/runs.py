"""Runs, for the loop that serves requests: start them, see how far they are, say something to them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from msgspec import Raw, structs

from baton.access.signin.seal import Seal
from baton.core.clock import Clock
from baton.core.errors import BatonError, Invalid
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.durable import Durable
from baton.pipelines.engine.engine import Bounds, Engine
from baton.pipelines.engine.loop import OwnLoop
from baton.pipelines.engine.premises import Premises, furnish
from baton.pipelines.engine.recipe import Cookbook
from baton.pipelines.engine.run import (
    ENDED,
    Event,
    Owner,
    RunLine,
    RunShown,
    RunState,
    RunsWanted,
    RunWish,
    Verdict,
)
from baton.pipelines.engine.running import Stop
from baton.pipelines.engine.workers import connections_of
from baton.storage.database import Database
from baton.storage.settings import StorageSettings

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

_PATIENCE_S = 15.0
"""How long a follower's question lasts before it is asked anew."""


class Runs:
    """A worker, from outside. Everything here raises `NotFound` for a run that is not there and `Unavailable`
    while the database is away; orders raise what `Orders` says."""

    def __init__(
        self,
        loop: OwnLoop,
        premises: Premises,
        engine: Engine,
        durable: Durable,
        cookbook: Cookbook,
        new_id: Callable[[], str],
        bounds: Bounds,
    ) -> None:
        self._loop = loop
        self._premises = premises
        self._orders = premises.orders
        self._engine = engine
        self._durable = durable
        self._cookbook = cookbook
        self._new_id = new_id
        self._bounds = bounds

    async def start(self, wish: RunWish) -> str:
        """Have something done; the id of its run.

        Raises:
            NotFound: there is no such recipe; code `recipe_unknown`.
            Invalid: it does not take such an input, or wants a project.
        """
        recipe = self._cookbook.get(wish.recipe, wish.version)
        recipe.check(wish.input)
        if recipe.for_project and wish.owner.project_id is None:
            raise Invalid(f"A run of {recipe.name} is for a project.", param="projectId")
        version = recipe.version
        run_id = self._new_id()

        async def begin() -> None:
            await self._orders.begin(run_id, wish, version)
            try:
                await self._durable.enqueue(run_id)
            except BatonError as error:  # it is there, and will be found by a sweep: no failure of the start
                logger.warning("run_not_enqueued", run=run_id, reason=error.message)

        await self._loop.call(begin())
        return run_id

    async def show(self, run_id: str) -> RunShown:
        """A run as far as it has come."""
        return await self._loop.call(self._premises.reading.run(run_id))

    async def owner(self, run_id: str) -> Owner:
        """Whose a run is."""
        return await self._loop.call(self._premises.reading.owner(run_id))

    async def find(self, wanted: RunsWanted) -> list[RunLine]:
        """Runs, without what is in them."""
        return await self._loop.call(self._premises.reading.runs(wanted))

    async def events(self, run_id: str, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """What happened after event number `after`."""
        events, _ = await self.history(run_id, after, limit)
        return events

    async def history(self, run_id: str, after: int, limit: int) -> tuple[tuple[Event, ...], RunState]:
        """The same, and where the run stood then."""
        return await self._loop.call(self._premises.reading.events(run_id, after, limit))

    async def follow(self, run_id: str, after: int = 0) -> AsyncGenerator[Event]:
        """What happens after event number `after`, as it happens, until the run has ended."""
        while True:
            events, state = await self._loop.call(self._news(run_id, after))
            for event in events:
                yield event
                after = event.number
            if not events and state in ENDED:
                return

    async def account(self, run_id: str, owner: Owner) -> None:
        """Its owner asks with this key from now on; for anybody else nothing changes."""
        await self._loop.call(self._orders.account(run_id, owner))

    async def cancel(self, run_id: str) -> None:
        """End it, at any moment; steps under way are interrupted."""

        async def cancel() -> None:
            await self._orders.cancel(run_id)
            self._engine.stop(run_id, Stop.CANCELLED)
            await self._durable.cancel(run_id)

        await self._loop.call(cancel())

    async def instruct(self, run_id: str, text: str, by: str) -> None:
        """Add an instruction; attempts that begin from now on are given it."""
        await self._loop.call(self._orders.instruct(run_id, text, by))

    async def decide(self, run_id: str, gate: str, verdict: Verdict) -> None:
        """Let a run through a gate, or not."""

        async def decide() -> None:
            if await self._orders.decide(run_id, gate, verdict):
                await self._durable.again(run_id)
            else:
                self._engine.speak(run_id)

        await self._loop.call(decide())

    async def edit(self, run_id: str, step: str, value: Raw, after: int | None = None) -> None:
        """Put something in the place of what a step made; what began after it is done again. `after`: the
        number of the last event that its editor knew of; None: they do not say.

        Raises:
            Invalid: it is not JSON.
        """
        try:
            msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise Invalid("The edited output is not JSON.", param="output") from error
        await self._loop.call(self._anew(run_id, self._orders.edit(run_id, step, value, after)))

    async def redo(self, run_id: str, step: str) -> None:
        """Do a step again, and all that began after it had ended."""
        await self._loop.call(self._anew(run_id, self._orders.redo(run_id, step)))

    async def resume(self, run_id: str) -> None:
        """Go on with one that failed, was cancelled or had too small a budget; what is finished is kept."""
        await self._loop.call(self._anew(run_id, self._orders.resume(run_id)))

    async def allow(self, run_id: str, budget_nanos: int | None) -> None:
        """Give it another budget; one that had stopped for want of it goes on."""

        async def allow() -> None:
            if await self._orders.allow(run_id, budget_nanos):
                await self._durable.again(run_id)

        await self._loop.call(allow())

    async def _anew(self, run_id: str, order: Coroutine[Any, Any, None]) -> None:
        await order
        self._engine.stop(run_id, Stop.SUPERSEDED)
        await self._durable.again(run_id)

    async def _news(self, run_id: str, after: int) -> tuple[tuple[Event, ...], RunState]:
        """What is new, at once or when there is something, or nothing after some time."""
        ends_s = asyncio.get_running_loop().time() + _PATIENCE_S
        with self._premises.bell.heard(run_id) as heard:
            while True:
                heard.clear()
                events, state = await self._premises.reading.events(run_id, after, 100)
                left_s = ends_s - asyncio.get_running_loop().time()
                if events or state in ENDED or left_s <= 0:
                    return events, state
                try:
                    async with asyncio.timeout(min(left_s, self._bounds.look_s)):
                        await heard.wait()
                except TimeoutError:
                    pass


@asynccontextmanager
async def open_runs(
    settings: StorageSettings,
    key: bytes,
    cookbook: Cookbook,
    *,
    clock: Clock,
    new_id: Callable[[], str],
    bounds: Bounds | None = None,
) -> AsyncGenerator[Runs]:
    """A worker, on a loop of its own, while inside. `key`: for content, derived for `content.PURPOSE`.

    Raises:
        Unavailable: the database is away.
    """
    bounds = bounds or Bounds()
    async with OwnLoop("runs") as loop:
        worker = new_id()
        database = Database(structs.replace(settings, name=connections_of(worker)))
        await loop.call(database.open())
        try:
            premises = furnish(database, Content(Seal(key)), clock, loop.across)
            durable = Durable(settings.url, worker, bounds.at_once, bounds.poll_s)
            engine = Engine(premises, cookbook, durable, bounds)
            try:
                await loop.call(engine.open())
                yield Runs(loop, premises, engine, durable, cookbook, new_id, bounds)
            finally:
                await loop.call(engine.close())
        finally:
            await loop.call(database.close())
