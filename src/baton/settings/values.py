"""All settings, typed: each room's slice of them is made of these."""

from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from baton.access.flags.held import NOTHING_HELD, HeldFlags
from baton.access.signin.sessions import Lifetimes
from baton.gateway.admission.budgets import FirstLimits
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.draining import AbortedStreams
from baton.gateway.resilience.deadline import Limits
from baton.ledger.settings import JournalKind, WhenFull
from baton.upstream.directory import ProviderSettings
from baton.upstream.http import HttpSettings
from baton.upstream.outbound.guard import Guard


def _split(value: object) -> object:
    """Several things in one text, at its commas; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(word for each in value.split(",") if (word := each.strip()))


def _key_value_store(url: str) -> str:
    """The URL of a Redis, as it was given; what is wrong with it is said without its password."""
    scheme, sep, rest = url.partition("://")
    if scheme in ("http", "https"):
        raise ValueError(
            "is a store's REST address, over which nothing can be counted quickly enough; take the rediss:// "
            "address that its provider shows beside it"
        )
    if not sep or scheme not in ("redis", "rediss", "unix") or not rest.strip("/"):
        raise ValueError("must be a URL that begins with redis://, rediss:// or unix://")
    return url


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        ip_network(value, strict=False)
    return values


Money = Annotated[Decimal, Field(ge=0, le=999_999_999, decimal_places=9, allow_inf_nan=False)]
"""USD."""


class Settings(BaseModel):
    """All settings. Each is `BATON_<NAME>` in the environment, or `<name>` in the TOML file.

    `allowed_hosts` stands under `[outbound]` there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    host: str = "127.0.0.1"
    """Address to listen at."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to listen at; 0 takes a free one."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """How many processes serve; more than one need Redis and PostgreSQL."""
    data_dir: Path = Path(".baton")
    """Folder of the database, the journal and the keys; must outlive the process."""
    public_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")] | None = None
    """Where browsers find this Baton, e.g. `https://baton.example`, if not where it listens."""
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_networks)] = ()
    """Proxies whose `X-Forwarded-*` headers count: addresses or networks, comma-separated."""
    session_idle: Annotated[float, Field(ge=60, le=86_400)] = 3600
    """Seconds after which a console session ends that nobody uses."""
    session_lifetime: Annotated[float, Field(ge=300, le=2_592_000)] = 86_400
    """Seconds after which a console session ends, however much it is used."""
    max_own_keys: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How many keys that are still good a user may have who makes them; admins make as many as they like."""
    database_url: Annotated[str | None, Field(repr=False)] = None
    """SQLAlchemy URL; a SQLite file in the data folder where unset. Also `DATABASE_URL`."""
    redis_url: Annotated[Annotated[str, AfterValidator(_key_value_store)] | None, Field(repr=False)] = None
    """Where several processes share limits and budgets. Also `REDIS_URL`, `KV_URL`."""
    master_key: Annotated[Annotated[str, Field(min_length=16)] | None, Field(repr=False)] = None
    """An API key of the first admin, for automation."""
    secret_key: Annotated[Annotated[str, Field(min_length=16)] | None, Field(repr=False)] = None
    """Root of all hashes; a key file is made where unset."""
    retries: Annotated[int, Field(ge=0, le=10)] | None = None
    """How often a failed call is made again, whatever tiers say; unset, each tier has its own number."""
    max_project_budget: Money = Decimal(10)
    """What each project may spend in its lifetime, USD, until an admin says otherwise."""
    max_user_budget: Money = Decimal(100)
    """What each user may spend in a month, USD, until an admin says otherwise."""
    max_daily_budget: Money = Decimal(500)
    """What all may spend in a day, USD, until an admin says otherwise."""
    fallback: bool = True
    """Ask another model where the one that was asked fails; a request may say otherwise for itself."""
    fallback_chain: Annotated[tuple[str, ...], BeforeValidator(_split)] = ("xai", "anthropic", "openai")
    """Providers to fall back to, the first first, comma-separated. Also `FALLBACK_CHAIN`."""
    research_provider: str | None = None
    """Whose model serves the agent `research`, whatever its routing says. Also `RESEARCH_PROVIDER`."""
    strategy_provider: str | None = None
    """The same of the agent `strategy`. Also `STRATEGY_PROVIDER`."""
    critique_provider: str | None = None
    """The same of the agent `critique`. Also `CRITIQUE_PROVIDER`."""
    first_token_s: Annotated[float, Field(gt=0, le=600)] = 10
    """How long a stream may keep its first words back while another model could be asked, seconds."""
    stall_s: Annotated[float, Field(gt=0, le=600)] = 20
    """How long a stream may fall silent between its words, seconds."""
    aborted_streams: AbortedStreams = AbortedStreams.CANCEL
    """What happens to a stream whose reader has left: `cancel`, or `drain`: read on to learn its usage."""
    enable_cache: bool = True
    """Give answers again that were paid for, where that is safe or asked for. Also `ENABLE_CACHE`."""
    cache_provider: CacheProvider | None = None
    """Where answers are kept: `memory`, `redis` or `database`; unset: in Redis where there is one. Also
    `CACHE_PROVIDER`."""
    cache_ttl: Annotated[float, Field(gt=0, le=2_592_000)] = 3600
    """How long an answer is given again, seconds, where nobody says it. Also `CACHE_TTL`."""
    cache_max_size: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    """Answers that are kept. Also `CACHE_MAX_SIZE`."""
    cache_max_mib: Annotated[float, Field(gt=0, le=65_536)] = 64
    """What they may take, MiB."""
    cache_max_temperature: Annotated[float, Field(ge=0, le=2)] = 0
    """Up to which temperature answers are given again without anybody asking for that."""
    embedder: str | None = None
    """The model that says what requests mean, `provider/name`; unset: only equal ones are found again."""
    journal: JournalKind = JournalKind.FILE
    """Where requests are kept until they are rows: `file`, or `database`, for machines without a volume."""
    ledger_full: WhenFull = WhenFull.REFUSE
    """What becomes of requests that cannot be recorded: `refuse`, or `serve`, at the risk of losing rows."""
    health_window: Annotated[float, Field(ge=60, le=3600)] = 600
    """Over how many seconds a provider's status looks back, in whole minutes."""
    probe_every: Annotated[float, Field(ge=0, le=86_400)] = 120
    """Seconds unasked after which a provider is probed; 0: never."""
    strict_models: bool = False
    """Refuse models that the catalog does not know, instead of passing them on unpriced."""
    max_body_mib: Annotated[float, Field(gt=0, le=1024)] = 20
    """Longest request body, MiB."""
    grace: Annotated[float, Field(ge=0, le=3600)] = 30
    """Seconds that answers under way have to come to their end once Baton was told to stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""
    https_proxy: Annotated[str | None, Field(repr=False)] = None
    """Proxy for providers at https addresses. Also `HTTPS_PROXY`."""
    http_proxy: Annotated[str | None, Field(repr=False)] = None
    """Proxy for providers at http addresses. Also `HTTP_PROXY`."""
    no_proxy: str = ""
    """Hosts reached without the proxy, comma-separated. Also `NO_PROXY`."""
    ca_file: Path | None = None
    """Further certificate authorities (PEM)."""
    client_certificate: Path | None = None
    """Client certificate and key (PEM)."""
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    """Hosts that URLs of requests may lead to although they are not public, comma-separated."""
    providers: dict[str, ProviderSettings] = {}
    """Filled from `<NAME>_API_KEY` and its kin, or `[providers.<name>]`."""
    flags: HeldFlags = NOTHING_HELD
    """Filled from `ENABLE_MULTI_LLM`, `MULTI_LLM_<TIER>_TIER` and `LLM_ROUTER_VERSION`."""

    @property
    def agent_providers(self) -> dict[str, str]:
        """Whose model serves an agent, by the agent's name, where that is said here."""
        said = {
            "research": self.research_provider,
            "strategy": self.strategy_provider,
            "critique": self.critique_provider,
        }
        return {agent: provider for agent, provider in said.items() if provider is not None}

    @property
    def lifetimes(self) -> Lifetimes:
        """When console sessions end."""
        return Lifetimes(idle_s=self.session_idle, whole_s=self.session_lifetime)

    @property
    def first_limits(self) -> FirstLimits:
        """The budgets of a new installation."""
        return FirstLimits(
            project=self.max_project_budget, user=self.max_user_budget, daily=self.max_daily_budget
        )

    @property
    def limits(self) -> Limits:
        """How long streams may be silent."""
        return Limits(first_token_s=self.first_token_s, stall_s=self.stall_s)

    @property
    def http(self) -> HttpSettings:
        """How to reach providers."""
        return HttpSettings(
            https_proxy=self.https_proxy,
            http_proxy=self.http_proxy,
            no_proxy=self.no_proxy,
            ca_file=str(self.ca_file) if self.ca_file else None,
            client_certificate=str(self.client_certificate) if self.client_certificate else None,
        )

    @property
    def guard(self) -> Guard:
        """Where URLs from outside may lead."""
        return Guard.allowing(self.allowed_hosts)
