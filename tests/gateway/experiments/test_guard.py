"""Who stops arms, and promotes winners, by what the ledger says."""

import pytest
from msgspec.structs import replace

from baton.app import App
from baton.gateway.experiments.conduct import drawn_up
from baton.gateway.experiments.experiment import Arm, Experiment, Guard, Scope, Status
from baton.gateway.experiments.statistics import LEAST_USERS
from baton.ledger.rows import Cost
from baton.records.audit.entry import Actor
from tests.conftest import StartBaton
from tests.gateway.experiments.samples import an_experiment
from tests.ledger.samples import a_settled, an_attempt, an_opened

ADMIN = Actor(id="admin", source="tests")
EACH = 6
"""Requests of a user."""


@pytest.fixture
async def app(start_baton: StartBaton) -> App:
    return (await start_baton()).app


async def begun(app: App, experiment: Experiment | None = None) -> Experiment:
    """An experiment that runs."""
    return (await app.edited.experiments.put(experiment or an_experiment(), ADMIN, None)).value


def ask(
    app: App, experiment: Experiment, arm: Arm, users: int, *, failing: int = 0, cost: float = 1.0
) -> None:
    """Have so many users ask for something, `EACH` times; `failing` of ten requests fail."""
    for user in range(users):
        for request in range(EACH):
            id = app.store.new_id()
            place = {"experiment": experiment.name, "arm": arm.name, "phase": experiment.phase}
            app.ledger.book.opened(an_opened(id, user_id=f"{arm.name}-{user}", **place))
            status = "server" if (user * EACH + request) % 10 < failing else "ok"
            attempt = an_attempt(cost=Cost(input_nanos=int(1e6 * cost * (1 + user / users))))
            app.ledger.book.settled(a_settled(id, status=status, attempts=(attempt,), latency_ms=500 + user))


async def now(app: App) -> Experiment:
    await app.guarding.look()
    return app.edited.experiments.get("try").value


async def test_an_arm_that_is_shown_to_fail_more_often_is_stopped(app: App) -> None:
    """Once it is shown and not before; with the lower end of the interval as the reason."""
    experiment = await begun(app)
    for arm, failing in zip(experiment.arms, (1, 5), strict=True):
        ask(app, experiment, arm, LEAST_USERS - 1, failing=failing)
    assert (await now(app)).status is Status.RUNNING
    for arm, failing in zip(experiment.arms, (1, 5), strict=True):
        ask(app, experiment, arm, 2 * LEAST_USERS, failing=failing)
    ended = await now(app)
    assert ended.status is Status.STOPPED
    assert str(ended.arm("one").stopped).startswith("It fails more often than the control, by at least ")


async def test_bounds_say_how_much_worse_an_arm_may_be(app: App) -> None:
    """A dearer arm goes on where nothing is said of cost, or more is allowed than is shown."""
    experiment = await begun(app)
    for arm, cost in zip(experiment.arms, (1.0, 2.0), strict=True):
        ask(app, experiment, arm, 3 * LEAST_USERS, cost=cost)
    for guard, status in (
        (Guard(), Status.RUNNING),
        (Guard(max_cost_increase=1.0), Status.RUNNING),
        (Guard(is_enabled=False, max_cost_increase=0.2), Status.RUNNING),
        (Guard(max_cost_increase=0.2), Status.STOPPED),
    ):
        record = app.edited.experiments.get("try")
        asked = drawn_up(replace(record.value, guard=guard), record.value)
        await app.edited.experiments.put(asked, ADMIN, record.revision)
        assert (await now(app)).status is status, guard
    assert "dearer" in str((await now(app)).arm("one").stopped)


async def test_a_winner_is_promoted_where_that_was_wished_for(app: App) -> None:
    """Not before it has won; by Baton itself, as the rule of the scope's use cases."""
    experiment = await begun(app, an_experiment(promotes=True, scope=Scope(use_cases=("ode",))))
    assert (await now(app)).status is Status.RUNNING
    for arm, cost in zip(experiment.arms, (2.0, 1.0), strict=True):
        ask(app, experiment, arm, 3 * LEAST_USERS, cost=cost)
    assert (await now(app)).status is Status.STOPPED
    rule = app.edited.rules.get("ode")
    assert (rule.value.preferred, rule.changed_by) == (experiment.arm("one").models, "system")
    record = app.edited.experiments.get("try")
    await app.edited.experiments.undo("try", ADMIN, record.revision)
    assert (await now(app)).status is Status.RUNNING  # whoever took it back knows
