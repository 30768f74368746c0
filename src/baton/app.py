"""Builds and closes every part, once.

Lazy imports, all of them: `storage/schema.py` loads Alembic when the tables are behind; the providers' files
are found and loaded by `upstream/directory.py` when the application is built; `gateway/shaping/validity.py`
loads the judge of JSON Schemas with the first schema that is emulated; `catalog/tokens/worker.py`, a process
of its own, loads the tokenizer with the first prompt that it counts.
"""

import random
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from baton.access.flags.flag import PACKAGED, Flag, flags_kind
from baton.access.flags.flags import Flags
from baton.access.identity.editing import Editing
from baton.access.identity.first_admin import ensure_first_admin
from baton.access.identity.identities import Identities
from baton.access.identity.keyring import Keyring
from baton.access.identity.last_use import LastUse
from baton.access.identity.mint import KeyMint
from baton.access.identity.projects import Projects
from baton.access.identity.secret import SecretRoot, load_secret
from baton.access.preferences.user_choices import UserChoices
from baton.access.signin.entities import Invited
from baton.access.signin.ground import Ground
from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.reception import Reception, open_reception
from baton.access.signin.seal import Seal
from baton.access.signin.tokens import Tokens as SignInTokens
from baton.catalog.almanac import Almanac, packaged_almanac
from baton.catalog.chains import FallbackChain, chains_kind, followers, packaged_chains
from baton.catalog.classes import ProviderClasses, classes_kind, declared_classes, with_classes
from baton.catalog.estimates import Estimates
from baton.catalog.fixed import packaged_table
from baton.catalog.kind import model_kind
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.seed import packaged_models, seed
from baton.catalog.tiers import DEFAULT_TIERS, Tier, Tiers, packaged_tiers, tiers_kind
from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.tokens import Tokens
from baton.core.clock import Clock, SystemClock
from baton.core.errors import Unavailable
from baton.core.ids import UuidV7
from baton.core.provider import ProviderSpec
from baton.gateway.admission.accounts import Accounts
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.assumed import AssumedPrices
from baton.gateway.admission.budgets import Budget, budgets_kind, first_budgets, key_budget
from baton.gateway.admission.keeper import BudgetKeeper
from baton.gateway.admission.own import OwnLimit, own_limits_kind
from baton.gateway.admission.passages import Passages
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.statements import Statements
from baton.gateway.assembly import Parts, Policy, assemble
from baton.gateway.counting import Counting
from baton.gateway.draining import Drains
from baton.gateway.fingerprints import Fingerprints
from baton.gateway.gateway import Gateway
from baton.gateway.health.health import Health
from baton.gateway.health.keeper import Keeper
from baton.gateway.health.prober import Prober
from baton.gateway.opening import Openings
from baton.gateway.resilience.breaker import Limits as BreakerLimits
from baton.gateway.resilience.forced import ForcedBreaker, forced_kind
from baton.gateway.resilience.memory_breakers import MemoryBreakers
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.outlook import Outlooks
from baton.gateway.routing.standing import Standing
from baton.ledger.health.store import HealthStore
from baton.ledger.ledger import Ledger, open_ledger, open_ledger_without_files
from baton.ledger.named import NamedModels
from baton.ledger.settings import JournalKind
from baton.records.audit.entry import SYSTEM
from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe
from baton.records.audit.witness import Witness
from baton.records.kind import RecordKind
from baton.records.store import Records
from baton.settings import Settings
from baton.storage.database import Database
from baton.storage.notices import Notices
from baton.storage.schema import upgrade
from baton.storage.settings import StorageSettings
from baton.upstream.calls import Upstream
from baton.upstream.direct import DirectTransport
from baton.upstream.directory import Directory, declared
from baton.upstream.http import HttpSettings, HttpTransport, tls_context
from baton.upstream.outbound.fetcher import open_fetcher
from baton.upstream.providers.simulated import MODELS as SIMULATED_MODELS
from baton.upstream.providers.simulated.simulation import Simulation
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.transport import Transport
from baton.watch.alerts.alerts import Alerts
from baton.watch.alerts.store import AlertStore
from baton.watch.rehearsal.rehearsals import Rehearsals
from baton.watch.rehearsal.stage import Configuration

