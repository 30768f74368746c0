"""The catalog as it changes: with the rows, and with the calendar."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from baton.catalog.almanac import Almanac
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.core.clock import Clock
from baton.core.provider import ProviderSpec


class LiveCatalog:
    """Hands out the catalog of this moment; the same object until something changed."""

    def __init__(
        self,
        models: Iterable[Model],
        providers: Iterable[ProviderSpec],
        clock: Clock,
        strict: bool = False,
        almanac: Almanac | None = None,
    ) -> None:
        """`strict`: names that no row has are not passed on to a provider (`BATON_STRICT_MODELS`).

        `almanac`: what is known besides the rows; None: nothing.
        """
        self._models = tuple(models)
        self._revisions: Mapping[str, int] = MappingProxyType({})
        self._providers = tuple(providers)
        self._clock = clock
        self._strict = strict
        self._almanac = almanac
        self._catalog = self._build()

    def current(self) -> Catalog:
        """The catalog that holds now; built anew when a price or a retirement has come into force."""
        if self._clock.wall() >= self._catalog.expires_at_s:
            self._catalog = self._build()
        return self._catalog

    def under(self, clock: Clock) -> "LiveCatalog":
        """The same rows by another clock; what changes in the one does not change the other."""
        other = LiveCatalog(self._models, self._providers, clock, self._strict, self._almanac)
        other.replace(self._models, self._revisions)
        return other

    def replace(self, models: Iterable[Model], revisions: Mapping[str, int] | None = None) -> None:
        """Take over changed rows, and their revisions by id."""
        self._models = tuple(models)
        self._revisions = MappingProxyType(dict(revisions or {}))
        self._catalog = self._build()

    def declare(self, providers: Iterable[ProviderSpec]) -> None:
        """Take over changed providers: which of their models their classes mean."""
        self._providers = tuple(providers)
        self._catalog = self._build()

    def _build(self) -> Catalog:
        return Catalog(
            self._models,
            self._providers,
            self._clock.wall(),
            self._strict,
            self._revisions,
            self._almanac,
        )
