"""Models as the clients of two dialects read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel

from baton.catalog.lookup import Offer
from baton.core.errors import Invalid

_PAGED_ONLY = "With `anthropic-version` only."
_Beside = Annotated[str | None, Query(max_length=300, description=_PAGED_ONLY)]

_DAWN = datetime.fromtimestamp(0, UTC)
"""What both dialects take for "nobody knows when"."""


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


class ModelInfo(BaseModel):
    """A model as Anthropic's SDKs read it; times are RFC 3339, the first second of 1970 where nobody said."""

    id: str
    type: Literal["model"] = "model"
    display_name: str
    created_at: datetime
    lifecycle: Literal["active", "deprecated", "retired"] = "active"
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None


class ModelPage(BaseModel):
    """Some of them, in the order of the whole list."""

    data: list[ModelInfo]
    has_more: bool
    """Whether there are more in the direction that was asked for."""
    first_id: str | None
    last_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWish:
    """Which of them, as Anthropic's clients ask."""

    limit: Annotated[int, Query(ge=1, le=1000, description=f"Models per page at most. {_PAGED_ONLY}")] = 20
    after_id: _Beside = None
    before_id: _Beside = None


def shown(offer: Offer) -> ModelShown:
    """A model in OpenAI's shape."""
    created = int(_midnight(offer.model.release_date).timestamp())
    return ModelShown(id=offer.id, created=created, owned_by=offer.model.provider)


def told(offer: Offer) -> ModelInfo:
    """A model in Anthropic's shape."""
    model = offer.model
    leaving = model.deprecated_at or model.retired_at
    return ModelInfo(
        id=offer.id,
        display_name=model.display_name or model.name,
        created_at=_midnight(model.release_date),
        lifecycle="retired" if offer.retired else "active" if leaving is None else "deprecated",
        deprecated_at=None if model.deprecated_at is None else _midnight(model.deprecated_at),
        retires_at=None if model.retired_at is None else _midnight(model.retired_at),
        max_input_tokens=model.context_window,
        max_tokens=model.max_output_tokens,
    )


def nameless(model_id: str) -> ModelInfo:
    """What stands for no model in particular, in Anthropic's shape."""
    return ModelInfo(id=model_id, display_name=model_id, created_at=_DAWN)


def page(models: Sequence[ModelInfo], wish: PageWish) -> ModelPage:
    """At most `limit` models behind `after_id`, or right before `before_id`.

    Raises:
        Invalid: both are given, or no model of this list has such an id.
    """
    limit, after_id, before_id = wish.limit, wish.after_id, wish.before_id
    if after_id is not None and before_id is not None:
        raise Invalid("Only one of after_id and before_id can be given.", param="before_id")
    ids = [model.id for model in models]
    if before_id is not None:
        end = _place(ids, before_id, "before_id")
        found, more = models[max(0, end - limit) : end], end > limit
    else:
        begin = 0 if after_id is None else _place(ids, after_id, "after_id") + 1
        found, more = models[begin : begin + limit], len(models) > begin + limit
    return ModelPage(
        data=list(found),
        has_more=more,
        first_id=found[0].id if found else None,
        last_id=found[-1].id if found else None,
    )


def _place(ids: Sequence[str], wanted: str, param: str) -> int:
    try:
        return ids.index(wanted)
    except ValueError:
        raise Invalid(f"There is no model '{wanted[:80]}' in this list.", param=param) from None


def _midnight(day: date | None) -> datetime:
    return _DAWN if day is None else datetime.combine(day, time(), UTC)
