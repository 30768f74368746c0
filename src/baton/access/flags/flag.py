"""A flag as a value, and the flags there are; edited at run time, as models are."""

from typing import Annotated

from msgspec import Meta, Struct

from baton.core.errors import Invalid
from baton.records.kind import RecordKind

MULTI_LLM = "multi_llm"
ROUTER_V2 = "router_v2"

EVERYBODY = 100.0
"""Of the users, percent."""

FlagName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
TierName = Annotated[str, Meta(min_length=1, max_length=64)]


class Flag(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """It is on for whom nothing of it is off: not everybody, not their tier, not their share of users."""

    name: FlagName
    description: Annotated[str, Meta(max_length=500)] = ""
    enabled: bool = True
    off_for_tiers: frozenset[TierName] = frozenset()
    percentage: Annotated[float, Meta(ge=0, le=EVERYBODY)] = EVERYBODY
    """Of the users: always the same ones, and more of them when it is raised."""


PACKAGED = (
    Flag(
        name=MULTI_LLM,
        description="Choose among models, and ask another one where the first fails. Off: `auto` is the"
        " house's default model, and no other model is asked after any.",
    ),
    Flag(
        name=ROUTER_V2,
        description="Choose from the whole catalog, by score. Off: router v1, a fixed table of four models.",
    ),
)
"""Every flag there is; what each of them switches is written where it is asked for."""

_NAMES = frozenset(flag.name for flag in PACKAGED)


def flags_kind() -> RecordKind[Flag]:
    """The kind `flags`; its key is the flag's name."""
    return RecordKind(name="flags", type=Flag, key=lambda flag: flag.name, check=_check)


def _check(flag: Flag) -> None:
    if flag.name not in _NAMES:
        raise Invalid(
            f"There is no flag '{flag.name}'. There are: {', '.join(sorted(_NAMES))}.", param="name"
        )
