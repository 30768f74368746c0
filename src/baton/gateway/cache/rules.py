"""What is cached of a use case; edited at run time, as models are."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.model import Word
from baton.records.kind import RecordKind

MOST_TTL_S = 30 * 86_400.0


class Reach(StrEnum):
    """Who may be given an answer that somebody else paid for."""

    USER = "user"
    """Nobody else."""
    PROJECT = "project"
    """Whoever asks for the same project."""
    TENANT = "tenant"
    SHARED = "shared"
    """Everybody."""


class Semantic(StrEnum):
    """What becomes of requests that mean the same as an earlier one."""

    OFF = "off"
    SHADOW = "shadow"
    """They are asked all the same; it is counted how often the earlier answer would have been wrong."""
    ON = "on"
    """They are given its answer; one in ten is asked all the same, and counted."""


class CacheRule(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a use case's answers are cached."""

    use_case: Word
    exact: bool = True
    """Whether equal requests are answered once, also where answers are sampled; False: only where asked, and
    where `semantic` has them taken for the same."""
    reach: Reach = Reach.USER
    semantic: Semantic = Semantic.OFF
    threshold: Annotated[float, Meta(gt=0, le=1)] | None = None
    """The least likeness that is taken for the same; None: the strict one that is shipped."""
    ttl_s: Annotated[float, Meta(gt=0, le=MOST_TTL_S)] | None = None
    """How long an answer is given again; None: by what was asked."""


def cache_rules_kind() -> RecordKind[CacheRule]:
    """The kind `cache_rules`; its key is the use case."""
    return RecordKind(name="cache_rules", type=CacheRule, key=lambda rule: rule.use_case)
