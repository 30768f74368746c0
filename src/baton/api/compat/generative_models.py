"""`GET /v1beta/models`: what this key may use, as Google's clients read it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.routing import Route

from baton.api.callers import KnownCaller
from baton.api.compat.generation import PREFIX, VERBS
from baton.api.compat.models import CompatModels
from baton.catalog.lookup import Offer
from baton.core.errors import Invalid, NotFound
from baton.gateway.routing.decision import AUTO

_TAG = "Google-compatible"
_FAMILY = "models/"
_HOTTEST = 2.0
_METHODS = ["generateContent", "streamGenerateContent", "countTokens"]

_Size = Annotated[int, Query(alias="pageSize", description="Models per page; at most 1000.")]
_Token = Annotated[str, Query(alias="pageToken", max_length=500, description="Of the page before.")]


class GenerativeModel(BaseModel):
    """A model as Google's SDKs read it; what nobody knows is absent."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    base_model_id: str
    version: str = ""
    display_name: str
    description: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] = _METHODS
    temperature: float | None = None
    max_temperature: float | None = None
    top_p: float | None = None
    thinking: bool | None = None


class GenerativePage(BaseModel):
    """Some of them, in the order of the whole list."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    models: list[GenerativeModel]
    next_page_token: str | None = None


class GenerativeModels:
    """The routes."""

    def __init__(self, models: CompatModels) -> None:
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
        to.router.routes.append(Route(PREFIX + "{path:path}", _unserved, methods=["POST"]))

    async def all(
        self, caller: KnownCaller, page_size: _Size = 50, page_token: _Token = ""
    ) -> GenerativePage:
        """The models that this key may use, in pages; `models/auto` leaves the choice to Baton."""
        if page_size < 0:
            raise Invalid("pageSize: must not be negative.", param="pageSize")
        shown = [_auto(), *map(_shown, self._models.usable(caller))]
        begin = _place([model.name for model in shown], page_token)
        end = begin + min(page_size or 50, 1000)
        more = _token(shown[end - 1].name) if end < len(shown) else None
        return GenerativePage(models=shown[begin:end], next_page_token=more)

    async def one(self, caller: KnownCaller, model_id: str) -> GenerativeModel:
        """One of them, by its id or any of its names."""
        if model_id.endswith(VERBS):
            raise HTTPException(405)
        return _auto() if model_id == AUTO else _shown(self._models.named(caller, model_id))


async def _unserved(request: Request) -> None:
    raise NotFound(
        f"There is no {request.url.path}: below {PREFIX} models answer {', '.join(VERBS)}.",
        code="no_such_route",
    )


def _shown(offer: Offer) -> GenerativeModel:
    model = offer.model
    return GenerativeModel(
        name=_FAMILY + offer.id,
        base_model_id=offer.id,
        version=model.version,
        display_name=model.display_name or model.name,
        description=model.description,
        input_token_limit=model.context_window,
        output_token_limit=model.max_output_tokens,
        temperature=model.default_temperature,
        max_temperature=_HOTTEST,
        top_p=model.default_top_p,
        thinking="reasoning" in model.capabilities or None,
    )


def _auto() -> GenerativeModel:
    return GenerativeModel(name=_FAMILY + AUTO, base_model_id=AUTO, display_name=AUTO)


def _token(name: str) -> str:
    """Names the last model of a page, so that the next begins behind it whatever comes or goes."""
    return urlsafe_b64encode(name.encode()).decode("ascii").rstrip("=")


def _place(names: list[str], token: str) -> int:
    """Where the page behind a token begins.

    Raises:
        Invalid: it is none of this list's.
    """
    if not token:
        return 0
    try:
        return names.index(urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()) + 1
    except ValueError:  # no base64, no text, no model
        raise Invalid("pageToken: there is no such page.", param="pageToken") from None
