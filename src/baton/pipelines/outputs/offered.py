"""Outputs that are kept, and offered for review with what was said of them."""

from collections.abc import Callable
from contextlib import suppress

from msgspec import structs

from baton.core.clock import Clock
from baton.core.errors import Conflict
from baton.pipelines.outputs.output import Draft, Saved
from baton.pipelines.outputs.store import OutputStore
from baton.quality.assessment import Assessment
from baton.quality.assessor import item_of
from baton.quality.queue.item import Examined, Item
from baton.quality.queue.store import Queue


class OfferedOutputs:
    """Keeps both."""

    def __init__(self, outputs: OutputStore, queue: Queue, new_id: Callable[[], str], clock: Clock) -> None:
        self._outputs = outputs
        self._queue = queue
        self._new_id = new_id
        self._clock = clock

    async def save(self, draft: Draft) -> Saved:
        """Keep what a model wrote, once, and what was said of it. What a person has changed before is not
        offered: it is not the model's any more.

        Raises:
            Unavailable: the database is away.
        """
        saved = await self._outputs.save(draft)
        if draft.said is not None and not draft.edited:
            with suppress(Conflict):  # done again after a death in between
                await self._queue.add(self._item(draft, draft.said))
        return saved

    def _item(self, draft: Draft, said: Assessment) -> Item:
        call = draft.call
        examined = Examined(
            user_id=draft.by,
            interaction_id=call.interaction,
            run_id=draft.run_id,
            step=draft.kind,
            project=draft.project_id,
            use_case=draft.kind,
            provider=call.provider,
            model=call.model,
            prompt=call.prompt,
        )
        item = item_of(self._new_id(), int(self._clock.wall() * 1000), examined, said)
        return structs.replace(item, unpriced=True)  # what its judge cost stands with the run
