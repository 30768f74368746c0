"""Models as Google's clients read them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from baton.catalog.lookup import Offer
from baton.core.errors import Invalid
from baton.upstream.dialects.google.codec import VERBS

_FAMILY = "models/"
_HOTTEST = 2.0
_METHODS = [verb.removeprefix(":") for verb in VERBS]
_USUAL, _MOST = 50, 1000
"""Models on a page."""


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


def generative(offer: Offer) -> GenerativeModel:
    """A model in this shape."""
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


def unnamed(model_id: str) -> GenerativeModel:
    """What stands for no model in particular, in this shape."""
    return GenerativeModel(name=_FAMILY + model_id, base_model_id=model_id, display_name=model_id)


def leaf(models: Sequence[GenerativeModel], size: int, token: str) -> GenerativePage:
    """At most `size` models (0: the usual number) behind the page that had this token.

    Raises:
        Invalid: the size is negative, or no page had such a token.
    """
    if size < 0:
        raise Invalid("pageSize: must not be negative.", param="pageSize")
    begin = _place([model.name for model in models], token)
    end = begin + min(size or _USUAL, _MOST)
    more = _token(models[end - 1].name) if end < len(models) else None
    return GenerativePage(models=list(models[begin:end]), next_page_token=more)


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
