"""What rules find without a model."""

import pytest
from msgspec import structs

from baton.pipelines.itinerary.plan import Day, Place, Plan
from baton.pipelines.itinerary.review import Issue, IssueType, Severity
from baton.pipelines.itinerary.rules import Rules, packaged_rules, score_by
from baton.pipelines.itinerary.wish import Pace, Wish
from tests.pipelines.itinerary.trips import GOOD, LISBON, LISBON_WISH, activity, planted

FIRST, SECOND = Place(1, 0), Place(1, 1)


@pytest.fixture(scope="module")
def rules() -> Rules:
    """Those that are shipped."""
    return packaged_rules()


def sole(issues: tuple[Issue, ...]) -> Issue:
    """The only one."""
    assert len(issues) == 1, issues
    return issues[0]


@pytest.mark.parametrize("language", GOOD)
def test_a_good_plan_raises_no_alarm(rules: Rules, language: str) -> None:
    """Whatever it is written in."""
    plan = GOOD[language]
    wish = Wish(city="x", days=1, pace=Pace.RELAXED, budget=plan.cost)
    assert rules.issues(plan, wish) == ()


def test_a_good_trip_raises_no_alarm(rules: Rules) -> None:
    """Over several days, one of which ends after midnight; its score says that nobody else has looked."""
    assert rules.issues(LISBON, LISBON_WISH) == ()
    assert score_by(()) == 7


@pytest.mark.parametrize(
    "name",
    [
        "Location",
        "Breakfast spot",
        "Location 2",
        "Restaurant B",
        "local restaurant",
        "Lunch at a local café",
        "TBD",
        "[Restaurant name]",
        "Nettes Lokal",
        "Un restaurant typique",
        "Restaurante local",
        "Ristorante tipico",
        "Местный ресторан",
        "当地餐厅",
        "地元のレストラン",
        "현지 식당",
        "***",
    ],
)
def test_a_placeholder_is_found(rules: Rules, name: str) -> None:
    """A name that says what something is, and not which one."""
    issue = sole(rules.issues(planted(SECOND, name=name), LISBON_WISH))
    assert (issue.type, issue.severity, issue.day, issue.activity) == (
        IssueType.LOCATION,
        Severity.ERROR,
        1,
        name,
    )


@pytest.mark.parametrize(
    "name",
    [
        "The Local",
        "City Museum",
        "Hotel Adlon",
        "Place des Vosges",
        "Bar Italia",
        "Central Park",
        "Museum 1880 Wien",
    ],
)
def test_a_plain_name_is_a_name(rules: Rules, name: str) -> None:
    """One word that belongs to nobody else is enough."""
    assert rules.issues(planted(SECOND, name=name), LISBON_WISH) == ()


@pytest.mark.parametrize("name", ["MAAT", "maat!", "Máat"])
def test_a_place_that_comes_twice_is_found(rules: Rules, name: str) -> None:
    """The later one is named, also spelt otherwise."""
    plan = planted(SECOND, name=name)
    issue = sole(rules.issues(plan, LISBON_WISH))
    assert (issue.type, issue.severity, issue.day, issue.activity) == (
        IssueType.STRUCTURE,
        Severity.ERROR,
        2,
        "MAAT",
    )


def test_a_hotel_may_come_every_day(rules: Rules) -> None:
    """What one returns to is not a repetition."""
    plan = planted(SECOND, name="MAAT", category="hotel")
    assert rules.issues(plan, LISBON_WISH) == ()


def test_times_that_overlap_are_found(rules: Rules) -> None:
    """By a minute is enough; the later one in the plan is named."""
    issue = sole(rules.issues(planted(FIRST, time_slot="09:00-11:01"), LISBON_WISH))
    assert (issue.type, issue.severity, issue.activity) == (
        IssueType.TIME,
        Severity.ERROR,
        LISBON.at(SECOND).name,
    )
    assert rules.issues(planted(FIRST, time_slot="09:00-11:00"), LISBON_WISH) == ()


@pytest.mark.parametrize("slot", ["25:00-26:30", "10:30-09:00", "morning", "10:75-11:00", ""])
def test_impossible_times_are_found(rules: Rules, slot: str) -> None:
    """What no clock shows and what ends before it begins."""
    issue = sole(rules.issues(planted(FIRST, time_slot=slot), LISBON_WISH))
    assert (issue.type, issue.severity, issue.activity) == (
        IssueType.TIME,
        Severity.ERROR,
        LISBON.at(FIRST).name,
    )


