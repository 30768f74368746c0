"""What admins edit, and the parts that follow it."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from msgspec import Struct

from baton.access.flags.flag import PACKAGED, Flag, flags_kind
from baton.access.flags.flags import Flags
from baton.app.storehouse import Storehouse
from baton.catalog.almanac import Almanac
from baton.catalog.chains import FallbackChain, chains_kind, followers, packaged_chains
from baton.catalog.classes import ProviderClasses, classes_kind, declared_classes, with_classes
from baton.catalog.data_policy import DataPolicies, DataPolicy, data_policies_kind
from baton.catalog.kind import model_kind
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.seed import packaged_models, seed
from baton.catalog.tiers import DEFAULT_TIERS, Tier, packaged_tiers, tiers_kind
from baton.core.profile import Profile
from baton.core.provider import ProviderSpec
from baton.gateway.admission.budgets import Budget, budgets_kind, first_budgets
from baton.gateway.admission.own import OwnLimit, own_limits_kind
from baton.gateway.assembly import Policy
from baton.gateway.cache.rules import CacheRule, cache_rules_kind
from baton.gateway.experiments.draws import Draws
from baton.gateway.experiments.experiment import Experiment, experiments_kind
from baton.gateway.resilience.breakers import KnownBreakers
from baton.gateway.resilience.courses import RetryOf
from baton.gateway.resilience.forced import ForcedBreaker, forced_kind
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.router import WeighingOf
from baton.gateway.routing.rules.agents import AgentRouting, agents_kind, packaged_agents
from baton.gateway.routing.rules.rules import Rules
from baton.gateway.routing.rules.use_cases import UseCaseRule, packaged_rules, rules_kind
from baton.gateway.routing.weighing import DEFAULT, USUAL, Weighing, packaged_weighings, weighings_kind
from baton.pipelines.itinerary.crew import FACTS_RULE
from baton.pipelines.itinerary.spots import Spot, sample_spots, spots_kind
from baton.prompts.library import Library
from baton.prompts.persona import Persona, personas_kind
from baton.prompts.prompt import Prompt, PromptVersion, prompts_kind, versions_kind
from baton.prompts.shipped import shipped_personas, shipped_prompts
from baton.quality.rules import QualityRule, quality_rules_kind
from baton.quality.traffic.drawing import Drawing
from baton.records.kind import Record, RecordKind
from baton.records.store import Records
from baton.settings import Settings
from baton.upstream.directory import Directory
from baton.upstream.providers.simulated import MODELS as SIMULATED_MODELS

T = TypeVar("T", bound=Struct)

SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What admins edit, in the database and at hand."""

    models: Records[Model]
    classes: Records[ProviderClasses]
    data_policies: Records[DataPolicy]
    chains: Records[FallbackChain]
    rules: Records[UseCaseRule]
    agents: Records[AgentRouting]
    weights: Records[Weighing]
    experiments: Records[Experiment]
    cache_rules: Records[CacheRule]
    tiers: Records[Tier]
    forced_breakers: Records[ForcedBreaker]
    budgets: Records[Budget]
    own_limits: Records[OwnLimit]
    flags: Records[Flag]
    prompts: Records[Prompt]
    prompt_versions: Records[PromptVersion]
    personas: Records[Persona]
    spots: Records[Spot]
    quality_rules: Records[QualityRule]


async def open_edited(
    stack: AsyncExitStack,
    store: Storehouse,
    specs: tuple[ProviderSpec, ...],
    budgets: Sequence[Budget] | None,
) -> Edited:
    """Load what admins edit, and fill what is empty."""

    async def opened(kind: RecordKind[T]) -> Records[T]:
        records = Records(kind, store.database, store.notices, store.clock, store.scribe)
        return await stack.enter_async_context(records)

    edited = Edited(
        models=await opened(model_kind(DEFAULT_TIERS)),
        classes=await opened(classes_kind()),
        data_policies=await opened(data_policies_kind()),
        chains=await opened(chains_kind()),
        rules=await opened(rules_kind()),
        agents=await opened(agents_kind()),
        weights=await opened(weighings_kind()),
        experiments=await opened(experiments_kind()),
        cache_rules=await opened(cache_rules_kind()),
        tiers=await opened(tiers_kind(DEFAULT_TIERS)),
        forced_breakers=await opened(forced_kind()),
        budgets=await opened(budgets_kind()),
        own_limits=await opened(own_limits_kind()),
        flags=await opened(flags_kind()),
        prompts=await opened(prompts_kind()),
        prompt_versions=await opened(versions_kind()),
        personas=await opened(personas_kind()),
        spots=await opened(spots_kind()),
        quality_rules=await opened(quality_rules_kind()),
    )
    await seed(edited.models, [*packaged_models(DEFAULT_TIERS), *simulated_models()])
    await edited.classes.seed(declared_classes(specs))
    await edited.chains.seed(packaged_chains())
    await edited.rules.seed(packaged_rules())
    await edited.agents.seed(packaged_agents())
    await edited.weights.seed(packaged_weighings())
    await edited.tiers.seed(packaged_tiers())
    await edited.budgets.seed(first_budgets(store.settings.first_limits) if budgets is None else budgets)
    await edited.flags.seed(PACKAGED)
    shipped = shipped_prompts()
    there = edited.prompt_versions.snapshot  # made once: not even a newer Baton changes one
    await edited.prompt_versions.seed([each for _, each in shipped if each.reference not in there])
    await edited.prompts.seed([prompt for prompt, _ in shipped])
    await edited.personas.seed(shipped_personas())
    await edited.spots.seed(sample_spots())
    await edited.cache_rules.seed([FACTS_RULE])
    return edited


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


