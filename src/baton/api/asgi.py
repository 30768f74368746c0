"""The whole HTTP surface of a Baton, built from its parts."""

import re
from collections.abc import Iterator
from typing import Protocol

from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from baton.api.admin.agent_routing import AgentRoutingRoutes
from baton.api.admin.alerts import AlertRoutes
from baton.api.admin.audit import AuditRoutes
from baton.api.admin.backtests import BacktestRoutes
from baton.api.admin.breakers import BreakerRoutes
from baton.api.admin.budgets import BudgetRoutes
from baton.api.admin.cache import CacheRoutes
from baton.api.admin.classes import ClassRoutes
from baton.api.admin.data_policies import DataPolicyRoutes
from baton.api.admin.experiments import ExperimentRoutes
from baton.api.admin.fallbacks import FallbackRoutes
from baton.api.admin.flags import FlagRoutes
from baton.api.admin.health import HealthReports
from baton.api.admin.keys import KeyRoutes
from baton.api.admin.model_switches import ModelSwitches
from baton.api.admin.model_tests import ModelTests
from baton.api.admin.models import ModelRoutes, ModelTransfer
from baton.api.admin.penalties import PenaltyRoutes
from baton.api.admin.personas import PersonaRoutes
from baton.api.admin.prompts import PromptRoutes
from baton.api.admin.quality import QualityRoutes
from baton.api.admin.rehearsals import RehearsalRoutes
from baton.api.admin.routing_rules import RoutingRuleRoutes
from baton.api.admin.routing_weights import RoutingWeightRoutes
from baton.api.admin.sign_ins import SignInRoutes
from baton.api.admin.spots import SpotRoutes
from baton.api.admin.tiers import TierRoutes
from baton.api.admin.users import UserRoutes
from baton.api.allowances import Allowances
from baton.api.auth.account import AccountRoutes
from baton.api.auth.door import DoorRoutes
from baton.api.auth.invitations import InvitationRoutes
from baton.api.auth.outside import Outside
from baton.api.auth.sessions import SessionRoutes
from baton.api.closing import Closing
from baton.api.compat import messages, responses
from baton.api.compat.chat import Chat, Speech, read_completion
from baton.api.compat.counting import Counts, CountSpeech
from baton.api.compat.errands import ROOT, Errands
from baton.api.compat.generation import PREFIXES, GenerationRoutes
from baton.api.compat.generative_models import GenerativeModels
from baton.api.compat.models import CompatModels
from baton.api.condition import Condition
from baton.api.docs import Docs
from baton.api.front import Asgi, At, Front
from baton.api.hot import Door, HotRoute
from baton.api.metrics import Scrape, registry_of
from baton.api.native import batch, chat
from baton.api.native.agents import AGENTS, STREAM_PATH, AgentRoute, TaskStream
from baton.api.native.batch import BatchChat
from baton.api.native.budgets import OwnBudgetRoutes
from baton.api.native.chat import NativeChat
from baton.api.native.documents import DocumentRoutes
from baton.api.native.feedback import FeedbackRoutes
from baton.api.native.health import HealthRoutes
from baton.api.native.interactions import InteractionRoutes
from baton.api.native.itineraries import ItineraryRoutes
from baton.api.native.me import MeRoutes
from baton.api.native.model_info import ModelInfoRoutes
from baton.api.native.models import ModelRoutes as NativeModels
from baton.api.native.opting_out import OptOutRoutes
from baton.api.native.outputs import OutputRoutes
from baton.api.native.preferences import PreferenceRoutes
from baton.api.native.projects import ProjectRoutes
from baton.api.native.receipt import ReceiptRoutes
from baton.api.native.route_suggest import RouteSuggestRoutes
from baton.api.native.runs import RunRoutes
from baton.api.native.usage import UsageRoutes
from baton.api.once import Repeats
from baton.api.others import Border
from baton.api.permitted import Permitted
from baton.api.probes import Probes
from baton.app import App
from baton.core.caller import Caller, Scope
from baton.core.provider import Service
from baton.gateway.admission.own import OwnBudgets
from baton.records.audit.exports import Exports
from baton.records.audit.keys import AuditKeys
from baton.records.audit.trail import Trail
from baton.records.audit.verification import Verification
from baton.records.audit.witness import Witness
from baton.upstream.dialects.openai.codec import CODEC as OPENAI
from baton.upstream.errands.registry import TASKS
from baton.watch.alerts.milestones import Milestones
from baton.watch.explanation import Explanations

_CLAUSE_END = re.compile(r"[.:;(\n]")
_MIB = 1024 * 1024
_SPEECHES = {
    "/v1/chat/completions": Speech(OPENAI, read_completion),
    messages.PATH: messages.SPEECH,
    responses.PATH: responses.SPEECH,
}


