"""Every part of a running Baton, built and closed once."""

import random
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from baton.access.flags.flags import Flags
from baton.access.idempotency.claims import Claims
from baton.access.idempotency.keeper import Keeper as ClaimKeeper
from baton.access.idempotency.kept import Names
from baton.access.identity.first_admin import ensure_first_admin
from baton.access.identity.keyring import Keyring
from baton.access.identity.last_use import LastUse
from baton.access.preferences.user_choices import UserChoices
from baton.access.signin.entities import Invited
from baton.access.signin.reception import Reception, open_reception
from baton.access.signin.seal import Seal
from baton.app.admitting import Admitting, open_admitting
from baton.app.assessing import Assessing, assessing
from baton.app.caching import open_cache
from baton.app.edited import (
    Edited,
    catalog_of,
    data_policies_of,
    draws_of,
    flags_of,
    hold,
    library_of,
    open_edited,
    policy_of,
    rules_of,
    weighing_of,
)
from baton.app.pipelining import Ground, Pipelines, open_pipelines
from baton.app.reaching import open_health, open_reached
from baton.app.sharing import open_common
from baton.app.storehouse import Storehouse, ground, open_store
from baton.app.travelling import Far
from baton.app.watching import backtests_of, rehearsals_of
from baton.catalog.almanac import packaged_almanac
from baton.catalog.data_policy import DataPolicies
from baton.catalog.estimates import Estimates
from baton.catalog.fixed import packaged_table
from baton.catalog.live import LiveCatalog
from baton.catalog.tiers import DEFAULT_TIERS, Tiers
from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.tokens import Tokens
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.preface import Preface
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope, Options
from baton.gateway.admission.budgets import Budget
from baton.gateway.admission.statements import Statements
from baton.gateway.answered import Answered
from baton.gateway.assembly import Parts, assemble
from baton.gateway.cache.cache import Cache
from baton.gateway.counting import Counting
from baton.gateway.draining import Drains
from baton.gateway.experiments.draws import Draws
from baton.gateway.experiments.guard import Guarding
from baton.gateway.experiments.promotion import Promotion
from baton.gateway.fingerprints import Fingerprints
from baton.gateway.gateway import Gateway
from baton.gateway.health.health import Health
from baton.gateway.health.keeper import Keeper
from baton.gateway.opening import Arrival, Openings
from baton.gateway.resilience.breaker import Limits as BreakerLimits
from baton.gateway.resilience.breakers import KnownBreakers
from baton.gateway.routing.conditions import DataRules
from baton.gateway.routing.gain.model import load_gain_model
from baton.gateway.routing.judgements import Judgements
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.outlook import Outlooks
from baton.gateway.routing.prompts import Prompts
from baton.gateway.routing.standing import Standing
from baton.gateway.routing.tasks.reading import load_task_reader
from baton.gateway.shaping.preface import PrefaceOf
from baton.ledger.heir import Inheritance
from baton.ledger.ledger import Ledger, open_ledger, open_ledger_without_files
from baton.ledger.settings import JournalKind
from baton.prompts.library import Library
from baton.records.audit.entry import SYSTEM
from baton.settings import Settings
from baton.upstream.calls import Upstream
from baton.upstream.directory import Directory, declared
from baton.upstream.providers.simulated.simulation import Simulation
from baton.watch.alerts.alerts import Alerts
from baton.watch.alerts.store import AlertStore
from baton.watch.backtest.backtests import Backtests
from baton.watch.rehearsal.rehearsals import Rehearsals

_LEDGERS = {JournalKind.FILE: open_ledger, JournalKind.DATABASE: open_ledger_without_files}


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Every part of a running Baton."""

    store: Storehouse
    keyring: Keyring
    reception: Reception
    tiers: Tiers
    edited: Edited
    admitting: Admitting
    statements: Statements
    choices: UserChoices
    claims: Claims
    claim_names: Names
    flags: Flags
    catalog: LiveCatalog
    estimates: Estimates
    directory: Directory
    data_policies: DataPolicies
    library: Library
    preface_of: PrefaceOf
    """What requests are served with."""
    router: LiveRouter
    outlooks: Outlooks
    upstream: Upstream
    breakers: KnownBreakers
    health: Health
    health_keeper: Keeper
    ledger: Ledger
    gateway: Gateway
    pipelines: Pipelines
    cache: Cache
    assessing: Assessing
    """What is said of answers once they were given."""
    judgements: Judgements
    promotion: Promotion
    guarding: Guarding
    drains: Drains
    counting: Counting
    tokens: Tokens
    simulation: Simulation
    alerts: Alerts
    rehearsals: Rehearsals
    backtests: Backtests
    first_key: str | None = field(repr=False)
    """The first admin's key, if this start made it."""
    first_invitation: Invited | None = field(repr=False)
    """By which the first admin chooses a password, if this start made them."""


