"""`GET /v1/models`: what this key may use, in OpenAI's shape."""

from datetime import UTC, datetime, time
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel

from baton.api.callers import KnownCaller
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.core.caller import Caller
from baton.core.errors import NotFound
from baton.gateway.routing.decision import AUTO
from baton.upstream.directory import Directory

_TAG = "OpenAI-compatible"
_OWNER_OF_AUTO = "baton"


class ModelShown(BaseModel):
    """A model as OpenAI's SDKs read it. `created`: Unix seconds, 0 where nobody said."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[ModelShown]


class CompatModels:
    """Models of the caller's tier whose provider is configured, and `auto`."""

    def __init__(self, catalog: LiveCatalog, directory: Directory) -> None:
        self._catalog = catalog
        self._directory = directory

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        shape: dict[str, Any] = {"methods": ["GET"], "tags": [_TAG]}
        to.add_api_route("/v1/models", self.all, response_model=ModelList, **shape)
        to.add_api_route("/v1/models/{model_id:path}", self.one, response_model=ModelShown, **shape)

    async def all(self, caller: KnownCaller) -> ModelList:
        """The models that this key may use; `auto` leaves the choice to Baton."""
        configured = self._directory.configured
        offers = self._catalog.current().offers
        usable = [_shown(offer) for offer in offers if _usable(offer, caller, configured)]
        return ModelList(data=[_auto(), *usable])

    async def one(self, caller: KnownCaller, model_id: str) -> ModelShown:
        """One of them, by its id or any of its names."""
        if model_id == AUTO:
            return _auto()
        found = self._catalog.current().resolve(model_id)
        if not found.known or not _usable(found.offer, caller, self._directory.configured):
            raise NotFound(
                f"This key may use no model '{model_id[:80]}'.", code="model_not_found", param="model"
            )
        return _shown(found.offer)


def _usable(offer: Offer, caller: Caller, configured: frozenset[str]) -> bool:
    model = offer.model
    return (
        model.is_enabled
        and not offer.retired
        and caller.tier in model.tier_access
        and model.provider in configured
    )


def _shown(offer: Offer) -> ModelShown:
    released = offer.model.release_date
    created = 0 if released is None else int(datetime.combine(released, time(), UTC).timestamp())
    return ModelShown(id=offer.id, created=created, owned_by=offer.model.provider)


def _auto() -> ModelShown:
    return ModelShown(id=AUTO, created=0, owned_by=_OWNER_OF_AUTO)