_SCOPES = {
    Service.EMBEDDINGS: Scope.EMBEDDINGS,
    Service.IMAGES: Scope.IMAGES,
    Service.TRANSCRIPTIONS: Scope.AUDIO,
    Service.MODERATIONS: Scope.MODERATIONS,
}


class Routes(Protocol):
    """Some routes that belong together."""

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        ...


def build(app: App, closing: Closing | None = None, scrape: Scrape | None = None) -> Asgi:
    """What the server calls for each request. `closing`: whoever begins it has new requests refused;
    `scrape`: what `/metrics` tells, where this process is not all of Baton."""
    closing = closing or Closing()
    store = app.store
    limit = int(store.settings.max_body_mib * _MIB)
    hot, native, below = _hot(app, limit)
    framework = FastAPI(
        title="Baton", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    framework.state.keyring = app.keyring
    framework.state.reception = app.reception
    framework.state.count = app.admitting.passages.count
    outside = framework.state.outside = Outside(store.settings.trusted_proxies, store.settings.public_url)
    # The hot ones are served before they get here; as routes they refuse other methods by themselves.
    for path, route in (*hot.items(), *native.items()):
        framework.router.routes.append(Route(path, route, methods=["POST"]))
    condition = Condition(app)
    for routes in (
        *_for_callers(app, condition),
        *_for_runs(app, closing),
        *_for_admins(app, condition),
        *_at_the_door(app, outside),
        Probes(condition, scrape or _alone(app), closing),
        Docs(),
    ):
        routes.attach(framework)
    _summarise(framework)
    return Front(hot, Border(framework, limit), store.new_id, closing, below)


def _hot(app: App, limit: int) -> tuple[dict[str, Asgi], dict[str, Asgi], dict[str, At]]:
    """The routes that ask models: those that the framework never sees, the native ones, and those of whole
    prefixes. `limit`: bytes of a body."""
    store = app.store
    door = Door(
        app.keyring.authenticate,
        Allowances(app.admitting.passages.allowance, store.clock).lines,
        store.clock,
        limit,
    )
    once = Repeats(app.claims, app.claim_names, app.admitting.passages.count)

    def route(speech: Speech) -> HotRoute:
        return HotRoute(door, Chat(speech, app.gateway), Scope.CHAT, once)

    def count(speech: CountSpeech) -> HotRoute:
        return HotRoute(door, Counts(speech, app.counting), Scope.CHAT)

    errands = {
        ROOT + task.path: HotRoute(door, Errands(task, app.gateway), _SCOPES[task.service], once)
        for task in TASKS.values()
    }
    hot: dict[str, Asgi] = {
        **{path: route(speech) for path, speech in _SPEECHES.items()},
        messages.COUNT_PATH: count(messages.COUNT_SPEECH),
        responses.COUNT_PATH: count(responses.COUNT_SPEECH),
        **errands,
    }
    many = BatchChat(app.gateway, app.keyring.standing_in, once, store.new_id, store.clock)
    native: dict[str, Asgi] = {
        chat.PATH: HotRoute(door, NativeChat(app.gateway, app.keyring.standing_in), Scope.CHAT, once),
        batch.PATH: HotRoute(door, many, Scope.CHAT, once),
        **{
            path: HotRoute(door, AgentRoute(kind, app.pipelines.desk), Scope.CHAT, once)
            for path, kind in AGENTS.items()
        },
        STREAM_PATH: HotRoute(door, TaskStream(app.gateway, app.pipelines.outputs.save), Scope.CHAT, once),
    }
    return hot, native, dict.fromkeys(PREFIXES, GenerationRoutes(route, count).at)


def _for_callers(app: App, condition: Condition) -> Iterator[Routes]:
    """What everybody with a key may ask."""
    store, admitting, ledger = app.store, app.admitting, app.ledger
    permitted = Permitted(app.catalog, app.directory)
    own_budgets = OwnBudgets(app.edited.own_limits, admitting.books, app.statements, ledger.spending)
    explanations = Explanations(
        ledger.interactions, app.catalog, admitting.books, admitting.accounts, store.clock
    )
    yield CompatModels(permitted)
    yield GenerativeModels(permitted)
    yield NativeModels(permitted, app.router, app.estimates, ledger.habits)
    yield RouteSuggestRoutes(app.router, app.preface_of)
    yield PreferenceRoutes(app.choices, permitted)
    yield OptOutRoutes(app.choices)
    yield UsageRoutes(ledger.breakdowns, store.clock, admitting.passages.left, own_budgets.hard)
    yield HealthRoutes(condition)
    yield InteractionRoutes(ledger.interactions, app.assessing.queue)
    yield ModelInfoRoutes(ledger.interactions)
    yield ReceiptRoutes(explanations)
    yield FeedbackRoutes(ledger.feedback, store.clock)
    yield MeRoutes(store.identities, admitting.books.names_key, store.settings.max_own_keys)
    yield ProjectRoutes(store.projects)
    yield OwnBudgetRoutes(own_budgets)


def _for_runs(app: App, closing: Closing) -> Iterator[Routes]:
    """What takes many calls."""
    once = Repeats(app.claims, app.claim_names, app.admitting.passages.count)

    def still(caller: Caller) -> Caller:
        return app.keyring.holder(caller.user_id, caller.key_id)

    yield RunRoutes(app.pipelines, app.store.projects, once, closing, still)
    yield OutputRoutes(app.pipelines.outputs, app.store.projects)
    yield DocumentRoutes(app.pipelines.reader, app.pipelines.shelf, app.store.projects)
    travelling = app.pipelines.travelling
    yield ItineraryRoutes(
        app.pipelines.worker,
        travelling.itineraries,
        travelling.allowance,
        app.store.projects,
        once,
        closing,
    )


def _for_admins(app: App, condition: Condition) -> Iterator[Routes]:
    """What only admins, and some of it analysts, may ask."""
    store, edited, catalog, tiers = app.store, app.edited, app.catalog, app.tiers
    yield FlagRoutes(edited.flags, app.flags, tiers)
    yield ModelTransfer(edited.models, tiers)
    yield ModelSwitches(edited.models)
    yield ClassRoutes(edited.classes, catalog)
    yield DataPolicyRoutes(edited.data_policies, app.data_policies, app.directory)
    yield HealthReports(condition, app.health_keeper, store.settings.health_window)
    yield BreakerRoutes(app.breakers, edited.forced_breakers, catalog, app.directory, store.clock)
    yield RehearsalRoutes(app.rehearsals)
    yield BacktestRoutes(app.backtests, edited.models, catalog, tiers, store.clock)
    yield FallbackRoutes(edited.chains, catalog, app.outlooks, tiers)
    yield RoutingRuleRoutes(edited.rules, catalog, app.router, tiers)
    yield AgentRoutingRoutes(edited.agents, catalog, store.settings.agent_providers)
    yield ExperimentRoutes(
        edited.experiments, catalog, tiers, app.guarding, app.promotion, edited.prompt_versions
    )
    yield RoutingWeightRoutes(edited.weights, catalog)
    yield PromptRoutes(
        edited.prompts,
        edited.prompt_versions,
        app.library,
        app.ledger.wordings,
        app.assessing.figures,
        catalog,
        app.gateway,
        store.clock,
    )
    yield PersonaRoutes(edited.personas)
    yield SpotRoutes(edited.spots)
    quality = app.assessing
    yield QualityRoutes(
        edited.quality_rules, quality.queue, quality.figures, quality.sampler, catalog, store.clock
    )
    yield ModelTests(app.gateway, store.clock)
    yield ModelRoutes(edited.models, edited.classes, tiers)
    yield KeyRoutes(store.identities, tiers)
    yield UserRoutes(store.identities, tiers, app.ledger.interactions.any_of)
    yield TierRoutes(edited.tiers, tiers)
    yield BudgetRoutes(edited.budgets, app.statements, Milestones(store.database), tiers, catalog)
    yield CacheRoutes(app.cache, edited.cache_rules, store.database, store.scribe, store.clock)
    yield PenaltyRoutes(app.admitting.penalties, store.clock, store.database, store.scribe)
    yield _audit(app)
    yield AlertRoutes(app.alerts)


def _at_the_door(app: App, outside: Outside) -> Iterator[Routes]:
    """How people come in."""
    yield DoorRoutes(app.reception, outside)
    yield SessionRoutes(app.reception, outside)
    yield AccountRoutes(app.reception, outside)
    yield InvitationRoutes(app.reception, outside)
    yield SignInRoutes(app.reception, outside)


def _audit(app: App) -> AuditRoutes:
    store = app.store
    keys = AuditKeys.derived(store.secret.derive)
    trail = Trail(store.database, keys)
    exports = Exports(store.database, trail, store.scribe, store.clock)
    verification = Verification(store.database, keys, Witness(store.settings.data_dir), store.scribe)
    return AuditRoutes(trail, exports, verification, app.alerts)


def _alone(app: App) -> Scrape:
    registry = registry_of(app)

    async def scrape() -> CollectorRegistry:
        return registry

    return scrape


def _summarise(framework: FastAPI) -> None:
    """In the description each route is called by its first clause, not by its function's name."""
    for route in framework.routes:
        if isinstance(route, APIRoute) and route.summary is None:
            route.summary = _CLAUSE_END.split(route.description, maxsplit=1)[0].strip()
