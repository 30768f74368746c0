"""`/api/admin/ai/flags`: what Baton does for everybody, for tiers, or for a share of the users."""

from typing import Annotated

from fastapi import FastAPI, Response
from msgspec import structs
from pydantic import ConfigDict, Field, JsonValue

from baton.access.flags.flag import EVERYBODY, Flag
from baton.access.flags.flags import Flags
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.tiers import Tiers
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/flags"
_ONE = PATH + "/{flag}"
_TAG = "Admin: flags"
_EXAMPLE: dict[str, JsonValue] = {"enabled": True, "offForTiers": ["free"], "percentage": 25.0}


class FlagAsked(Asked):
    """What shall change of a flag; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    enabled: bool | None = None
    off_for_tiers: Annotated[
        list[str] | None, Field(max_length=64, description="In place of those before.")
    ] = None
    percentage: Annotated[
        float | None,
        Field(ge=0, le=EVERYBODY, description="Of the users; always the same ones, more when it is raised."),
    ] = None
    description: Annotated[str | None, Field(max_length=500)] = None


class FlagShown(Shown):
    """A flag as it is acted on. `heldBy`: variables of the environment that win over what is set here."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "router_v2",
                "description": "Choose from the whole catalog.",
                **_EXAMPLE,
                "heldBy": [],
                "revision": 2,
            }
        }
    )

    name: str
    description: str
    enabled: bool
    off_for_tiers: list[str]
    percentage: float
    held_by: list[str]
    revision: int


class FlagList(Shown):
    """Every flag there is."""

    flags: list[FlagShown]


class FlagRoutes:
    """The routes; admins only."""

    def __init__(self, records: Records[Flag], flags: Flags, tiers: Tiers) -> None:
        self._records = records
        self._flags = flags
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=FlagList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.change, "PATCH"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=FlagShown, tags=[_TAG])

    async def list(self, _: AdminCaller) -> FlagList:
        """List the flags. A flag is on for whom nothing of it is off."""
        return FlagList(flags=[self._shown(record) for record in self._records.list()])

    async def one(self, _: AdminCaller, flag: str, response: Response) -> FlagShown:
        """One flag; its `ETag` is what a change wants as `If-Match`."""
        return self._told(self._records.get(flag), response)

    async def change(
        self, actor: AdminActor, flag: str, asked: FlagAsked, response: Response, if_match: IfMatch = None
    ) -> FlagShown:
        """Change a flag; it counts from the next request on.

        What the environment holds of it (`ENABLE_MULTI_LLM`, `MULTI_LLM_<TIER>_TIER`, `LLM_ROUTER_VERSION`)
        cannot be changed here: 409.
        """
        record = self._records.get(flag)
        wanted = self._wanted(record.value, asked)
        self._flags.held.check(wanted)
        with guarded():
            put = await self._records.put(wanted, actor, wanted_revision(if_match, record.revision))
        return self._told(put, response)

    async def undo(
        self, actor: AdminActor, flag: str, response: Response, if_match: IfMatch = None
    ) -> FlagShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        record = self._records.get(flag)
        with guarded():
            undone = await self._records.undo(flag, actor, wanted_revision(if_match, record.revision))
        return self._told(undone, response)

    def _wanted(self, before: Flag, asked: FlagAsked) -> Flag:
        """The flag with the change: who changes one thing means the others as they are shown."""
        shown = self._flags.held.over(before)
        tiers = asked.off_for_tiers
        return structs.replace(
            shown,
            enabled=shown.enabled if asked.enabled is None else asked.enabled,
            off_for_tiers=shown.off_for_tiers
            if tiers is None
            else self._tiers.resolve_all(tiers, "off_for_tiers"),
            percentage=shown.percentage if asked.percentage is None else asked.percentage,
            description=shown.description if asked.description is None else asked.description,
        )

    def _told(self, record: Record[Flag], response: Response) -> FlagShown:
        response.headers["etag"] = record.etag
        return self._shown(record)

    def _shown(self, record: Record[Flag]) -> FlagShown:
        flag = self._flags.held.over(record.value)
        return FlagShown(
            name=flag.name,
            description=flag.description,
            enabled=flag.enabled,
            off_for_tiers=sorted(flag.off_for_tiers),
            percentage=flag.percentage,
            held_by=list(self._flags.held.variables(flag.name)),
            revision=record.revision,
        )