T = TypeVar("T", bound=Struct)

SIMULATED = "simulated"
DATABASE_FILE = "baton.db"

_LEDGERS = {JournalKind.FILE: open_ledger, JournalKind.DATABASE: open_ledger_without_files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storehouse:
    """What needs no provider: the database, who may use Baton, and what admins edit."""

    settings: Settings
    clock: Clock
    new_id: UuidV7
    database: Database
    notices: Notices
    identities: Identities
    projects: Projects
    mint: KeyMint
    secret: SecretRoot
    scribe: Scribe
    audit_holds: bool
    """As far as a start can tell, which looks at its end only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What admins edit, in the database and at hand."""

    models: Records[Model]
    classes: Records[ProviderClasses]
    chains: Records[FallbackChain]
    tiers: Records[Tier]
    forced_breakers: Records[ForcedBreaker]
    budgets: Records[Budget]
    own_limits: Records[OwnLimit]
    flags: Records[Flag]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Every part of a running Baton."""

    store: Storehouse
    keyring: Keyring
    reception: Reception
    tiers: Tiers
    edited: Edited
    accounts: Accounts
    books: BudgetKeeper
    statements: Statements
    choices: UserChoices
    flags: Flags
    catalog: LiveCatalog
    estimates: Estimates
    directory: Directory
    router: LiveRouter
    outlooks: Outlooks
    upstream: Upstream
    breakers: MemoryBreakers
    passages: Passages
    penalties: Penalties
    health: Health
    health_keeper: Keeper
    ledger: Ledger
    gateway: Gateway
    drains: Drains
    counting: Counting
    tokens: Tokens
    simulation: Simulation
    alerts: Alerts
    rehearsals: Rehearsals
    first_key: str | None = field(repr=False)
    """The first admin's key, if this start made it."""
    first_invitation: Invited | None = field(repr=False)
    """By which the first admin chooses a password, if this start made them."""


@asynccontextmanager
async def open_store(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Storehouse]:
    """Open the database, bring its tables up to date, and load what identities need.

    Raises:
        Unavailable: the data folder or the database cannot be used.
    """
    clock = clock or SystemClock()
    new_id = UuidV7()
    _make_data_dir(settings.data_dir)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(StorageSettings(url=database_url(settings))))
        await upgrade(database)
        notices = await stack.enter_async_context(Notices(database))
        secret = await load_secret(settings.data_dir, settings.secret_key)
        mint = KeyMint(secret)
        scribe = Scribe(AuditKeys.derived(secret.derive))
        audit_holds = await Witness(settings.data_dir).begin(scribe, database, int(clock.wall() * 1000))
        editing = Editing(database, notices, clock, scribe)
        yield Storehouse(
            settings=settings,
            clock=clock,
            new_id=new_id,
            database=database,
            notices=notices,
            identities=Identities(editing, mint, new_id),
            projects=Projects(editing, new_id),
            mint=mint,
            secret=secret,
            scribe=scribe,
            audit_holds=audit_holds,
        )


