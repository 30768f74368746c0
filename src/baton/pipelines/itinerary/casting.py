"""Who does what for a trip: by the tier of who asks, and by which providers can be asked."""

import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import Protocol

import msgspec
from msgspec import Struct


class Providers(Protocol):
    """Which providers there are."""

    def known(self) -> frozenset[str]:
        """All of them, by name."""
        ...

    def usable(self) -> frozenset[str]:
        """Those that can be asked now: configured, and not held off by a breaker."""
        ...


class Depth(StrEnum):
    """How closely a plan is looked at."""

    NONE = "none"
    BASIC = "basic"
    """Errors are told, suggestions carried out."""
    FULL = "full"
    """Facts are checked as well, and what is rejected is made anew."""


_DEPTHS = {"free": Depth.NONE, "pro": Depth.BASIC}


def depth_for(tier: str) -> Depth:
    """What a tier is given: the lowest has no review, the next a basic one, all above a full one."""
    return _DEPTHS.get(tier, Depth.FULL)


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to make a trip, by who takes part."""

    name: str
    notice: str | None = None
    """What travellers are told of it."""
    reduced_quality: bool = False
    generator: str | None = None
    """A provider; None: any."""
    checker: str | None = None
    supervisor: str | None = None
    """None: rules review alone."""

    @property
    def is_emergency(self) -> bool:
        """Whether anybody plans and nobody reviews."""
        return self.generator is None

    def needs(self, depth: Depth) -> frozenset[str]:
        """Providers without which it cannot be taken."""
        reviewing = () if depth is Depth.NONE else (self.checker, self.supervisor)
        return frozenset(each for each in (self.generator, *reviewing) if each is not None)


class Part(Struct, frozen=True, kw_only=True):
    """Who may be asked for one piece of work."""

    provider: str | None = None
    models: tuple[str, ...] = ()
    """Asked first, in this order."""
    exclude: tuple[str, ...] = ()
    """Providers that must not stand in."""


class Casting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The routes there are, the best first, the last of them for emergencies; and each provider's models."""

    routes: tuple[Route, ...]
    models: dict[str, tuple[str, ...]] = {}

    @property
    def emergency(self) -> Route:
        """The one that needs nobody in particular."""
        return self.routes[-1]

    def choose(self, depth: Depth, usable: frozenset[str]) -> Route | None:
        """The best route that can be taken now; None: nobody can be asked at all."""
        if not usable:
            return None
        return next(route for route in self.routes if route.needs(depth) <= usable)

    def part(self, provider: str | None, known: frozenset[str]) -> Part:
        """A provider's part, in which no other may stand in; None: anybody's."""
        if provider is None:
            return Part()
        return Part(
            provider=provider,
            models=self.models.get(provider, ()),
            exclude=tuple(sorted(known - {provider})),
        )


def packaged_casting() -> Casting:
    """The one that is shipped; reads one file, so call it at start."""
    data = files("baton.pipelines.itinerary").joinpath("data/casting.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(data), Casting)
