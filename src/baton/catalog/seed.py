"""The models that a new installation starts with: `data/models.json`, written by `tools/seed_models.py`."""

from collections.abc import Iterable
from importlib.resources import files

import msgspec
from msgspec.structs import replace

from baton.catalog import admin_body
from baton.catalog.model import Model
from baton.catalog.tiers import Tiers
from baton.records.store import Records


def packaged_models(tiers: Tiers) -> tuple[Model, ...]:
    """Every packaged model; reads one file, so call it at start, not in a request."""
    text = files("baton.catalog").joinpath("data/models.json").read_bytes()
    return tuple(admin_body.read(body, tiers) for body in msgspec.json.decode(text, type=list[object]))


async def seed(records: Records[Model], models: Iterable[Model]) -> None:
    """Bring the rows up to this version, but for prices that are there: those change where it is shown.

    A start is no moment to look at figures; `baton prices refresh` is.
    """
    stored = records.snapshot
    await records.seed(
        [
            model if (record := stored.get(model.id)) is None else replace(model, prices=record.value.prices)
            for model in models
        ]
    )