def catalog_of(
    edited: Edited, specs: tuple[ProviderSpec, ...], store: Storehouse, almanac: Almanac
) -> LiveCatalog:
    """A catalog that changes with the rows, and with what the providers' classes mean."""
    classes = edited.classes

    def declared() -> tuple[ProviderSpec, ...]:
        return with_classes(specs, classes.export())

    catalog = LiveCatalog((), declared(), store.clock, store.settings.strict_models, almanac)

    def take_over() -> None:
        records = edited.models.list()
        catalog.replace(
            (record.value for record in records),
            {record.key: record.revision for record in records},
        )

    async def changed(*_: object) -> None:
        take_over()

    async def classified(*_: object) -> None:
        catalog.declare(declared())

    take_over()
    edited.models.subscribe(changed)
    classes.subscribe(classified)
    return catalog


def data_policies_of(stated: Records[DataPolicy], directory: Directory) -> DataPolicies:
    """What becomes of what providers are sent, as the records say it."""
    policies = DataPolicies(provider.name for provider in directory if provider.inside)

    async def changed(*_: object) -> None:
        policies.follow(stated.export())

    policies.follow(stated.export())
    stated.subscribe(changed)
    return policies


def library_of(edited: Edited) -> Library:
    """Prompts and personas that change with the records."""
    library = Library()

    async def prompts_changed(*_: object) -> None:
        library.follow_prompts(edited.prompts.export(), edited.prompt_versions.export())

    async def personas_changed(*_: object) -> None:
        library.follow_personas(edited.personas.export())

    library.follow_prompts(edited.prompts.export(), edited.prompt_versions.export())
    library.follow_personas(edited.personas.export())
    edited.prompts.subscribe(prompts_changed)
    edited.prompt_versions.subscribe(prompts_changed)
    edited.personas.subscribe(personas_changed)
    return library


def flags_of(edited: Records[Flag], store: Storehouse) -> Flags:
    """Flags that change with the records, under what the environment holds of them."""
    flags = Flags(store.secret.derive("flags v1"), store.settings.flags)

    async def changed(*_: object) -> None:
        flags.follow(edited.export())

    flags.follow(edited.export())
    edited.subscribe(changed)
    return flags


def hold(breakers: KnownBreakers, forced: Records[ForcedBreaker]) -> None:
    """Have the breakers follow what admins say of them."""

    async def changed(*_: object) -> None:
        breakers.hold(forced.export())

    breakers.hold(forced.export())
    forced.subscribe(changed)


def rules_of(edited: Edited, settings: Settings) -> Rules:
    """Whose word names models, as the records say it, and the environment of agents' providers."""
    rules, agents = edited.rules, edited.agents

    def rule_of(use_case: str) -> UseCaseRule | None:
        record = rules.snapshot.get(use_case)
        return None if record is None else record.value

    def routing_of(agent: str) -> AgentRouting | None:
        record = agents.snapshot.get(agent)
        return None if record is None else record.value

    return Rules(rule_of, routing_of, settings.agent_providers)


def draws_of(experiments: Records[Experiment], store: Storehouse) -> Draws:
    """Who takes part in which experiment, as the records say it."""
    draws = Draws(store.secret.derive("experiments v1"))

    async def changed(*_: object) -> None:
        draws.follow(experiments.export())

    draws.follow(experiments.export())
    experiments.subscribe(changed)
    return draws


def drawing_of(rules: Records[QualityRule], store: Storehouse) -> Drawing:
    """Which answers are judged, as the records say it."""
    drawing = Drawing(store.secret.derive("quality sampling v1"))

    async def changed(*_: object) -> None:
        drawing.follow(rules.export())

    drawing.follow(rules.export())
    rules.subscribe(changed)
    return drawing


def weighing_of(weights: Records[Weighing]) -> WeighingOf:
    """How scores are weighed at the moment: a profile's own way, or else the default one."""

    def weighing(profile: Profile | None) -> Weighing:
        records = weights.snapshot
        record = records.get((profile or Profile.BALANCED).value) or records.get(DEFAULT)
        return USUAL if record is None else record.value

    return weighing


def policy_of(settings: Settings, edited: Edited) -> Policy:
    """What becomes of failures here."""
    return Policy(
        chain=settings.fallback_chain,
        chains=partial(_chained, edited.chains),
        fallback=settings.fallback,
        retry=_retries(settings.retries, edited.tiers),
        limits=settings.limits,
        stand_ins=frozenset({SIMULATED}),
    )


def _chained(chains: Records[FallbackChain], model: str) -> tuple[str, ...]:
    """What is listed behind a model at the moment."""
    return followers(chains.snapshot, model)


def _retries(always: int | None, tiers: Records[Tier]) -> RetryOf:
    """How a tier's failed calls are made again at the moment; `always`: whatever the tier says."""
    usual = RetryPolicy() if always is None else RetryPolicy(always)
    policies: dict[str, RetryPolicy] = {}

    async def changed(now: Mapping[str, Record[Tier]]) -> None:
        policies.clear()
        policies.update((name, RetryPolicy(record.value.retries)) for name, record in now.items())

    if always is None:
        policies.update((name, RetryPolicy(each.value.retries)) for name, each in tiers.snapshot.items())
        tiers.subscribe(changed)
    return lambda tier: policies.get(tier, usual)
