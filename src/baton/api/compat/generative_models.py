"""`GET /v1beta/models`: what this key may use, as Google's clients read it."""

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from starlette.exceptions import HTTPException
from starlette.routing import Route

from baton.api.callers import KnownCaller
from baton.api.compat.generation import PREFIX, PREFIXES
from baton.api.compat.generative_shapes import (
    GenerativeModel,
    GenerativePage,
    generative,
    leaf,
    unnamed,
)
from baton.api.permitted import Permitted
from baton.core.errors import NotFound
from baton.gateway.routing.decision import AUTO
from baton.upstream.dialects.google.codec import VERBS

_TAG = "Google-compatible"
_Size = Annotated[int, Query(alias="pageSize", description="Models per page; at most 1000.")]
_Token = Annotated[str, Query(alias="pageToken", max_length=500, description="Of the page before.")]


class GenerativeModels:
    """The routes."""

    def __init__(self, models: Permitted) -> None:
        self._models = models

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        shape: dict[str, Any] = {
            "methods": ["GET"],
            "tags": [_TAG],
            "response_model_exclude_none": True,
            "response_model_by_alias": True,
        }
        to.add_api_route(PREFIX.rstrip("/"), self.all, response_model=GenerativePage, **shape)
        to.add_api_route(PREFIX + "{model_id:path}", self.one, response_model=GenerativeModel, **shape)
        # Served before it gets here, where the verb is one of ours.
        for prefix in PREFIXES:
            to.router.routes.append(Route(prefix + "{path:path}", _unserved, methods=["POST"]))

    async def all(
        self, caller: KnownCaller, page_size: _Size = 50, page_token: _Token = ""
    ) -> GenerativePage:
        """The models that this key may use, in pages; `models/auto` leaves the choice to Baton."""
        shown = [unnamed(AUTO), *map(generative, self._models.usable(caller))]
        return leaf(shown, page_size, page_token)

    async def one(self, caller: KnownCaller, model_id: str) -> GenerativeModel:
        """One of them, by its id or any of its names."""
        if model_id.endswith(VERBS):
            raise HTTPException(405)
        return unnamed(AUTO) if model_id == AUTO else generative(self._models.named(caller, model_id))


async def _unserved(request: Request) -> None:
    raise NotFound(
        f"There is no {request.url.path}: below {PREFIX} models answer {', '.join(VERBS)}; "
        "embeddings are made at /v1/embeddings.",
        code="no_such_route",
    )
