"""Who looks at what might have been: rehearsed outages, and decisions of the past made again."""

from baton.access.preferences.user_choices import UserChoices
from baton.app.edited import Edited
from baton.app.storehouse import Storehouse
from baton.gateway.assembly import Parts
from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.routing.observed import Observed
from baton.ledger.ledger import Ledger
from baton.ledger.named import NamedModels
from baton.ledger.past import Past
from baton.records.store import Records
from baton.watch.backtest.backtests import Backtests
from baton.watch.backtest.side import Deciding
from baton.watch.rehearsal.rehearsals import Rehearsals
from baton.watch.rehearsal.stage import Configuration


def rehearsals_of(
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


def backtests_of(
    parts: Parts, edited: Edited, choices: UserChoices, store: Storehouse, ledger: Ledger
) -> Backtests:
    """Decisions of the past are made again by what makes them here."""
    deciding = Deciding(
        catalog=parts.catalog,
        directory=parts.directory,
        stand_ins=parts.policy.stand_ins,
        chain=parts.policy.chain,
        way=parts.standing.way,
        rules=edited.rules.export,
        agents=edited.agents.export,
        agent_providers=store.settings.agent_providers,
        weighing=parts.weighing,
        policies=parts.data.policies,
        observed=lambda: Observed(parts.health.seen(), parts.judged()),
        choices=choices.of,
    )
    return Backtests(deciding, Past(store.database, ledger.flush), store.clock)
