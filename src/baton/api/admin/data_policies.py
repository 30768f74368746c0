"""`/api/admin/ai/data-policies`: what becomes of what each provider is sent, as admins state it."""

from typing import Annotated

from fastapi import FastAPI, Response
from pydantic import ConfigDict, Field, StrictBool

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.data_policy import MOST_DAYS, DataPolicies, DataPolicy
from baton.core.data_needs import REGION_PATTERN
from baton.core.errors import NotFound
from baton.records.kind import Record
from baton.records.store import Records
from baton.upstream.directory import Directory, Provider

PATH = "/api/admin/ai/data-policies"
_ONE = PATH + "/{provider}"
_TAG = "Admin: data policies"


class DataPolicyAsked(Asked):
    """A provider's, whole. What is left out, or null, is not stated, and nobody relies on it.

    `local`: it runs on machines of the house; `retentionDays`: how long it keeps what it is sent, 0: not at
    all; `agreementSigned`: a data processing agreement; `region`: where all of it is processed and kept.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "trainsOnData": False,
                "retentionDays": 30,
                "agreementSigned": True,
                "region": "eu",
            },
        }
    )

    local: StrictBool = False
    trains_on_data: StrictBool | None = None
    retention_days: Annotated[int | None, Field(ge=0, le=MOST_DAYS)] = None
    agreement_signed: StrictBool = False
    region: Annotated[str | None, Field(pattern=f"^{REGION_PATTERN}$")] = None


class DataPolicyShown(Shown):
    """One provider's, as it is in force. `stated`: an admin has. `revision` is what a change wants as
    `If-Match`; null: it has none yet."""

    provider: str
    configured: bool
    stated: bool
    local: bool
    trains_on_data: bool | None
    retention_days: int | None
    agreement_signed: bool
    region: str | None
    revision: int | None


class DataPolicyList(Shown):
    """All providers, by name."""

    policies: list[DataPolicyShown]


class DataPolicyRoutes:
    """The routes; admins only."""

    def __init__(self, stated: Records[DataPolicy], policies: DataPolicies, directory: Directory) -> None:
        self._stated = stated
        self._editing = Editing(stated)
        self._policies = policies
        self._providers = {provider.name: provider for provider in directory}

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=DataPolicyList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=DataPolicyShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> DataPolicyList:
        """List every provider's; requests and projects that require one are served by nobody else."""
        names = sorted(self._providers)
        return DataPolicyList(policies=[self._shown(name, self._stated.snapshot.get(name)) for name in names])

    async def one(self, _: AdminCaller, provider: str, response: Response) -> DataPolicyShown:
        """One provider's; its `ETag` is what a change wants as `If-Match`."""
        name = self._known(provider).name
        record = self._stated.snapshot.get(name)
        if record is not None:
            response.headers["etag"] = record.etag
        return self._shown(name, record)

    async def put(
        self,
        actor: AdminActor,
        provider: str,
        asked: DataPolicyAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> DataPolicyShown:
        """State a provider's, in force in all processes within a second; `If-Match` needed where one is."""
        name = self._known(provider).name
        value = DataPolicy(provider=name, **asked.model_dump())
        return self._shown(name, await self._editing.put(name, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, provider: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take it back: nothing is stated of the provider any more. `undo` with this answer's `ETag` undoes
        that."""
        await self._editing.delete(self._known(provider).name, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, provider: str, response: Response, if_match: IfMatch = None
    ) -> DataPolicyShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        name = self._known(provider).name
        return self._shown(name, await self._editing.undo(name, actor, if_match, response))

    def _known(self, word: str) -> Provider:
        provider = self._providers.get(word)
        if provider is None:
            raise NotFound(f"There is no provider '{word[:80]}'.")
        return provider

    def _shown(self, name: str, record: Record[DataPolicy] | None) -> DataPolicyShown:
        stated = record is not None and not record.deleted
        value = record.value if record is not None and stated else self._policies.of(name)
        return DataPolicyShown(
            provider=name,
            configured=self._providers[name].configured,
            stated=stated,
            local=value.local,
            trains_on_data=value.trains_on_data,
            retention_days=value.retention_days,
            agreement_signed=value.agreement_signed,
            region=value.region,
            revision=None if record is None else record.revision,
        )