@asynccontextmanager
async def open_app(
    settings: Settings,
    clock: Clock | None = None,
    specs: tuple[ProviderSpec, ...] | None = None,
    breaking: BreakerLimits | None = None,
) -> AsyncGenerator[App]:
    """Open everything that `baton serve` needs. `specs`: the providers, where not those that Baton ships;
    `breaking`: when breakers open, where not as usual.

    Raises:
        Unavailable: as `open_store`, or the journal cannot be written.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock))
        first_key = await ensure_first_admin(store.identities, settings.data_dir)
        keyring = await stack.enter_async_context(
            Keyring(store.database, store.notices, store.mint, store.clock, settings.master_key)
        )
        await stack.enter_async_context(LastUse(store.database, keyring))
        reception = await stack.enter_async_context(
            open_reception(ground(store), MemoryThrottle(store.clock), store.settings.lifetimes)
        )
        alerts = await stack.enter_async_context(
            Alerts(AlertStore(store.database, store.new_id), store.clock)
        )
        specs = declared() if specs is None else specs
        edited = await _open_edited(stack, store, specs)
        if not store.audit_holds:
            alerts.suspect_audit()
        choices = await stack.enter_async_context(
            UserChoices(store.database, store.notices, store.clock, store.scribe)
        )
        flags = _flags(edited.flags, store)
        breakers = MemoryBreakers(store.clock, breaking)
        breakers.listen(alerts)
        _hold(breakers, edited.forced_breakers)
        almanac = packaged_almanac()
        catalog = _follow(edited.models, specs, store, almanac)
        _classify(catalog, edited.classes, specs)
        directory = Directory(specs, settings.providers)
        simulation = Simulation(store.clock)
        http = await stack.enter_async_context(transport(settings.http))
        upstream = await _open_upstream(stack, store, http, simulation)
        tokens = Tokens(almanac.calibration, await stack.enter_async_context(Tokenizer()))
        ledger = await stack.enter_async_context(_open_ledger(store))
        drains = await stack.enter_async_context(Drains(settings.aborted_streams, tokens.worth))
        penalties = Penalties()
        penalties.listen(alerts)
        passages = Passages(lambda: edited.tiers.snapshot, penalties, store.clock)
        accounts = Accounts()
        books = await stack.enter_async_context(
            _open_budgets(store, ledger, accounts, edited.budgets, keyring)
        )
        health = Health(store.clock, settings.health_window)
        keeper = await stack.enter_async_context(Keeper(health, HealthStore(store.database), store.clock))
        await stack.enter_async_context(_prober(health, directory, http, store))
        parts = Parts(
            policy=_policy(settings, edited),
            catalog=catalog,
            directory=directory,
            upstream=upstream,
            breakers=breakers,
            health=health,
            observers=(alerts,),
            admission=Admission(passages, accounts, books, AssumedPrices(catalog).of, alerts, store.clock),
            openings=Openings(ledger.book, store.clock, Fingerprints(store.secret.derive("prompts v1"))),
            drains=drains,
            standing=Standing(choices.of, flags, packaged_table()),
            clock=store.clock,
            rng=random.Random(),  # noqa: S311 (jitter, no secret)
        )
        assembly = assemble(parts)
        yield App(
            store=store,
            keyring=keyring,
            reception=reception,
            tiers=DEFAULT_TIERS,
            edited=edited,
            accounts=accounts,
            books=books,
            statements=Statements(accounts, store.clock),
            choices=choices,
            flags=flags,
            catalog=catalog,
            estimates=Estimates(tokens),
            directory=directory,
            router=assembly.router,
            outlooks=assembly.outlooks,
            gateway=assembly.gateway,
            upstream=upstream,
            breakers=breakers,
            passages=passages,
            penalties=penalties,
            health=health,
            health_keeper=keeper,
            ledger=ledger,
            drains=drains,
            tokens=tokens,
            counting=Counting(assembly.router, directory, upstream, tokens, store.clock),
            simulation=simulation,
            alerts=alerts,
            rehearsals=_rehearsals(parts, edited.forced_breakers, store, ledger),
            first_key=first_key,
            first_invitation=None if first_key is None else await _invite_first(store, reception),
        )


async def _open_edited(stack: AsyncExitStack, store: Storehouse, specs: tuple[ProviderSpec, ...]) -> Edited:
    """Load what admins edit, and fill what is empty."""

    async def opened(kind: RecordKind[T]) -> Records[T]:
        records = Records(kind, store.database, store.notices, store.clock, store.scribe)
        return await stack.enter_async_context(records)

    edited = Edited(
        models=await opened(model_kind(DEFAULT_TIERS)),
        classes=await opened(classes_kind()),
        chains=await opened(chains_kind()),
        tiers=await opened(tiers_kind(DEFAULT_TIERS)),
        forced_breakers=await opened(forced_kind()),
        budgets=await opened(budgets_kind()),
        own_limits=await opened(own_limits_kind()),
        flags=await opened(flags_kind()),
    )
    await seed(edited.models, [*packaged_models(DEFAULT_TIERS), *simulated_models()])
    await edited.classes.seed(declared_classes(specs))
    await edited.chains.seed(packaged_chains())
    await edited.tiers.seed(packaged_tiers())
    await edited.budgets.seed(first_budgets(store.settings.first_limits))
    await edited.flags.seed(PACKAGED)
    return edited


async def _open_upstream(
    stack: AsyncExitStack, store: Storehouse, way: Transport, simulation: Simulation
) -> Upstream:
    """The ways to providers, and to what callers ask to be fetched."""
    fetcher = await stack.enter_async_context(open_fetcher(store.settings.guard, store.settings.http))
    local = {SIMULATED: SimulatedTransport(simulation, store.clock)}
    return Upstream(way, local, fetcher, store.clock)


@asynccontextmanager
async def _open_budgets(
    store: Storehouse, ledger: Ledger, accounts: Accounts, budgets: Records[Budget], keyring: Keyring
) -> AsyncGenerator[BudgetKeeper]:
    """The budgets in force, which follow what admins make of them, and of keys."""

    async def caught_up() -> None:
        await ledger.recovered()
        await ledger.flush()

    keeper = BudgetKeeper(accounts, ledger.spending, caught_up, store.clock)

    def follow() -> None:
        of_keys = (key_budget(id, budget) for id, budget in keyring.budgets.items())
        keeper.follow(budgets.export(), of_keys)

    async def changed(*_: object) -> None:
        follow()

    follow()
    budgets.subscribe(changed)
    keyring.listen(follow)
    async with keeper:
        yield keeper


def _open_ledger(store: Storehouse) -> AbstractAsyncContextManager[Ledger]:
    settings = store.settings
    return _LEDGERS[settings.journal](
        settings.data_dir / "journal", store.database, store.new_id, when_full=settings.ledger_full
    )


def _policy(settings: Settings, edited: Edited) -> Policy:
    """What becomes of failures here."""
    return Policy(
        chain=settings.fallback_chain,
        chains=partial(_chained, edited.chains),
        fallback=settings.fallback,
        retry=partial(_retry, settings.retries, edited.tiers),
        limits=settings.limits,
        stand_ins=frozenset({SIMULATED}),
    )


def _rehearsals(
    parts: Parts, forced: Records[ForcedBreaker], store: Storehouse, ledger: Ledger
) -> Rehearsals:
    """Outages are rehearsed on what decides here what becomes of a request."""
    configuration = Configuration(
        catalog=parts.catalog,
        directory=parts.directory,
        policy=parts.policy,
        forced=forced.export,
        health_window_s=store.settings.health_window,
    )
    return Rehearsals(configuration, NamedModels(store.database, ledger.flush, store.clock.wall).most)


def _chained(chains: Records[FallbackChain], model: str) -> tuple[str, ...]:
    """What is listed behind a model at the moment."""
    return followers(chains.snapshot, model)


def transport(settings: HttpSettings) -> DirectTransport | HttpTransport:
    """How providers are reached: straight, or through a proxy by the client that knows proxies."""
    if settings.https_proxy is None and settings.http_proxy is None:
        return DirectTransport(tls_context(settings))
    return HttpTransport(settings)


def _retry(always: int | None, tiers: Records[Tier], tier: str) -> RetryPolicy:
    """How a tier's failed calls are made again at the moment; `always`: whatever the tier says."""
    if always is not None:
        return RetryPolicy(always)
    record = tiers.snapshot.get(tier)
    return RetryPolicy() if record is None else RetryPolicy(record.value.retries)


