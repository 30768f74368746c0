"""Who is drawn into which arm."""

from math import sqrt

from hypothesis import given, settings
from hypothesis import strategies as st

from baton.gateway.experiments.conduct import rolled_out, stopped, without
from baton.gateway.experiments.draws import Draws
from baton.gateway.experiments.experiment import Arm, ArmRule, Experiment, Scope
from baton.gateway.routing.rules.use_cases import Aim
from baton.gateway.routing.terms import Source
from tests.gateway.experiments.samples import MODEL, an_arm, an_experiment
from tests.gateway.routing.landscape import ask

USERS = [f"user-{each}" for each in range(2000)]
ASK = ask(use_case="chat", agent="scout")


def arms(*experiments: Experiment, secret: bytes = b"secret") -> dict[str, str | None]:
    """The arm of each user."""
    draws = Draws(secret)
    draws.follow(experiments)
    trials = {user: draws.trial_of(user, ASK) for user in USERS}
    return {user: None if trial is None else trial.arm for user, trial in trials.items()}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=5))
def test_a_roll_out_moves_nobody_out_of_the_arm(steps: list[int]) -> None:
    """Whatever it goes by: while the share grows all stay; where it shrinks nobody new comes in."""
    experiment = an_experiment((90, 10))
    before = {user for user, arm in arms(experiment).items() if arm == "one"}
    share = 1000
    for step in steps:
        experiment = rolled_out(experiment, step / 100, None)
        now = {user for user, arm in arms(experiment).items() if arm == "one"}
        assert before <= now if step >= share else now <= before
        before, share = now, step


def test_ten_fifty_a_hundred() -> None:
    """The arm grows, the control gives way, and at last everybody is in it."""
    experiment = an_experiment((90, 10))
    for percent in (10, 50, 100):
        experiment = rolled_out(experiment, percent, None)
        drawn = list(arms(experiment).values())
        assert drawn.count("one") + drawn.count("usual") == len(USERS)
        assert abs(drawn.count("one") - len(USERS) * percent / 100) <= 5 * sqrt(len(USERS)) / 2


def test_a_user_stays_and_another_secret_mixes_anew() -> None:
    """The draw depends on user, experiment, salt and the installation's secret, on nothing else."""
    drawn = arms(an_experiment())
    assert arms(an_experiment(description="another")) == drawn
    for other in (
        arms(an_experiment(name="other")),
        arms(an_experiment(salt="s")),
        arms(an_experiment(), secret=b"another"),
    ):
        same = sum(other[user] == drawn[user] for user in USERS)
        assert abs(same - len(USERS) / 2) < 5 * sqrt(len(USERS)) / 2


def test_two_experiments_are_independent() -> None:
    """The share of an arm is the same among the users of any arm of another experiment."""
    one, two = arms(an_experiment(name="first")), arms(an_experiment(name="second"))
    both = sum(one[user] == two[user] == "one" for user in USERS)
    assert abs(both - len(USERS) / 4) < 5 * sqrt(len(USERS) * 3 / 16)


def test_who_is_in_no_arm_takes_part_in_the_next_experiment() -> None:
    """The first that a request is about and whose user is drawn counts; a request counts for one only."""
    first, second = an_experiment((0, 30), name="first"), an_experiment((40, 40), name="second")
    draws = Draws(b"secret")
    draws.follow((first, second))
    alone = Draws(b"secret")
    alone.follow((second,))
    for user in USERS:
        trial = draws.trial_of(user, ASK)
        if trial is None or trial.experiment == "second":
            assert trial == alone.trial_of(user, ASK)


def test_only_what_runs_and_what_it_is_about_counts() -> None:
    """Use case, tier and agent, each where it is said; nobody without a name is in anything."""
    everybody = an_experiment((0, 100))

    def told(experiment: Experiment, user: str = "somebody") -> bool:
        draws = Draws(b"secret")
        draws.follow((experiment,))
        return draws.trial_of(user, ASK) is not None

    assert told(everybody)
    assert not told(everybody, user="")
    assert not told(stopped(everybody))
    assert not told(without(everybody, "one", "it fails"))
    for scope, about in (
        (Scope(use_cases=("chat",), tiers=(ASK.tier,), agents=("scout",)), True),
        (Scope(use_cases=("ode",)), False),
        (Scope(tiers=("nobility",)), False),
        (Scope(agents=("critic",)), False),
    ):
        assert told(an_experiment((0, 100), scope=scope)) is about


def test_an_arm_says_what_it_does() -> None:
    """Models come before the rule in force, a rule in its place, and the usual way says nothing."""
    rule = Arm(name="rule", share=40, rule=ArmRule(preferred=(MODEL,), aim=Aim.COST))
    draws = Draws(b"secret")
    draws.follow([an_experiment(arms=(an_arm("usual", 30), an_arm("models", 30), rule))])
    trials = {trial.arm: trial for user in USERS if (trial := draws.trial_of(user, ASK)) is not None}
    assert trials["usual"].override is None
    models, ruled = trials["models"].override, trials["rule"].override
    assert models is not None
    assert ruled is not None
    assert (models.source, models.table, models.in_place) == (Source.EXPERIMENT, (MODEL,), False)
    assert (ruled.source, ruled.table, ruled.in_place, ruled.aim) == (
        Source.EXPERIMENT,
        (MODEL,),
        True,
        Aim.COST,
    )
