"""`/api/admin/ai/routing-weights`: what quality, cost and availability count; who suits which work."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Response
from pydantic import ConfigDict, Field, JsonValue

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.chains import id_of
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Catalog
from baton.core.errors import Invalid
from baton.core.task import TaskType
from baton.gateway.routing.weighing import DEFAULT, Boost, Weighing
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/routing-weights"
_ONE = PATH + "/{name}"
_TAG = "Admin: routing"
_EXAMPLE: dict[str, JsonValue] = {
    "points": [
        {"complexity": 0, "quality": 0.2, "cost": 0.5, "availability": 0.3},
        {"complexity": 1, "quality": 0.6, "cost": 0.1, "availability": 0.3},
    ],
    "priority": 0.25,
    "boosts": [{"task": "coding", "model": "anthropic", "quality": 0.1}],
}

_Share = Annotated[float, Field(ge=0, le=1)]


class PointAsked(Asked):
    """The weights at one complexity; the three add up to 1."""

    complexity: _Share
    quality: _Share
    cost: _Share
    availability: _Share


class BoostAsked(Asked):
    """How much better than its row says a provider, or one model of it, is at some work."""

    task: TaskType
    model: Annotated[str, Field(min_length=1, max_length=255)]
    quality: Annotated[float, Field(ge=-1, le=1)]


class WeightsAsked(Asked):
    """All of it; between two points weights lie between those of both."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    points: Annotated[tuple[PointAsked, ...], Field(min_length=1, max_length=11)]
    priority: Annotated[
        float, Field(ge=0, le=1, description="How far a model's priority can move its score, up or down.")
    ] = 0.25
    boosts: Annotated[tuple[BoostAsked, ...], Field(max_length=200)] = ()


class WeightsShown(WeightsAsked, Shown):
    """A profile's weights, or the default ones; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": DEFAULT, **_EXAMPLE, "revision": 1, "deleted": False}}
    )

    name: str
    revision: int
    deleted: bool


class WeightsList(Shown):
    """All that there are."""

    weights: list[WeightsShown]


class RoutingWeightRoutes:
    """The routes; admins only."""

    def __init__(self, weights: Records[Weighing], catalog: LiveCatalog) -> None:
        self._weights = weights
        self._catalog = catalog
        self._editing = Editing(weights)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=WeightsList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=WeightsShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> WeightsList:
        """List the default weights, and those of profiles that have their own."""
        return WeightsList(weights=[_shown(record) for record in self._weights.list()])

    async def one(self, _: AdminCaller, name: str, response: Response) -> WeightsShown:
        """One of them: `default`, or a profile's; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(name, response))

    async def put(
        self,
        actor: AdminActor,
        name: str,
        asked: WeightsAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> WeightsShown:
        """Set the default weights, or a profile's own; they count from the next request on."""
        value = weighing_asked(self._catalog.current(), name, asked)
        return _shown(await self._editing.put(name, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a profile's own weights away; the default ones can be changed, not taken away."""
        if name == DEFAULT:
            raise Invalid("The default weights can be changed, or undone, but not taken away.", param="name")
        await self._editing.delete(name, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, name: str, response: Response, if_match: IfMatch = None
    ) -> WeightsShown:
        """Go back to how they were before their current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(name, actor, if_match, response))


def weighing_asked(catalog: Catalog, name: str, asked: WeightsAsked) -> Weighing:
    """The weights that a body means.

    Raises:
        Invalid: a boost names neither a provider nor a model that has a row.
    """
    body = asked.model_dump(by_alias=True, mode="json", exclude={"name"})
    value = msgspec.convert({"name": name, **body}, Weighing)
    return msgspec.structs.replace(value, boosts=tuple(_known(catalog, boost) for boost in value.boosts))


def _known(catalog: Catalog, boost: Boost) -> Boost:
    """The same with its provider or model by its own name."""
    spec = catalog.provider(boost.model)
    name = id_of(catalog, "boosts", boost.model) if spec is None else spec.name
    return msgspec.structs.replace(boost, model=name)


def _shown(record: Record[Weighing]) -> WeightsShown:
    fields = msgspec.to_builtins(record.value)
    return WeightsShown.model_validate({**fields, "revision": record.revision, "deleted": record.deleted})