def ground(store: Storehouse) -> Ground:
    """What signing in stands on."""
    return Ground(
        database=store.database,
        scribe=store.scribe,
        clock=store.clock,
        new_id=store.new_id,
        tokens=SignInTokens(store.secret),
        seal=Seal(store.secret.derive("sign-in seal v1")),
    )


async def _invite_first(store: Storehouse, reception: Reception) -> Invited:
    """Let the first admin choose a password."""
    first, *_ = await store.identities.users()
    return await reception.invitations.invite(first.id, SYSTEM)


def database_url(settings: Settings) -> str:
    """The database's URL; a SQLite file in the data folder where none was said."""
    if settings.database_url is not None:
        return settings.database_url
    return f"sqlite:///{Path(settings.data_dir).resolve() / DATABASE_FILE}"


def _make_data_dir(path: Path) -> None:
    """For its owner only: the keys' hashes and what was said lie in it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {path} cannot be made: {error.strerror}; set BATON_DATA_DIR.",
            code="data_dir_unusable",
        ) from error


def simulated_models() -> list[Model]:
    """The simulated provider's models as rows of the catalog."""
    return [
        Model(
            provider=SIMULATED,
            name=model.name,
            display_name=model.title,
            description=model.description,
            capabilities=model.capabilities,
            required_capabilities=frozenset() if model.service is None else frozenset({model.service.value}),
            context_window=model.context_window,
            max_output_tokens=model.max_output_tokens,
            prices=(
                Prices(standard=Tariff(rates=Rates(input=model.input_price, output=model.output_price))),
            ),
            tier_access=frozenset(DEFAULT_TIERS.names),
        )
        for model in SIMULATED_MODELS
    ]


