"""The fixed table of router v1: four models, the first that fits serves."""

from importlib.resources import files

import msgspec


def packaged_table() -> tuple[str, ...]:
    """Their ids, in order; reads one file, so call it at start."""
    text = files("baton.catalog").joinpath("data/router_v1.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[str, ...])