def test_the_dead_of_night_is_no_time_for_a_visit(rules: Rules) -> None:
    """A sight at three in the morning is worth a warning, a walk to the sunrise is not."""
    issue = sole(rules.issues(planted(FIRST, time_slot="03:00-05:00"), LISBON_WISH))
    assert (issue.type, issue.severity) == (IssueType.TIME, Severity.WARNING)
    assert rules.issues(planted(FIRST, time_slot="05:00-07:00"), LISBON_WISH) == ()


@pytest.mark.parametrize(
    "name",
    [
        "Richmond Night Market",
        "Nachtmarkt Linden",
        "Marché nocturne de Nice",
        "士林夜市",
        "Shilin 夜市",
        "ตลาดกลางคืนหัวมุม",
        "Ночной рынок",
    ],
)
def test_a_night_market_in_the_morning_is_found(rules: Rules, name: str) -> None:
    """In several languages, and by its category as well; in the evening it is where it belongs."""
    for plan in (planted(FIRST, name=name), planted(FIRST, name="Linjiang", category="night market")):
        issue = sole(rules.issues(plan, LISBON_WISH))
        assert (issue.type, issue.severity) == (IssueType.TIME, Severity.ERROR)
    evening = Place(1, 3)
    assert rules.issues(planted(evening, name=name), LISBON_WISH) == ()


@pytest.mark.parametrize(("budget", "severity"), [(90, Severity.WARNING), (50, Severity.ERROR)])
def test_costs_above_the_budget_are_found(rules: Rules, budget: float, severity: Severity) -> None:
    """Costs are added up; the dearest is named, as it is where a cheaper one helps most."""
    assert LISBON.cost == 93
    issue = sole(rules.issues(LISBON, structs.replace(LISBON_WISH, budget=budget)))
    assert (issue.type, issue.severity) == (IssueType.BUDGET, severity)
    assert issue.activity == "Cervejaria Ramiro"
    assert f"{93 - budget} more" in issue.message
    assert rules.issues(LISBON, structs.replace(LISBON_WISH, budget=93)) == ()


def test_days_that_are_missing_or_too_many_are_found(rules: Rules) -> None:
    """Each by its number."""
    missing = sole(rules.issues(LISBON, structs.replace(LISBON_WISH, days=3)))
    assert (missing.type, missing.severity, missing.day) == (IssueType.STRUCTURE, Severity.ERROR, 3)
    surplus = sole(rules.issues(LISBON, structs.replace(LISBON_WISH, days=1)))
    assert (surplus.type, surplus.day) == (IssueType.STRUCTURE, 2)


def test_an_empty_day_is_found(rules: Rules) -> None:
    """It has a number and a theme, and nothing to do."""
    plan = Plan(days=(LISBON.days[0], Day(day=2, theme="Rest")))
    issue = sole(rules.issues(plan, LISBON_WISH))
    assert (issue.type, issue.severity, issue.day) == (IssueType.STRUCTURE, Severity.ERROR, 2)


@pytest.mark.parametrize(
    ("pace", "count", "is_fine"),
    [
        (Pace.RELAXED, 1, False),
        (Pace.RELAXED, 2, True),
        (Pace.RELAXED, 5, True),
        (Pace.RELAXED, 6, False),
        (Pace.PACKED, 4, False),
        (Pace.PACKED, 8, True),
    ],
)
def test_a_day_is_as_full_as_its_pace(rules: Rules, pace: Pace, count: int, is_fine: bool) -> None:
    """One activity more or fewer is no fault."""
    names = ("Sol", "Luna", "Mar", "Rio", "Serra", "Vale", "Ilha", "Fonte")
    day = Day(
        day=1,
        activities=tuple(activity(f"{9 + hour}:00-{9 + hour}:45", names[hour]) for hour in range(count)),
    )
    issues = rules.issues(Plan(days=(day,)), Wish(city="x", days=1, pace=pace))
    assert [(each.type, each.severity) for each in issues] == (
        [] if is_fine else [(IssueType.QUALITY, Severity.WARNING)]
    )


def test_each_error_lowers_the_score(rules: Rules) -> None:
    """More is never better, and it does not fall below what is to be made again."""
    error = Issue(type=IssueType.TIME, severity=Severity.ERROR, message="x")
    warning = structs.replace(error, severity=Severity.WARNING)
    fixed = structs.replace(error, auto_fixed=True)
    scores = [score_by(each) for each in ((fixed,), (warning,), (error,), (error, error), (error,) * 9)]
    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[-1]) == (7, 3)
