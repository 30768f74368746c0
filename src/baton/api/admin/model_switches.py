"""`POST /api/admin/ai/models/bulk`: every model of a provider, switched on or off at once."""

from fastapi import FastAPI
from msgspec.structs import replace
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from baton.api.admin.models import PATH
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor
from baton.catalog.model import Model
from baton.core.errors import NotFound
from baton.records.store import Records


class SwitchAsked(Asked):
    """Which provider's models shall be on or off; `dryRun`: only tell what would change."""

    model_config = ConfigDict(
        alias_generator=to_camel, json_schema_extra={"example": {"provider": "openai", "isEnabled": False}}
    )

    provider: str
    is_enabled: bool
    dry_run: bool = False


class Switched(Shown):
    """Models that were otherwise before, by id, and how many were so already."""

    provider: str
    is_enabled: bool
    dry_run: bool
    changed: list[str]
    unchanged: int


class ModelSwitches:
    """The route; admins only."""

    def __init__(self, models: Records[Model]) -> None:
        self._models = models

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(
            PATH + "/bulk", self.switch, methods=["POST"], response_model=Switched, tags=["Admin: models"]
        )

    async def switch(self, actor: AdminActor, asked: SwitchAsked) -> Switched:
        """Switch all models of a provider on or off, all or nothing; each change can be undone by itself."""
        theirs = sum(record.value.provider == asked.provider for record in self._models.list())
        if not theirs:
            raise NotFound(f"There is no model of a provider '{asked.provider[:80]}'.")

        def switched(model: Model) -> Model:
            if model.provider != asked.provider:
                return model
            return replace(model, is_enabled=asked.is_enabled)

        changed = await self._models.change_all(switched, actor, dry_run=asked.dry_run)
        return Switched(
            provider=asked.provider,
            is_enabled=asked.is_enabled,
            dry_run=asked.dry_run,
            changed=list(changed),
            unchanged=max(0, theirs - len(changed)),
        )
