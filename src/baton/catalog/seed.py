"""The models that a new installation starts with: `data/models.json`, written by `tools/seed_models.py`."""

from importlib.resources import files

import msgspec

from baton.catalog import admin_body
from baton.catalog.model import Model
from baton.catalog.tiers import Tiers


def packaged_models(tiers: Tiers) -> tuple[Model, ...]:
    """Every packaged model; reads one file, so call it at start, not in a request."""
    text = files("baton.catalog").joinpath("data/models.json").read_bytes()
    return tuple(admin_body.read(body, tiers) for body in msgspec.json.decode(text, type=list[object]))
