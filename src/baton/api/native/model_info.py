"""`/api/interactions/{id}/model-info`: which model answered, in a few words, for a line below an answer."""

from fastapi import FastAPI
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from baton.access.identity.ownership import Thing, reach
from baton.api.bodies import Shown
from baton.api.callers import ReadingCaller
from baton.core.money import usd_text
from baton.ledger.interactions import Interactions
from baton.ledger.stored import InteractionRow

PATH = "/api/interactions/{interaction_id}/model-info"
ALIAS = "/api/mira/model-info/{interaction_id}"


class ModelInfo(Shown):
    """Who answered, and what it took. `tokens`: prompt and completion; `responseTime`: whole milliseconds;
    `cost`: USD, null where nothing of it is known; `originalProvider`: who was asked first, where another
    model answered.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "interactionId": "019a0b1c-2d3e-7f40-8a51-62738495a6b7",
                    "provider": "openai",
                    "modelName": "gpt-4o-mini",
                    "tokens": 160,
                    "responseTime": 643,
                    "cost": "0.0000381",
                    "wasCached": False,
                    "fallbackUsed": False,
                    "originalProvider": None,
                }
            ]
        },
    )

    interaction_id: str
    provider: str | None
    model_name: str | None
    tokens: int
    response_time: int | None
    cost: str | None
    was_cached: bool
    fallback_used: bool
    original_provider: str | None


class ModelInfoRoutes:
    """Own interactions for everybody; everybody's for admins."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions

    def attach(self, to: FastAPI) -> None:
        """Add the route and its older name."""
        for path in (PATH, ALIAS):
            to.add_api_route(
                path, self.info, methods=["GET"], response_model=ModelInfo, tags=["Interactions"]
            )

    async def info(self, caller: ReadingCaller, interaction_id: str) -> ModelInfo:
        """Which model answered, how long it took and what it cost."""
        found = await self._interactions.one(interaction_id, user_id=reach(caller, Thing.INTERACTION))
        return _shown(found.interaction)


def _shown(row: InteractionRow) -> ModelInfo:
    unknown = row.unpriced and not row.cost_nanos
    return ModelInfo(
        interaction_id=row.id,
        provider=row.provider,
        model_name=row.model,
        tokens=row.prompt_tokens + row.completion_tokens,
        response_time=row.latency_ms,
        cost=None if unknown else usd_text(row.cost_nanos),
        was_cached=row.cache is not None,
        fallback_used=row.fell_back,
        original_provider=row.original_provider,
    )
