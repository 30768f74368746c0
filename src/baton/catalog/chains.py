"""Which models are asked when one has failed, as admins list them; edited at run time, as models are."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.lookup import Catalog
from baton.core.errors import Invalid, NotFound
from baton.records.kind import Record, RecordKind

MOST_FALLBACKS = 8
"""Of a chain: more would outlast the patience of whoever waits for an answer."""

ModelId = Annotated[
    str,
    Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}/(?!(?:.*/)?\.{1,2}(?:/|$))[^\s\x00-\x1f\x7f]{1,190}$"),
]
"""`provider/name`."""


class FallbackChain(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What follows one model, the first first; a retired one means what takes its place."""

    model: ModelId
    fallbacks: Annotated[tuple[ModelId, ...], Meta(min_length=1, max_length=MOST_FALLBACKS)]


def chains_kind() -> RecordKind[FallbackChain]:
    """The kind `fallback_chains`; its key is the model's `provider/name`."""
    return RecordKind(name="fallback_chains", type=FallbackChain, key=lambda chain: chain.model, check=_check)


def packaged_chains() -> tuple[FallbackChain, ...]:
    """The chains that a new installation starts with; reads one file, so call it at start."""
    return chains_kind().decode_all(files("baton.catalog").joinpath("data/chains.json").read_bytes())


def followers(chains: Mapping[str, Record[FallbackChain]], model: str) -> tuple[str, ...]:
    """What a chain lists behind a model; nothing where it has none. A look-up, on the request's path."""
    chain = chains.get(model)
    return () if chain is None else chain.value.fallbacks


def chain_of(catalog: Catalog, model: str, names: Sequence[str]) -> FallbackChain:
    """The chain that these names make: each may be any name of a model that has a row.

    What has none is in no tier and could serve admins only, and a slip of the pen would be silent.

    Raises:
        NotFound: `model` is the id of no row; the nearest names are told.
        Invalid: one of the names means nothing, or several things; `param` is its place, `fallbacks[0]`.
    """
    if catalog.row(model) is None:
        raise catalog.unknown(model)
    return FallbackChain(
        model=model,
        fallbacks=ids_of(catalog, "fallbacks", names),
    )


def ids_of(catalog: Catalog, field: str, names: Sequence[str]) -> tuple[str, ...]:
    """The ids of models that a list in `field` names by any of their names.

    Raises:
        Invalid: one of them has no row, or means several; `param` is its place, `field[0]`.
    """
    return tuple(id_of(catalog, f"{field}[{place}]", name) for place, name in enumerate(names))


def id_of(catalog: Catalog, place: str, name: str) -> str:
    """The id of a model that has a row, by any of its names.

    Raises:
        Invalid: it has none, or several are meant; `param` is `place`.
    """
    try:
        found = catalog.resolve(name)
    except (Invalid, NotFound) as error:
        raise Invalid(error.message, code=error.code, param=place) from error
    if not found.known:
        refusal = catalog.unknown(name)
        raise Invalid(refusal.message, code=refusal.code, param=place)
    return found.offer.id


def _check(chain: FallbackChain) -> None:
    for place, name in enumerate(chain.fallbacks):
        if name == chain.model:
            raise Invalid(f"{name} cannot follow itself.", param=f"fallbacks[{place}]")
        if name in chain.fallbacks[:place]:
            raise Invalid(f"{name} is there twice.", param=f"fallbacks[{place}]")
