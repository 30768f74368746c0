"""`/api/admin/ai/tiers`: how often the users of each tier may ask, and for how much."""

from typing import Annotated

from fastapi import Body, FastAPI, Response
from pydantic import ConfigDict, Field, JsonValue

from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.tiers import MOST_RETRIES, Tier, Tiers
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/tiers"
_ONE = PATH + "/{tier}"
_TAG = "Admin: users"
_FIGURES: dict[str, JsonValue] = {
    "requestsPerMinute": 50,
    "tokensPerMinute": 200000,
    "requestsPerDay": None,
    "tokensPerDay": None,
    "itinerariesPerMonth": 20,
    "retries": 2,
}

_Most = Annotated[
    int | None, Field(ge=1, le=1_000_000_000_000, description="For each user; null or left out: no limit.")
]
_Retries = Annotated[
    int,
    Field(ge=0, le=MOST_RETRIES, description="Where neither `BATON_RETRIES`, model nor request says it."),
]


class TierAsked(Asked):
    """All figures of a tier; what is left out has no limit."""

    model_config = ConfigDict(json_schema_extra={"example": _FIGURES})

    requests_per_minute: _Most = None
    tokens_per_minute: _Most = None
    requests_per_day: _Most = None
    tokens_per_day: _Most = None
    itineraries_per_month: _Most = None
    retries: _Retries


class NamedTier(TierAsked):
    """A tier as export gives it and import takes it."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "pro", **_FIGURES}})

    name: str


class TierShown(Shown):
    """One tier; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "pro", **_FIGURES, "revision": 1}})

    name: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    requests_per_day: int | None
    tokens_per_day: int | None
    itineraries_per_month: int | None
    retries: int
    revision: int


class TierList(Shown):
    """All of them, the lowest first."""

    tiers: list[TierShown]


class TierExport(Shown):
    """All of them, as import takes them."""

    tiers: list[NamedTier]


class TierImport(Asked):
    """Tiers to put over what is there; those not named stay as they are."""

    tiers: list[NamedTier]
    dry_run: Annotated[bool, Field(description="Only tell what would happen.")] = False


class TierDifference(Shown):
    """What an import changed, or would change: names of tiers."""

    changed: list[str]
    dry_run: bool


class TierRoutes:
    """The routes; admins only."""

    def __init__(self, records: Records[Tier], tiers: Tiers) -> None:
        self._records = records
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=TierList, tags=[_TAG])
        to.add_api_route(
            PATH + "/export", self.export, methods=["GET"], response_model=TierExport, tags=[_TAG]
        )
        to.add_api_route(
            PATH + "/import", self.take_over, methods=["POST"], response_model=TierDifference, tags=[_TAG]
        )
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=TierShown, tags=[_TAG])

    async def list(self, _: AdminCaller) -> TierList:
        """List every tier with its limits."""
        found = self._records.snapshot
        return TierList(tiers=[_shown(found[name]) for name in self._tiers.names if name in found])

    async def export(self, _: AdminCaller) -> TierExport:
        """Every tier, as import takes them."""
        return TierExport(tiers=[_named(tier) for tier in self._records.export()])

    async def take_over(self, actor: AdminActor, asked: Annotated[TierImport, Body()]) -> TierDifference:
        """Put tiers over what is there, all or nothing."""
        values = [
            _tier(self._tiers.resolve(each.name, f"tiers[{place}].name"), each)
            for place, each in enumerate(asked.tiers)
        ]
        diff = await self._records.import_all(values, actor, dry_run=asked.dry_run)
        return TierDifference(changed=[each.key for each in diff.effective], dry_run=asked.dry_run)

    async def one(self, _: AdminCaller, tier: str, response: Response) -> TierShown:
        """One tier, by any of its names; its `ETag` is what a change wants as `If-Match`."""
        record = self._records.get(self._tiers.find(tier))
        response.headers["etag"] = record.etag
        return _shown(record)

    async def put(
        self, actor: AdminActor, tier: str, asked: TierAsked, response: Response, if_match: IfMatch = None
    ) -> TierShown:
        """Set a tier's limits; they hold from the next request on, and what was asked before counts."""
        record = self._records.get(self._tiers.find(tier))
        with guarded():
            put = await self._records.put(
                _tier(record.key, asked), actor, wanted_revision(if_match, record.revision)
            )
        response.headers["etag"] = put.etag
        return _shown(put)

    async def undo(
        self, actor: AdminActor, tier: str, response: Response, if_match: IfMatch = None
    ) -> TierShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        record = self._records.get(self._tiers.find(tier))
        with guarded():
            undone = await self._records.undo(record.key, actor, wanted_revision(if_match, record.revision))
        response.headers["etag"] = undone.etag
        return _shown(undone)


def _tier(name: str, asked: TierAsked) -> Tier:
    return Tier(
        name=name,
        requests_per_minute=asked.requests_per_minute,
        tokens_per_minute=asked.tokens_per_minute,
        requests_per_day=asked.requests_per_day,
        tokens_per_day=asked.tokens_per_day,
        itineraries_per_month=asked.itineraries_per_month,
        retries=asked.retries,
    )


def _named(tier: Tier) -> NamedTier:
    return NamedTier.model_validate(
        {
            "name": tier.name,
            "requestsPerMinute": tier.requests_per_minute,
            "tokensPerMinute": tier.tokens_per_minute,
            "requestsPerDay": tier.requests_per_day,
            "tokensPerDay": tier.tokens_per_day,
            "itinerariesPerMonth": tier.itineraries_per_month,
            "retries": tier.retries,
        }
    )


def _shown(record: Record[Tier]) -> TierShown:
    tier = record.value
    return TierShown(
        name=tier.name,
        requests_per_minute=tier.requests_per_minute,
        tokens_per_minute=tier.tokens_per_minute,
        requests_per_day=tier.requests_per_day,
        tokens_per_day=tier.tokens_per_day,
        itineraries_per_month=tier.itineraries_per_month,
        retries=tier.retries,
        revision=record.revision,
    )
