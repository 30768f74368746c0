"""Pipelines: what they stand on, and their worker, loaded when it is first needed."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from baton.access.identity.keyring import Keyring
from baton.access.signin.seal import Seal
from baton.app.edited import Edited
from baton.app.storehouse import Storehouse, database_url
from baton.app.travelling import Far, Travelling, travelling_of
from baton.core.caller import Caller
from baton.core.errors import NotFound
from baton.gateway.gateway import Gateway
from baton.pipelines.asking import Asking, StepAsking
from baton.pipelines.authoring.author import Author
from baton.pipelines.authoring.desk import Desk
from baton.pipelines.authoring.scorer import packaged_scorer
from baton.pipelines.documents.excerpts import Excerpt, excerpts_of
from baton.pipelines.documents.reader import Reader
from baton.pipelines.documents.shelf import PURPOSE as DOCUMENTS
from baton.pipelines.documents.shelf import Shelf
from baton.pipelines.engine.content import PURPOSE, Content
from baton.pipelines.engine.reading import Reading
from baton.pipelines.engine.recipe import Cookbook
from baton.pipelines.engine.run import Owner
from baton.pipelines.outputs.offered import OfferedOutputs
from baton.pipelines.outputs.output import Draft, Saved
from baton.pipelines.outputs.store import PURPOSE as OUTPUTS
from baton.pipelines.outputs.store import OutputStore
from baton.pipelines.recipes.brand_strategy import BrandStrategy
from baton.pipelines.worker import Worker
from baton.prompts.library import Library
from baton.quality.queue.store import Queue
from baton.quality.task import Task
from baton.storage.settings import StorageSettings

if TYPE_CHECKING:
    from baton.pipelines.engine.runs import Runs


@dataclass(frozen=True, slots=True)
class Pipelines:
    """What needs many calls."""

    worker: Worker
    reading: Reading
    """Runs as they stand, without a worker."""
    desk: Desk
    outputs: OutputStore
    reader: Reader
    shelf: Shelf
    travelling: Travelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What they stand on."""

    keyring: Keyring
    library: Library
    edited: Edited
    far: Far
    gateway: Gateway
    queue: Queue
    """Where what was written is offered for review."""


async def open_pipelines(stack: AsyncExitStack, store: Storehouse, ground: Ground) -> Pipelines:
    """All of it; the worker looks for runs, and loads the engine if there are any."""

    def caller_of(owner: Owner) -> Caller:
        caller = ground.keyring.holder(owner.user_id, owner.key_id)
        if owner.project_id is not None and owner.project_id not in caller.projects:
            raise NotFound(
                "The project is archived, or whoever began this does not work in it any more.",
                code="project_not_found",
            )
        return caller

    asking = Asking(ground.gateway, caller_of, store.new_id, store.clock)
    scorer = packaged_scorer()
    outputs = OutputStore(
        store.database, Content(Seal(store.secret.derive(OUTPUTS))), store.clock, store.new_id
    )
    offered = OfferedOutputs(outputs, ground.queue, store.new_id, store.clock)

    async def saves(owner: Owner, draft: Draft) -> Saved:
        caller_of(owner)  # who is not in the project any more writes nothing into it
        return await offered.save(draft)

    shelf = Shelf(store.database, Content(Seal(store.secret.derive(DOCUMENTS))), store.clock, store.new_id)
    reader = await stack.enter_async_context(Reader())
    asks = StepAsking(asking)
    task_of = partial(_task, ground.library)
    author = Author(asks, scorer, task_of, saves)
    travelling = travelling_of(store, ground.edited, ground.far, asks, caller_of)
    brand_strategy = BrandStrategy(author, asks, partial(_excerpts, shelf))
    cookbook = Cookbook((brand_strategy.recipe, *travelling.recipes))

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

    reading = Reading(store.database, Content(Seal(store.secret.derive(PURPOSE))))
    worker = await stack.enter_async_context(Worker(load, store.database))
    desk = Desk(asking, scorer, task_of, saves)
    return Pipelines(
        reading=reading,
        worker=worker,
        desk=desk,
        outputs=outputs,
        reader=reader,
        shelf=shelf,
        travelling=travelling,
    )


def _task(library: Library, word: str, variables: Mapping[str, str]) -> Task:
    """What a prompt asks for."""
    told = library.version(word).rendered(variables)
    return Task(asked=told.user, given=told.system)


async def _excerpts(shelf: Shelf, project_id: str, documents: tuple[str, ...]) -> tuple[Excerpt, ...]:
    """Of what stands on the shelf; cutting them up is a task for a thread."""
    found = [(await shelf.one(project_id, each)).document for each in documents]
    return await asyncio.to_thread(excerpts_of, found)
