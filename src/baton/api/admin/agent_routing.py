"""`/api/admin/ai/agent-routing`: which model serves each agent, and what it asks for by itself."""

from typing import Annotated

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
from baton.gateway.routing.rules.agents import AgentRouting, Choice
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/agent-routing"
_ONE = PATH + "/{agent}"
_TAG = "Admin: routing"
_EXAMPLE: dict[str, JsonValue] = {
    "choice": "cheap",
    "provider": "xai",
    "model": None,
    "temperature": 0.3,
    "maxTokens": 1500,
    "fallback": True,
    "isEnabled": True,
}


class RoutingAsked(Asked):
    """The whole routing of an agent."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    choice: Annotated[
        Choice, Field(description="A class of the provider's, the cheapest that fits, or one model.")
    ] = Choice.DEFAULT
    provider: Annotated[str | None, Field(max_length=64, description="By name or alias.")] = None
    model: Annotated[
        str | None, Field(max_length=256, description="With the choice `model`: any name of one.")
    ] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    fallback: Annotated[bool, Field(description="Whether another model is asked when it fails.")] = True
    is_enabled: bool = True


class RoutingShown(Shown):
    """An agent's; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"agent": "research", **_EXAMPLE, "revision": 1, "deleted": False}}
    )

    agent: str
    choice: Choice
    provider: str | None
    model: str | None
    temperature: float | None
    max_tokens: int | None
    fallback: bool
    is_enabled: bool
    held_by_environment: str | None
    """The provider that a setting says, whatever is set here."""
    revision: int
    deleted: bool


class RoutingList(Shown):
    """All agents that have any."""

    agents: list[RoutingShown]


class AgentRoutingRoutes:
    """The routes; admins only."""

    def __init__(self, agents: Records[AgentRouting], catalog: LiveCatalog, held: dict[str, str]) -> None:
        """`held`: providers by agent, as the environment says them."""
        self._agents = agents
        self._editing = Editing(agents)
        self._catalog = catalog
        self._held = held

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=RoutingList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=RoutingShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> RoutingList:
        """List every agent's routing: it counts for requests that name the agent and no model."""
        return RoutingList(agents=[self._shown(record) for record in self._agents.list()])

    async def one(self, _: AdminCaller, agent: str, response: Response) -> RoutingShown:
        """One agent's routing; its `ETag` is what a change wants as `If-Match`."""
        return self._shown(self._editing.one(agent, response))

    async def put(
        self,
        actor: AdminActor,
        agent: str,
        asked: RoutingAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> RoutingShown:
        """Set an agent's routing; `If-Match` needed where it has one."""
        value = self._value(agent, asked)
        return self._shown(await self._editing.put(agent, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, agent: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take an agent's routing away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(agent, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, agent: str, response: Response, if_match: IfMatch = None
    ) -> RoutingShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return self._shown(await self._editing.undo(agent, actor, if_match, response))

    def _value(self, agent: str, asked: RoutingAsked) -> AgentRouting:
        return routing_asked(self._catalog.current(), agent, asked)

    def _shown(self, record: Record[AgentRouting]) -> RoutingShown:
        routing = record.value
        return RoutingShown(
            agent=routing.agent,
            choice=routing.choice,
            provider=routing.provider,
            model=routing.model,
            temperature=routing.temperature,
            max_tokens=routing.max_tokens,
            fallback=routing.fallback,
            is_enabled=routing.is_enabled,
            held_by_environment=self._held.get(routing.agent),
            revision=record.revision,
            deleted=record.deleted,
        )


def routing_asked(catalog: Catalog, agent: str, asked: RoutingAsked) -> AgentRouting:
    """The routing that a body means.

    Raises:
        Invalid: there is no such provider, or a name means no model that has a row.
    """
    provider = None
    if asked.provider is not None:
        spec = catalog.provider(asked.provider)
        if spec is None:
            raise Invalid(f"There is no provider '{asked.provider[:80]}'.", param="provider")
        provider = spec.name
    return AgentRouting(
        agent=agent,
        choice=asked.choice,
        provider=provider,
        model=None if asked.model is None else id_of(catalog, "model", asked.model),
        temperature=asked.temperature,
        max_tokens=asked.max_tokens,
        fallback=asked.fallback,
        is_enabled=asked.is_enabled,
    )
