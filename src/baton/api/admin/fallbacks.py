"""`/api/admin/ai/fallback-chains`: who follows a model that fails; `/api/admin/ai/fallbacks`: who does today.

A model's id holds slashes (`provider/name`, and names may hold more); it stands in the path as it is.
"""

from typing import Annotated

from fastapi import FastAPI, Query, Response
from pydantic import ConfigDict, Field

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.chains import MOST_FALLBACKS, FallbackChain, chain_of
from baton.catalog.live import LiveCatalog
from baton.catalog.tiers import Tiers
from baton.gateway.routing.decision import AUTO, Ask
from baton.gateway.routing.outlook import Outlook, Outlooks
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/fallback-chains"
OUTLOOK_PATH = "/api/admin/ai/fallbacks"
_ONE = PATH + "/{model_id:path}"
_TAG = "Admin: reliability"

_Model = Annotated[
    str,
    Query(min_length=1, max_length=255, description="`provider/name`, any other name of it, or `auto`."),
]
_Tier = Annotated[
    str | None, Query(description="For callers of this tier. Left out: those of your own tier.")
]


class ChainAsked(Asked):
    """Any names of models that have a row in the catalog, the first to be asked first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"fallbacks": ["acme/large-2", "acme/small-1"]}},
    )

    fallbacks: Annotated[list[str], Field(min_length=1, max_length=MOST_FALLBACKS)]


class ChainShown(Shown):
    """One model's chain, by ids; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "acme/large-1",
                "fallbacks": ["acme/large-2", "acme/small-1"],
                "revision": 1,
                "deleted": False,
            }
        }
    )

    model: str
    fallbacks: list[str]
    revision: int
    deleted: bool


class ChainList(Shown):
    """All chains, ordered by model."""

    chains: list[ChainShown]


class ProspectShown(Shown):
    """One that would be asked. `chained`: the chain lists it; else it is the router's next best."""

    model: str
    chained: bool


class LeftOutShown(Shown):
    """One that would not, and why."""

    model: str
    reason: str


class OutlookShown(Shown):
    """`next` in the order in which they would be asked; of those left out the chain's first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "acme/large-1",
                "tier": "pro",
                "next": [{"model": "acme/small-1", "chained": True}],
                "leftOut": [{"model": "acme/large-2", "reason": "its breaker is open for 42 s"}],
            }
        }
    )

    model: str
    tier: str
    next: list[ProspectShown]
    left_out: list[LeftOutShown]


class FallbackRoutes:
    """The routes; admins only."""

    def __init__(
        self, chains: Records[FallbackChain], catalog: LiveCatalog, outlooks: Outlooks, tiers: Tiers
    ) -> None:
        self._chains = chains
        self._editing = Editing(chains)
        self._catalog = catalog
        self._outlooks = outlooks
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them; the one with a fixed last word first, the id would swallow it."""
        to.add_api_route(
            OUTLOOK_PATH, self.outlook, methods=["GET"], response_model=OutlookShown, tags=[_TAG]
        )
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=ChainList, tags=[_TAG])
        for path, route, method in (
            (_ONE + "/undo", self.undo, "POST"),
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=ChainShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def outlook(self, caller: AdminCaller, model: _Model, tier: _Tier = None) -> OutlookShown:
        """Tell who would be asked today after a model has failed, in order, and why others are left out.

        For a short chat that needs nothing special; a request's own needs leave out more. A provider that
        is waited for after a 429 or a refused key comes last, which this does not look at.
        """
        asked = caller.tier if tier is None else self._tiers.resolve(tier)
        catalog = self._catalog.current()
        if model != AUTO and not catalog.resolve(model).known:
            raise catalog.unknown(model)
        return _looked(self._outlooks.of(model, Ask(tier=asked)), asked)

    async def list(self, _: AdminCaller) -> ChainList:
        """List every model that has a chain; after all others the router's next best are asked."""
        return ChainList(chains=[_shown(record) for record in self._chains.list()])

    async def one(self, _: AdminCaller, model_id: str, response: Response) -> ChainShown:
        """One model's chain; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(model_id, response))

    async def put(
        self,
        actor: AdminActor,
        model_id: str,
        asked: ChainAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> ChainShown:
        """Set the models that follow one which fails; `If-Match` needed where it has a chain.

        They are asked in this order, before the router's next best, as far as they fit the request. One that
        is retired means what takes its place; one that is deleted, switched off or not configured is passed
        over.
        """
        value = chain_of(self._catalog.current(), model_id, asked.fallbacks)
        return _shown(await self._editing.put(model_id, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, model_id: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a chain away and leave it to the router; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(model_id, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, model_id: str, response: Response, if_match: IfMatch = None
    ) -> ChainShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(model_id, actor, if_match, response))


def _shown(record: Record[FallbackChain]) -> ChainShown:
    value = record.value
    return ChainShown(
        model=value.model,
        fallbacks=list(value.fallbacks),
        revision=record.revision,
        deleted=record.deleted,
    )


def _looked(outlook: Outlook, tier: str) -> OutlookShown:
    return OutlookShown(
        model=outlook.model,
        tier=tier,
        next=[ProspectShown(model=each.id, chained=each.chained) for each in outlook.prospects],
        left_out=[LeftOutShown(model=each.id, reason=each.reason) for each in outlook.left_out],
    )
