"""Which providers there are, which are configured, and with what credentials."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream import providers

_MARK_S = {Kind.CREDENTIAL: 60.0, Kind.EXHAUSTED: 600.0}
"""How long a refused key is passed over before it is tried again (decision 6)."""

_COOLDOWN_S = 5.0
"""After a 429 that states no wait."""


class Credential:
    """One key of a provider, and what is known against it.

    Its text appears nowhere but in the header it is sent in.
    """

    __slots__ = ("key", "mark", "marked_until_s")

    def __init__(self, key: str) -> None:
        self.key = key
        self.mark: Kind | None = None
        """Why it is passed over: invalid, exhausted, or its rate limit reached."""
        self.marked_until_s = 0.0

    @property
    def last4(self) -> str:
        """What may be shown of it; nothing of a key too short to hide the rest."""
        return self.key[-4:] if len(self.key) >= 12 else ""

    def __repr__(self) -> str:
        return f"Credential(…{self.last4})"

    def failed(self, failure: Failure, now_s: float) -> bool:
        """Note a failure; returns whether it is the key's and another key may do better."""
        if failure.kind is Kind.RATE_LIMIT:
            wait_s = _COOLDOWN_S if failure.retry_after_s is None else failure.retry_after_s
        elif failure.kind in _MARK_S:
            wait_s = _MARK_S[failure.kind]
        else:
            return False
        self.mark, self.marked_until_s = failure.kind, now_s + wait_s
        return True

    def succeeded(self) -> None:
        """A success clears every mark."""
        self.mark = None
        self.marked_until_s = 0.0

    def fit(self, now_s: float) -> bool:
        """Whether nothing is known against it now."""
        return self.mark is None or now_s >= self.marked_until_s


class ProviderSettings(Struct, frozen=True, kw_only=True):
    """What an installation says about one provider."""

    keys: tuple[str, ...] = ()
    base_url: str | None = None
    enabled: bool = True
    free_tier: bool = False
    """Whether its keys are on the provider's free tier."""
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
        return not self.spec.auth.required and (
            self.settings.base_url is not None or self.base_url.startswith("simulated:")
        )

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

    def credential(self, now_s: float) -> Credential:
        """The key whose turn it is, passing over marked ones while another is left.

        `now_s` on the monotonic clock. An empty key where none is needed.
        """
        usable = self._usable
        if len(usable) == 1:
            return usable[0]
        for _ in usable:
            self._turn = (self._turn + 1) % len(usable)
            if usable[self._turn].fit(now_s):
                return usable[self._turn]
        return min(usable, key=lambda credential: credential.marked_until_s)

    def other_credential(self, now_s: float) -> bool:
        """Whether a key without a mark is left."""
        return any(credential.fit(now_s) for credential in self._usable)


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

    @property
    def configured(self) -> frozenset[str]:
        """Names of the providers that can be asked."""
        return frozenset(name for name, provider in self._providers.items() if provider.configured)
