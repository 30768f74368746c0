"""Pipelines: what they stand on, and their worker, loaded when it is first needed."""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from baton.access.identity.keyring import Keyring
from baton.app.storehouse import Storehouse, database_url
from baton.core.caller import Caller
from baton.gateway.gateway import Gateway
from baton.pipelines.asking import Asking
from baton.pipelines.engine.content import PURPOSE
from baton.pipelines.engine.recipe import Cookbook, Recipe
from baton.pipelines.engine.run import Owner
from baton.pipelines.worker import Worker
from baton.storage.settings import StorageSettings

if TYPE_CHECKING:
    from baton.pipelines.engine.runs import Runs


@dataclass(frozen=True, slots=True)
class Pipelines:
    """What needs many calls."""

    worker: Worker
    cookbook: Cookbook
    asking: Asking


async def open_pipelines(
    stack: AsyncExitStack, store: Storehouse, keyring: Keyring, gateway: Gateway
) -> Pipelines:
    """All of it; the worker looks for runs, and loads the engine if there are any."""

    def caller_of(owner: Owner) -> Caller:
        return keyring.holder(owner.user_id, owner.key_id)

    asking = Asking(gateway, caller_of, store.new_id, store.clock)
    recipes: tuple[Recipe, ...] = ()
    cookbook = Cookbook(recipes)

    async def load() -> "AbstractAsyncContextManager[Runs]":
        # In a thread: a second of work, between whose pieces requests go on.
        engine = await asyncio.to_thread(import_module, "baton.pipelines.engine.runs")
        opened: AbstractAsyncContextManager[Runs] = engine.open_runs(
            StorageSettings(url=database_url(store.settings)),
            store.secret.derive(PURPOSE),
            cookbook,
            clock=store.clock,
            new_id=store.new_id,
        )
        return opened

    worker = await stack.enter_async_context(Worker(load, store.database))
    return Pipelines(worker=worker, cookbook=cookbook, asking=asking)