@asynccontextmanager
async def open_app(
    settings: Settings,
    clock: Clock | None = None,
    specs: tuple[ProviderSpec, ...] | None = None,
    breaking: BreakerLimits | None = None,
    budgets: Sequence[Budget] | None = None,
) -> AsyncGenerator[App]:
    """Open everything that `baton serve` needs. `specs`: the providers, where not those that Baton ships;
    `breaking`: when breakers open, `budgets`: those that a new installation begins with, where not as usual.

    Raises:
        Unavailable: as `open_store`, or the journal cannot be written.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings, clock))
        common = await stack.enter_async_context(open_common(store, breaking))
        first_key = await ensure_first_admin(store.identities, settings.data_dir)
        keyring = await _open_keyring(stack, store)
        reception = await stack.enter_async_context(
            open_reception(ground(store), common.throttle, settings.lifetimes)
        )
        alerts = await _open_alerts(stack, store)
        specs = declared() if specs is None else specs
        claims = await _open_claims(stack, store)
        edited = await open_edited(stack, store, specs, budgets)
        choices = await stack.enter_async_context(
            UserChoices(store.database, store.notices, store.clock, store.scribe)
        )
        flags = flags_of(edited.flags, store)
        common.breakers.listen(alerts)
        hold(common.breakers, edited.forced_breakers)
        almanac = packaged_almanac()
        catalog = catalog_of(edited, specs, store, almanac)
        reached = await open_reached(stack, store, specs)
        directory = reached.directory
        library, draws = library_of(edited), draws_of(edited.experiments, store)
        preface_of = partial(_preface, library, draws)
        data_policies = data_policies_of(edited.data_policies, directory)
        tokens = Tokens(almanac.calibration, await stack.enter_async_context(Tokenizer()))
        ledger = await stack.enter_async_context(_open_ledger(store))
        drains = await stack.enter_async_context(Drains(settings.aborted_streams, tokens.worth))
        admitting = await stack.enter_async_context(
            open_admitting(store, common, edited, keyring, ledger, catalog, alerts)
        )
        keeper = await open_health(stack, store, common.health, directory, reached.http)
        cache = await open_cache(stack, store, edited, admitting)
        promotion = Promotion(edited.experiments, edited.rules, edited.prompts)
        guarding = await stack.enter_async_context(Guarding(edited.experiments, ledger.trials, promotion))

        def answer(caller: Caller, envelope: Envelope, arrival: Arrival) -> Awaitable[Answered]:
            return assembly.gateway.answer(caller, envelope, arrival)

        quality = await assessing(edited, store, library, choices, keyring, answer)
        judgements = await stack.enter_async_context(
            Judgements(ledger.feedback, store.clock, grades=quality.figures)
        )
        parts = Parts(
            policy=policy_of(settings, edited),
            catalog=catalog,
            directory=directory,
            upstream=reached.upstream,
            breakers=common.breakers,
            health=common.health,
            observers=(alerts,),
            admission=admitting.admission,
            openings=Openings(ledger.book, store.clock, Fingerprints(store.secret.derive("prompts v1"))),
            drains=drains,
            standing=_standing(choices, flags, edited, store, draws),
            weighing=weighing_of(edited.weights),
            data=DataRules(policies=data_policies.current, of_project=keyring.required_by),
            judged=judgements.judged,
            preface_of=preface_of,
            prompts=Prompts(load_task_reader, load_gain_model),
            cache=cache,
            samples=quality.sampler,
            clock=store.clock,
            rng=random.Random(),  # noqa: S311 (jitter, no secret)
        )
        assembly = assemble(parts)
        if assembly.recalling is not None:
            stack.push_async_callback(assembly.recalling.close)
        await stack.enter_async_context(quality.sampler)
        if common.links is not None:
            await stack.enter_async_context(common.links.replication)
        ground_of_runs = Ground(
            keyring=keyring,
            library=library,
            edited=edited,
            far=Far(directory, common.breakers),
            gateway=assembly.gateway,
            queue=quality.queue,
        )
        pipelines = await open_pipelines(stack, store, ground_of_runs)
        yield App(
            store=store,
            keyring=keyring,
            reception=reception,
            tiers=DEFAULT_TIERS,
            edited=edited,
            admitting=admitting,
            statements=Statements(admitting.accounts, store.clock, admitting.books),
            choices=choices,
            claims=claims,
            claim_names=Names(store.secret.derive("idempotency names v1")),
            flags=flags,
            catalog=catalog,
            estimates=Estimates(tokens),
            directory=directory,
            data_policies=data_policies,
            library=library,
            preface_of=preface_of,
            router=assembly.router,
            outlooks=assembly.outlooks,
            gateway=assembly.gateway,
            pipelines=pipelines,
            cache=cache,
            assessing=quality,
            judgements=judgements,
            promotion=promotion,
            guarding=guarding,
            upstream=reached.upstream,
            breakers=common.breakers,
            health=common.health,
            health_keeper=keeper,
            ledger=ledger,
            drains=drains,
            tokens=tokens,
            counting=Counting(
                assembly.router,
                admitting.passages,
                directory,
                reached.upstream,
                tokens,
                store.clock,
                preface_of,
            ),
            simulation=reached.simulation,
            alerts=alerts,
            rehearsals=rehearsals_of(parts, edited.forced_breakers, store, ledger),
            backtests=backtests_of(parts, edited, choices, store, ledger),
            first_key=first_key,
            first_invitation=None if first_key is None else await _invite_first(store, reception),
        )


def _standing(
    choices: UserChoices, flags: Flags, edited: Edited, store: Storehouse, draws: Draws
) -> Standing:
    """What holds for callers, whoever says it."""
    rules = rules_of(edited, store.settings)
    return Standing(choices.of, flags, packaged_table(), rules, draws.trial_of)


def _preface(library: Library, draws: Draws, caller: Caller, options: Options) -> Preface | None:
    """What somebody's request is served with: of a prompt whose versions are compared that of their arm."""
    return library.preface(options, partial(draws.version_of, caller, options))


