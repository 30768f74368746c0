"""The whole HTTP surface of a Baton, built from its parts."""

import re

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
from baton.api.admin.experiments import ExperimentRoutes
from baton.api.admin.fallbacks import FallbackRoutes
from baton.api.admin.flags import FlagRoutes
from baton.api.admin.health import HealthReports
from baton.api.admin.keys import KeyRoutes
from baton.api.admin.model_switches import ModelSwitches
from baton.api.admin.model_tests import ModelTests
from baton.api.admin.models import ModelRoutes, ModelTransfer
from baton.api.admin.penalties import PenaltyRoutes
from baton.api.admin.rehearsals import RehearsalRoutes
from baton.api.admin.routing_rules import RoutingRuleRoutes
from baton.api.admin.routing_weights import RoutingWeightRoutes
from baton.api.admin.sign_ins import SignInRoutes
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
from baton.api.front import Asgi, Front
from baton.api.hot import Door, HotRoute
from baton.api.metrics import Scrape, registry_of
from baton.api.native import batch, chat
from baton.api.native.batch import BatchChat
from baton.api.native.budgets import OwnBudgetRoutes
from baton.api.native.chat import NativeChat
from baton.api.native.feedback import FeedbackRoutes
from baton.api.native.health import HealthRoutes
from baton.api.native.interactions import InteractionRoutes
from baton.api.native.me import MeRoutes
from baton.api.native.model_info import ModelInfoRoutes
from baton.api.native.models import ModelRoutes as NativeModels
from baton.api.native.opting_out import OptOutRoutes
from baton.api.native.preferences import PreferenceRoutes
from baton.api.native.projects import ProjectRoutes
from baton.api.native.receipt import ReceiptRoutes
from baton.api.native.route_suggest import RouteSuggestRoutes
from baton.api.native.usage import UsageRoutes
from baton.api.once import Repeats
from baton.api.others import Border
from baton.api.permitted import Permitted
from baton.api.probes import Probes
from baton.app import App
from baton.core.caller import Scope
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


def build(app: App, closing: Closing | None = None, scrape: Scrape | None = None) -> Asgi:
    """What the server calls for each request. `closing`: whoever begins it has new requests refused;
    `scrape`: what `/metrics` tells, where this process is not all of Baton."""
    closing = closing or Closing()
    store = app.store
    limit = int(store.settings.max_body_mib * _MIB)
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

    chats = {path: route(speech) for path, speech in _SPEECHES.items()}
    errands = {
        ROOT + task.path: HotRoute(door, Errands(task, app.gateway), _SCOPES[task.service], once)
        for task in TASKS.values()
    }
    counts = {
        messages.COUNT_PATH: count(messages.COUNT_SPEECH),
        responses.COUNT_PATH: count(responses.COUNT_SPEECH),
    }
    hot: dict[str, Asgi] = {**chats, **counts, **errands}
    below = dict.fromkeys(PREFIXES, GenerationRoutes(route, count).at)
    native = HotRoute(door, NativeChat(app.gateway, app.keyring.standing_in), Scope.CHAT, once)
    many = HotRoute(
        door,
        BatchChat(app.gateway, app.keyring.standing_in, once, store.new_id, store.clock),
        Scope.CHAT,
        once,
    )
    framework = FastAPI(
        title="Baton", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    framework.state.keyring = app.keyring
    framework.state.reception = app.reception
    framework.state.count = app.admitting.passages.count
    outside = framework.state.outside = Outside(store.settings.trusted_proxies, store.settings.public_url)
    # These are served before they get here; as routes they refuse other methods by themselves.
    framework.router.routes.extend(Route(path, route, methods=["POST"]) for path, route in hot.items())
    framework.router.routes.append(Route(chat.PATH, native, methods=["POST"]))
    framework.router.routes.append(Route(batch.PATH, many, methods=["POST"]))
    condition = Condition(app)
    permitted = Permitted(app.catalog, app.directory)
    own_budgets = OwnBudgets(app.edited.own_limits, app.admitting.books, app.statements, app.ledger.spending)
    for routes in (
        CompatModels(permitted),
        GenerativeModels(permitted),
        NativeModels(permitted, app.router, app.estimates, app.ledger.habits),
        PreferenceRoutes(app.choices, permitted),
        OptOutRoutes(app.choices),
        UsageRoutes(app.ledger.breakdowns, store.clock, app.admitting.passages.left, own_budgets.hard),
        FlagRoutes(app.edited.flags, app.flags, app.tiers),
        HealthRoutes(condition),
        InteractionRoutes(app.ledger.interactions),
        ModelInfoRoutes(app.ledger.interactions),
        ReceiptRoutes(
            Explanations(
                app.ledger.interactions,
                app.catalog,
                app.admitting.books,
                app.admitting.accounts,
                store.clock,
            )
        ),
        FeedbackRoutes(app.ledger.feedback, store.clock),
        ModelTransfer(app.edited.models, app.tiers),
        ModelSwitches(app.edited.models),
        ClassRoutes(app.edited.classes, app.catalog),
        HealthReports(condition, app.health_keeper, store.settings.health_window),
        BreakerRoutes(app.breakers, app.edited.forced_breakers, app.catalog, app.directory, store.clock),
        RehearsalRoutes(app.rehearsals),
        BacktestRoutes(app.backtests, app.edited.models, app.catalog, app.tiers, store.clock),
        FallbackRoutes(app.edited.chains, app.catalog, app.outlooks, app.tiers),
        RouteSuggestRoutes(app.router),
        RoutingRuleRoutes(app.edited.rules, app.catalog, app.router, app.tiers),
        AgentRoutingRoutes(app.edited.agents, app.catalog, store.settings.agent_providers),
        ExperimentRoutes(app.edited.experiments, app.catalog, app.tiers, app.guarding, app.promotion),
        RoutingWeightRoutes(app.edited.weights, app.catalog),
        ModelTests(app.gateway, store.clock),
        ModelRoutes(app.edited.models, app.edited.classes, app.tiers),
        KeyRoutes(store.identities, app.tiers),
        UserRoutes(store.identities, app.tiers, app.ledger.interactions.any_of),
        MeRoutes(store.identities, app.admitting.books.names_key, store.settings.max_own_keys),
        ProjectRoutes(store.projects),
        OwnBudgetRoutes(own_budgets),
        TierRoutes(app.edited.tiers, app.tiers),
        BudgetRoutes(
            app.edited.budgets,
            app.statements,
            Milestones(store.database),
            app.tiers,
            app.catalog,
        ),
        CacheRoutes(app.cache, app.edited.cache_rules, store.database, store.scribe, store.clock),
        PenaltyRoutes(app.admitting.penalties, store.clock, store.database, store.scribe),
        _audit(app),
        AlertRoutes(app.alerts),
        DoorRoutes(app.reception, outside),
        SessionRoutes(app.reception, outside),
        AccountRoutes(app.reception, outside),
        InvitationRoutes(app.reception, outside),
        SignInRoutes(app.reception, outside),
        Probes(condition, scrape or _alone(app), closing),
        Docs(),
    ):
        routes.attach(framework)
    _summarise(framework)
    return Front(hot, Border(framework, limit), store.new_id, closing, below)


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
