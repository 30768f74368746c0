"""`/api/interactions`: what was asked, which model answered, how long it took, what it cost."""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import Field
from starlette.responses import Response

from baton.access.identity.ownership import Thing, reach, reach_of
from baton.api.bodies import Asked, Shown, milliseconds
from baton.api.callers import ReadingCaller
from baton.api.native.interaction_shown import (
    InteractionDetail,
    InteractionShown,
    interaction_detail,
    interaction_shown,
)
from baton.api.paging import Cursor, Limit
from baton.core.caller import Caller
from baton.core.errors import Forbidden
from baton.ledger.filter import Filter
from baton.ledger.interactions import Interactions
from baton.quality.queue.store import Queue

PATH = "/api/interactions"
_TAG = "Interactions"


class InteractionList(Shown):
    """A page, newest first."""

    interactions: list[InteractionShown]
    next_cursor: str | None


class Wanted(Asked):
    """Which interactions are asked for; a word that means nothing here is refused, or it would find all."""

    user: Annotated[str | None, Field(description="A user's id; admins and analysts only.")] = None
    provider: Annotated[str | None, Field(description="Who served it.")] = None
    model: Annotated[str | None, Field(description="The model that served it, or was asked for.")] = None
    status: Annotated[str | None, Field(description="`ok`, `cancelled`, or an error's code.")] = None
    key: Annotated[str | None, Field(description="The id of the key it was asked with.")] = None
    use_case: str | None = None
    agent: str | None = None
    project: str | None = None
    session: str | None = None
    type: Annotated[
        str | None, Field(description="The interaction type: `chat`, `insight`, `embeddings`, …")
    ] = None
    prompt: Annotated[str | None, Field(description="The prompt it was served with, `name@version`.")] = None
    persona: str | None = None
    tag: Annotated[
        list[str] | None,
        Field(max_length=32, description="`key=value`, or `key` with any value; several: all of them."),
    ] = None
    since: Annotated[datetime | None, Field(description="Inclusive; RFC 3339.")] = None
    until: Annotated[datetime | None, Field(description="Exclusive; RFC 3339.")] = None
    limit: Limit = 50
    cursor: Cursor = None

    def of(self, caller: Caller) -> Filter:
        """Those of them that a caller may see.

        Raises:
            NotFound: somebody else's are asked for.
            Forbidden: somebody else's are to be found by what an analyst is not shown of them.
        """
        whose = reach_of(caller, Thing.USAGE, self.user)
        if (self.session is not None or self.tag) and reach(caller, Thing.INTERACTION) not in (None, whose):
            raise Forbidden(
                "Analysts see neither sessions nor tags of others: name yourself as the `user`.",
                code="admin_required",
            )
        return Filter(
            user_id=whose,
            provider=self.provider,
            model=self.model,
            status=self.status,
            key_id=self.key,
            use_case=self.use_case,
            agent=self.agent,
            project=self.project,
            session=self.session,
            type=self.type,
            prompt=self.prompt,
            persona=self.persona,
            tags=tuple(self.tag or ()),
            since_ms=None if self.since is None else milliseconds(self.since),
            until_ms=None if self.until is None else milliseconds(self.until),
        )


class InteractionRoutes:
    """Own interactions for everybody; everybody's for admins, and their outlines for analysts."""

    def __init__(self, interactions: Interactions, queue: Queue) -> None:
        self._interactions = interactions
        self._queue = queue

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        to.add_api_route(PATH, self.page, methods=["GET"], response_model=InteractionList, tags=[_TAG])
        to.add_api_route(
            PATH + "/{interaction_id}",
            self.one,
            methods=["GET"],
            response_model=InteractionDetail,
            tags=[_TAG],
        )

    async def page(
        self,
        caller: ReadingCaller,
        wanted: Annotated[Wanted, Query()],
    ) -> Response:
        """List interactions, newest first."""
        own = reach(caller, Thing.INTERACTION)
        found = await self._interactions.page(wanted.of(caller), limit=wanted.limit, cursor=wanted.cursor)
        page = InteractionList(
            interactions=[
                interaction_shown(each, whole=own in (None, each.interaction.user_id)) for each in found.items
            ],
            next_cursor=found.next_cursor,
        )
        # Written here, or the framework would check 500 of them once more while nobody else is served.
        return Response(page.model_dump_json(by_alias=True), media_type="application/json")

    async def one(self, caller: ReadingCaller, interaction_id: str) -> InteractionDetail:
        """One interaction and the attempts it took."""
        whose = reach(caller, Thing.INTERACTION)
        found = await self._interactions.one(interaction_id, user_id=whose)
        assessed = await self._queue.of_interactions([interaction_id])
        return interaction_detail(found, assessed.get(interaction_id))