def _follow(
    models: Records[Model], specs: tuple[ProviderSpec, ...], store: Storehouse, almanac: Almanac
) -> LiveCatalog:
    """A catalog that changes with the rows."""

    catalog = LiveCatalog((), specs, store.clock, store.settings.strict_models, almanac)

    def take_over() -> None:
        records = models.list()
        catalog.replace(
            (record.value for record in records),
            {record.key: record.revision for record in records},
        )

    async def changed(*_: object) -> None:
        take_over()

    take_over()
    models.subscribe(changed)
    return catalog


def _classify(
    catalog: LiveCatalog, classes: Records[ProviderClasses], specs: tuple[ProviderSpec, ...]
) -> None:
    """Have the catalog follow what the providers' classes mean."""

    async def changed(*_: object) -> None:
        catalog.declare(with_classes(specs, classes.export()))

    catalog.declare(with_classes(specs, classes.export()))
    classes.subscribe(changed)


def _flags(edited: Records[Flag], store: Storehouse) -> Flags:
    """Flags that change with the records, under what the environment holds of them."""
    flags = Flags(store.secret.derive("flags v1"), store.settings.flags)

    async def changed(*_: object) -> None:
        flags.follow(edited.export())

    flags.follow(edited.export())
    edited.subscribe(changed)
    return flags


def _prober(health: Health, directory: Directory, way: Transport, store: Storehouse) -> Prober:
    """Looks after real providers; the simulated one is never away."""
    return Prober(
        health,
        [provider for provider in directory if provider.name != SIMULATED],
        way,
        store.clock,
        every_s=store.settings.probe_every,
        rng=random.Random(),  # noqa: S311 (jitter, no secret)
    )


def _hold(breakers: MemoryBreakers, forced: Records[ForcedBreaker]) -> None:
    """Have the breakers follow what admins say of them."""

    async def changed(*_: object) -> None:
        breakers.hold(forced.export())

    breakers.hold(forced.export())
    forced.subscribe(changed)
