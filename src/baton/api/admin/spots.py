"""`/api/admin/spots`: verified places that trips are made with."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Body, FastAPI, Path, Query, Response
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, page
from baton.api.problems import Mistaken, Wrong
from baton.core.errors import Invalid
from baton.pipelines.itinerary.plan import bare
from baton.pipelines.itinerary.spot_table import MOST_ROWS, Read, read_csv, read_rows, written_csv
from baton.pipelines.itinerary.spots import MOST_LANGUAGES, Coordinates, Spot
from baton.pipelines.itinerary.wish import MOST_LOCAL
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/spots"
_ONE = PATH + "/{spot}"
_TAG = "Admin: itineraries"
_MOST_CSV_CHARS = 10_000_000
_MOST_TOLD = 100
"""Rows that are named where many are wrong."""

Key = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
_Languages = Annotated[dict[str, str], Field(max_length=MOST_LANGUAGES)]


class CoordinatesBody(Asked):
    """A point on earth, WGS 84, in degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class SpotAsked(Asked):
    """A place, whole. `names` and `addresses` by language; `localness`: 1 a famous sight, 6 where only locals
    go; `source`: who says so; `placeId`: in a directory of places."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "city": "Lisbon",
                "names": {"en": "Estrela Garden", "pt": "Jardim da Estrela"},
                "addresses": {"pt": "Praça da Estrela"},
                "category": "park",
                "localness": 3,
                "coordinates": {"lat": 38.714, "lon": -9.16},
                "source": "Visited in May",
            }
        },
    )

    city: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    names: _Languages
    addresses: Annotated[_Languages, Field(default_factory=dict)]
    category: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    localness: Annotated[int, Field(ge=1, le=MOST_LOCAL)]
    place_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    hours: Annotated[str, StringConstraints(max_length=500)] | None = None
    coordinates: CoordinatesBody | None = None
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    sample: bool = False


class SpotShown(Shown):
    """One place; `revision` is what a change wants as `If-Match`. `sample`: it came with Baton, from general
    knowledge."""

    id: str
    city: str
    names: dict[str, str]
    addresses: dict[str, str]
    category: str
    localness: int
    place_id: str | None
    hours: str | None
    coordinates: dict[str, float] | None
    source: str
    sample: bool
    revision: int
    deleted: bool


class SpotList(Shown):
    """A page, by id."""

    spots: list[SpotShown]
    next_cursor: str | None


class SpotImport(Asked):
    """Places to put over what is there, as `spots` or as the text of a `csv`; those not named stay."""

    spots: Annotated[list[dict[str, Any]] | None, Field(max_length=MOST_ROWS)] = None
    csv: Annotated[str, StringConstraints(max_length=_MOST_CSV_CHARS)] | None = None
    dry_run: Annotated[bool, Field(description="Only tell what would happen.")] = False


class SpotDifference(Shown):
    """What an import did, or would do: how many places of each."""

    created: int
    changed: int
    unchanged: int
    dry_run: bool


class SpotRoutes:
    """The routes; admins only."""

    def __init__(self, spots: Records[Spot]) -> None:
        self._spots = spots
        self._editing = Editing(spots)

    def attach(self, to: FastAPI) -> None:
        """Add them; fixed words first, as an id would swallow them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=SpotList, tags=[_TAG])
        to.add_api_route(
            PATH + "/export",
            self.export,
            methods=["GET"],
            tags=[_TAG],
            response_model=None,
            responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
        )
        to.add_api_route(
            PATH + "/import", self.take_over, methods=["POST"], response_model=SpotDifference, tags=[_TAG]
        )
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=SpotShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(
        self,
        _: AdminCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        city: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    ) -> SpotList:
        """List places, of one city where it is named."""
        wanted = None if city is None else bare(city)
        found = [each for each in self._spots.list() if wanted in (None, bare(each.value.city))]
        found.sort(key=lambda record: record.key)
        shown, following = page(found, lambda record: record.key, limit, cursor)
        return SpotList(spots=[_shown(record) for record in shown], next_cursor=following)

    async def export(self, _: AdminCaller, format: Literal["json", "csv"] = "json") -> Response:
        """Every place, as import takes them."""
        spots = self._spots.export()
        if format == "csv":
            return Response(written_csv(spots), media_type="text/csv; charset=utf-8")
        return Response(msgspec.json.encode({"spots": spots}), media_type="application/json")

    async def take_over(self, actor: AdminActor, asked: Annotated[SpotImport, Body()]) -> SpotDifference:
        """Put places over what is there, all or nothing; every row that is wrong is named."""
        match asked:
            case SpotImport(spots=list() as rows, csv=None):
                values = _right(read_rows(rows), "spots")
            case SpotImport(spots=None, csv=str() as text):
                values = _right(read_csv(text), "csv")
            case _:
                raise Invalid("Say either spots or csv.", param="spots")
        diff = await self._spots.import_all(values, actor, dry_run=asked.dry_run)
        return SpotDifference(
            created=len(diff.created),
            changed=len(diff.changed),
            unchanged=len(diff.unchanged),
            dry_run=asked.dry_run,
        )

    async def one(self, _: AdminCaller, spot: Key, response: Response) -> SpotShown:
        """One place; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(spot, response))

    async def put(
        self, actor: AdminActor, spot: Key, asked: SpotAsked, response: Response, if_match: IfMatch = None
    ) -> SpotShown:
        """Set a place, for trips that begin from now on; `If-Match` needed where there is one."""
        said = asked.model_dump(exclude={"coordinates"})
        point = None if asked.coordinates is None else Coordinates(**asked.coordinates.model_dump())
        value = Spot(id=spot, coordinates=point, **said)
        return _shown(await self._editing.put(spot, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, spot: Key, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a place away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(spot, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, spot: Key, response: Response, if_match: IfMatch = None
    ) -> SpotShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(spot, actor, if_match, response))


def _right(read: Read, field: str) -> tuple[Spot, ...]:
    """Raises `Mistaken` with every row that is wrong, up to a hundred."""
    if read.wrong:
        raise Mistaken(
            [
                Wrong(f"{field}[{wrong.row}]" + (f".{wrong.field}" if wrong.field else ""), wrong.message)
                for wrong in read.wrong[:_MOST_TOLD]
            ]
        )
    return read.spots


def _shown(record: Record[Spot]) -> SpotShown:
    value = record.value
    point = value.coordinates
    return SpotShown(
        id=value.id,
        city=value.city,
        names=value.names,
        addresses=value.addresses,
        category=value.category,
        localness=value.localness,
        place_id=value.place_id,
        hours=value.hours,
        coordinates=None if point is None else {"lat": point.lat, "lon": point.lon},
        source=value.source,
        sample=value.sample,
        revision=record.revision,
        deleted=record.deleted,
    )
