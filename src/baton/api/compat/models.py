"""`GET /v1/models`: what this key may use, in the shape of the dialect that the request's headers speak."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from baton.api.callers import KnownCaller
from baton.api.compat.generative_shapes import GenerativeModel, GenerativePage, generative, leaf, unnamed
from baton.api.compat.model_shapes import (
    ModelInfo,
    ModelList,
    ModelPage,
    ModelShown,
    PageWish,
    nameless,
    page,
    shown,
    told,
)
from baton.api.permitted import Permitted
from baton.api.spoken import dialect_at
from baton.core.dialect import Dialect
from baton.gateway.routing.decision import AUTO
from baton.upstream.dialects.google.codec import VERBS

_TAG = "OpenAI-compatible"
_OWNER_OF_AUTO = "baton"
_Size = Annotated[int, Query(alias="pageSize", description="Models per page, in Google's shape.")]
_Token = Annotated[str, Query(alias="pageToken", max_length=500, description="In Google's shape.")]


class CompatModels:
    """What the caller may use, and `auto`."""

    def __init__(self, models: Permitted) -> None:
        self._models = models

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        shape: dict[str, Any] = {"methods": ["GET"], "tags": [_TAG]}
        pages = ModelList | ModelPage | GenerativePage
        models = ModelShown | ModelInfo | GenerativeModel
        to.add_api_route("/v1/models", self.all, response_model=pages, **shape)
        to.add_api_route("/v1/models/{model_id:path}", self.one, response_model=models, **shape)

    async def all(
        self,
        request: Request,
        caller: KnownCaller,
        wish: Annotated[PageWish, Depends()],
        page_size: _Size = 50,
        page_token: _Token = "",
    ) -> ModelList | ModelPage | Response:
        """The models that this key may use; `auto` leaves the choice to Baton. With the header
        `anthropic-version`, or one of Google's, in that dialect's shape, in pages."""
        offers = self._models.usable(caller)
        match _spoken(request):
            case Dialect.ANTHROPIC:
                return page([nameless(AUTO), *map(told, offers)], wish)
            case Dialect.GOOGLE:
                return _known(leaf([unnamed(AUTO), *map(generative, offers)], page_size, page_token))
            case _:
                return ModelList(data=[_auto(), *map(shown, offers)])

    async def one(
        self, request: Request, caller: KnownCaller, model_id: str
    ) -> ModelShown | ModelInfo | Response:
        """One of them, by its id or any of its names."""
        if model_id.endswith(VERBS):
            raise HTTPException(405)
        offer = None if model_id == AUTO else self._models.named(caller, model_id)
        match _spoken(request):
            case Dialect.ANTHROPIC:
                return nameless(AUTO) if offer is None else told(offer)
            case Dialect.GOOGLE:
                return _known(unnamed(AUTO) if offer is None else generative(offer))
            case _:
                return _auto() if offer is None else shown(offer)


def _spoken(request: Request) -> Dialect:
    return dialect_at(request.scope["path"], request.scope["headers"])


def _known(shape: BaseModel) -> Response:
    """What is not known is absent here, where the other shapes have null."""
    return Response(shape.model_dump_json(by_alias=True, exclude_none=True), media_type="application/json")


def _auto() -> ModelShown:
    return ModelShown(id=AUTO, created=0, owned_by=_OWNER_OF_AUTO)