async def _open_keyring(stack: AsyncExitStack, store: Storehouse) -> Keyring:
    """Every key at hand, and a note of when each was used."""
    keyring = await stack.enter_async_context(
        Keyring(store.database, store.notices, store.mint, store.clock, store.settings.master_key)
    )
    await stack.enter_async_context(LastUse(store.database, keyring))
    return keyring


async def _open_claims(stack: AsyncExitStack, store: Storehouse) -> Claims:
    """What is to be done once for each key of a caller's, and its answers."""
    seal = Seal(store.secret.derive("idempotency seal v1"))
    claims = Claims(store.database, seal, store.clock, store.new_id())
    await stack.enter_async_context(ClaimKeeper(claims))
    return claims


async def _open_alerts(stack: AsyncExitStack, store: Storehouse) -> Alerts:
    """What somebody must know of, the audit first."""
    alerts = await stack.enter_async_context(Alerts(AlertStore(store.database, store.new_id), store.clock))
    store.scribe.listen(alerts.suspect_audit)
    if not store.audit_holds:
        alerts.suspect_audit()
    return alerts


def _open_ledger(store: Storehouse) -> AbstractAsyncContextManager[Ledger]:
    settings = store.settings
    return _LEDGERS[settings.journal](
        settings.data_dir / "journal",
        store.database,
        store.new_id,
        when_full=settings.ledger_full,
        inheritance=Inheritance(expected=settings.redis_url is not None),
    )


async def _invite_first(store: Storehouse, reception: Reception) -> Invited:
    """Let the first admin choose a password."""
    first, *_ = await store.identities.users()
    return await reception.invitations.invite(first.id, SYSTEM)
