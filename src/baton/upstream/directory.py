"""Which providers there are, which are configured, and with what credentials."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.provider import ProviderSpec
from baton.core.rates import Rates
from baton.upstream import providers
from baton.upstream.credential import Credential

_INSIDE = "simulated:"
"""Begins the address of one that lives in the process."""


class ProviderSettings(Struct, frozen=True, kw_only=True):
    """What an installation says about one provider."""

    keys: tuple[str, ...] = ()
    base_url: str | None = None
    enabled: bool = True
    free_tier: bool = False
    """Whether its keys are on the provider's free tier."""
    rates: Rates = Rates()
    """The most that may be asked of it, whoever asks, for which model, and by which key."""
    dialect: Dialect | None = None
    """The one dialect in which it is asked, whoever calls; None: as it is declared."""

    def __repr__(self) -> str:
        return f"ProviderSettings({len(self.keys)} keys, base_url={self.base_url!r}, enabled={self.enabled})"


class Provider:
    """One provider as it stands in this installation."""

    def __init__(self, spec: ProviderSpec, settings: ProviderSettings) -> None:
        self.spec = spec
        self.settings = settings
        self.base_url = (settings.base_url or spec.base_url).rstrip("/")
        self.credentials = tuple(Credential(key) for key in settings.keys)
        self._usable = self.credentials or (Credential(""),)
        self._turn = 0

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.spec.name

    def dialect_for(self, caller: Dialect) -> Dialect:
        """The dialect in which it is asked on behalf of a caller: the caller's own where it speaks it.

        An address that names the model (Azure's deployments) is that of one dialect only.
        """
        said = self.settings.dialect
        if said is not None:
            return said
        spec = self.spec
        return caller if caller in spec.also and "{model}" not in self.base_url else spec.dialect

    @property
    def configured(self) -> bool:
        """Whether it can be asked: switched on, has an address, and a key where one is needed."""
        if not self.settings.enabled or not self.base_url:
            return False
        if self.credentials:
            return True
        return not self.spec.auth.required and (self.settings.base_url is not None or self.inside)

    @property
    def inside(self) -> bool:
        """Whether it is a part of this process, to which no wire leads."""
        return self.base_url.startswith(_INSIDE)

    @property
    def missing(self) -> str | None:
        """What to set to configure it; None where nothing is missing."""
        upper = self.spec.name.upper()
        if self.configured:
            return None
        if not self.settings.enabled:
            return f"ENABLE_{upper}=true"
        if self.spec.auth.required and not self.credentials:
            return f"{upper}_API_KEY"
        return f"{upper}_BASE_URL"

    def credential(self, model: str, now_s: float) -> Credential:
        """The key whose turn it is, passing over those that something speaks against while another is left.

        `now_s` on the monotonic clock. An empty key where none is needed.
        """
        usable = self._usable
        if len(usable) == 1:
            return usable[0]
        waits: list[tuple[float, int]] = []
        for _ in usable:
            self._turn = (self._turn + 1) % len(usable)
            mark = usable[self._turn].against(model, now_s)
            if mark is None:
                return usable[self._turn]
            waits.append((mark.until_s, self._turn))
        return usable[min(waits)[1]]

    def has_fit_credential(self, model: str, now_s: float) -> bool:
        """Whether a key is left that nothing speaks against."""
        return any(credential.against(model, now_s) is None for credential in self._usable)


def declared() -> tuple[ProviderSpec, ...]:
    """The declarations of all providers that Baton ships, by name.

    Raises:
        TypeError: a module among the providers has no `SPEC`.
    """
    specs: list[ProviderSpec] = []
    for module in pkgutil.iter_modules(providers.__path__):
        spec = getattr(importlib.import_module(f"{providers.__name__}.{module.name}"), "SPEC", None)
        if not isinstance(spec, ProviderSpec):
            raise TypeError(f"{providers.__name__}.{module.name} declares no SPEC")
        specs.append(spec)
    return tuple(specs)


class Directory:
    """All providers of this installation."""

    def __init__(self, specs: Iterable[ProviderSpec], settings: Mapping[str, ProviderSettings]) -> None:
        self._providers = {
            spec.name: Provider(spec, settings.get(spec.name, ProviderSettings())) for spec in specs
        }

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._providers.values())

    def __getitem__(self, name: str) -> Provider:
        return self._providers[name]

    def keys_of(self, name: str) -> int:
        """How many keys a provider is asked with; 1 where it needs none, or there is no such provider."""
        provider = self._providers.get(name)
        return 1 if provider is None else max(1, len(provider.credentials))

    @property
    def configured(self) -> frozenset[str]:
        """Names of the providers that can be asked."""
        return frozenset(name for name, provider in self._providers.items() if provider.configured)
