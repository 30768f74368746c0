"""What a backtest comes to: costs, latencies, quality, and how sure they are."""

import math
import random
from collections.abc import Iterator
from functools import cache, partial

import pytest
from msgspec.structs import replace

from baton.catalog.pricing import cost
from baton.core.usage import Usage
from baton.gateway.routing.observed import Judged, Observed
from baton.ledger.past import PastRow
from baton.watch.backtest.interval import LEAST_USERS, Draws
from baton.watch.backtest.means import LEAST
from baton.watch.backtest.proposal import Proposal
from baton.watch.backtest.report import Compared
from tests.gateway.routing.landscape import ask, prices
from tests.watch.backtest.ledgers import CHAT_IS_CHEAP, CHAT_IS_DEAR, CHEAP, CHEAPER, DEAR, House

IN_FORCE = Proposal(rules=(CHAT_IS_DEAR,), models=(DEAR, CHEAP))


def users(count: int) -> Iterator[str]:
    """Each another one."""
    return (f"user-{n}" for n in range(count))


def test_what_is_in_force_changes_exactly_nothing() -> None:
    """Also where decisions come out otherwise now than then, and where everything is proposed as it is."""
    then = House(rules=(CHAT_IS_CHEAP,))
    house = House()
    rows = [each.row(user) for user in users(40) for each in (then, house)]
    report = house.report(rows, IN_FORCE)
    assert (report.control.same, report.control.replayed, report.moved) == (40, 80, 0)
    for each in (report.cost, report.latency, report.quality):
        assert (each.requests, each.difference, each.interval) == (80, 0, None)
        assert each.why_none == "nothing changes"
    assert report.cost.in_force == report.cost.proposed != report.cost.happened
    assert report.largest == ()
    assert "gives no request to another model" in report.verdict


def test_a_request_that_moves_costs_its_tokens_at_the_other_price() -> None:
    """Exactly, where nothing is known of how long the other's answers are; and that is told."""
    house = House()
    rows = [house.row("u", Usage(prompt=100 * n, completion=7 * n)) for n in range(1, 11)]
    report = house.report(rows, CHEAPER)
    happened = sum(cost(row.usage, DEAR.prices[0]).total or 0 for row in rows)
    proposed = sum(cost(row.usage, CHEAP.prices[0]).total or 0 for row in rows)
    assert happened == 5500 * 2500 + 385 * 10_000
    assert (report.cost.happened, report.cost.in_force) == (happened, happened)
    assert (report.cost.proposed, report.cost.difference) == (proposed, proposed - happened)
    assert any("10 of 10 requests that move" in each and "as long" in each for each in report.assumed)
    [use_case] = report.use_cases
    assert (use_case.use_case, use_case.moved, use_case.cost_proposed) == ("chat", 10, proposed)


@pytest.mark.parametrize(("others", "assumed"), [(LEAST, False), (LEAST - 1, True)])
def test_answers_are_as_long_as_the_other_models_are(others: int, assumed: bool) -> None:
    """By what both have answered to such work, from `LEAST` answers on."""
    house = House()
    rows = [house.row(usage=Usage(prompt=1000, completion=100)) for _ in range(LEAST)]
    rows += [house.row(usage=Usage(prompt=9, completion=250), named="b/cheap") for _ in range(others)]
    other_work = ask(use_case="other", complexity=1.0)
    rows += [
        house.row(usage=Usage(prompt=9, completion=9000), named="b/cheap", asked=other_work)
        for _ in range(LEAST)
    ]
    report = house.report(rows, CHEAPER)
    length = 100 if assumed else 250
    assert report.cost.proposed == LEAST * (1000 * 500 + length * 2000)
    assert any("as long." in each and "fewer" in each for each in report.assumed) is assumed


def test_proposed_prices_are_paid_by_whoever_stays() -> None:
    """Nobody moves, and each answer costs what it would; earlier attempts what they did."""
    house = House()
    usage = Usage(prompt=1000, completion=100)
    rows = [house.row(user, usage) for user in users(LEAST_USERS)]
    rows.append(house.row("again", usage, attempts=2, cost_nanos=5_000_000))
    report = house.report(rows, Proposal(models=(replace(DEAR, prices=prices("5", "20")),)))
    each_paid = 1000 * 2500 + 100 * 10_000
    assert (report.moved, report.cost.happened) == (0, LEAST_USERS * each_paid + 5_000_000)
    assert report.cost.difference == len(rows) * each_paid
    assert report.cost.interval is not None
    assert report.latency.difference == report.quality.difference == 0
    assert (report.latency.interval, report.latency.why_none) == (None, "nothing changes")
    assert (report.quality.interval, report.quality.why_none) == (None, "nothing changes")


def test_an_answer_takes_as_long_as_the_others_of_its_length() -> None:
    """By the ledger from `LEAST` answers on: of that length, else of any."""
    house = House()
    rows = [house.row(usage=Usage(prompt=10, completion=tokens)) for tokens in (100, 2000)]
    short = [house.row(named="b/cheap", latency_ms=300) for _ in range(LEAST)]
    long = [
        house.row(named="b/cheap", usage=Usage(prompt=10, completion=2500), latency_ms=4000)
        for _ in range(LEAST // 2)
    ]
    report = house.report([*rows, *short], CHEAPER)
    assert (report.latency.happened, report.latency.proposed) == (1000, 300)
    report = house.report([*rows, *short, *long], CHEAPER)
    of_any = (300 * LEAST + 4000 * (LEAST // 2)) / (LEAST + LEAST // 2)
    assert report.latency.proposed == pytest.approx((300 + of_any) / 2)
    report = house.report([*rows, *short, *long, *long], CHEAPER)
    assert report.latency.proposed == pytest.approx((300 + 4000) / 2)
    [cheap] = [each for each in report.models if each.model == "b/cheap"]
    assert (cheap.answers, cheap.share.gains, cheap.share.proposed) == (60, 2, 2)
    assert cheap.mean_ms == pytest.approx(2150)


def test_the_catalogs_latency_stands_in_and_is_told() -> None:
    """Where the model has answered too few; where the catalog says nothing, the request is in no latency."""
    house = House()
    report = house.report([house.row()], CHEAPER)
    assert report.latency.proposed == CHEAP.avg_latency_ms
    assert any("the latency is the catalog's" in each for each in report.assumed)
    silent = House(models=(DEAR, replace(CHEAP, avg_latency_ms=None)))
    report = silent.report([silent.row()], CHEAPER)
    assert (report.latency.requests, report.cost.requests) == (0, 1)
    assert any("no latency is known" in each for each in report.assumed)


def test_medians_are_of_what_moved_and_what_stayed() -> None:
    """A request that moves is spread like the other model's answers."""
    house = House()
    moves = [house.row(latency_ms=2000) for _ in range(60)]
    stays = [house.row(asked=ask(use_case="other", complexity=1.0), latency_ms=1000) for _ in range(50)]
    others = [house.row(named="b/cheap", latency_ms=300) for _ in range(LEAST)]
    report = house.report([*moves, *stays, *others], CHEAPER)
    happened, in_force, proposed = report.median
    assert happened == in_force == pytest.approx(2000, rel=0.05)
    assert proposed == pytest.approx(300, rel=0.05)


def test_quality_is_the_catalogs_as_moved_by_feedback() -> None:
    """In points; each twenty judgements move it half the way."""
    judged = Observed(judged={"b/cheap": Judged(mean=1.0, weight=20.0)})
    house = House(observed=judged)
    report = house.report([house.row(), house.row(asked=ask(use_case="other", complexity=1.0))], CHEAPER)
    assert report.quality.in_force == pytest.approx(90)
    assert report.quality.difference == pytest.approx((85 - 90) / 2)


def test_what_nobody_has_a_price_for_is_in_no_cost() -> None:
    """Of the other model, or of the answer then; and that is told."""
    house = House(models=(DEAR, replace(CHEAP, prices=())))
    rows = [house.row(), house.row(unpriced=True, cost_nanos=0)]
    report = house.report(rows, CHEAPER)
    assert (report.moved, report.cost.requests) == (2, 0)
    assert any("Of 2 no price is known" in each for each in report.assumed)


@pytest.mark.parametrize(("count", "told"), [(LEAST_USERS, True), (LEAST_USERS - 1, False)])
def test_an_interval_takes_so_many_users(count: int, told: bool) -> None:
    """Of those whose requests change; fewer, and it is said plainly."""
    house = House()
    rows = [house.row(user, Usage(prompt=200, completion=n)) for n, user in enumerate(users(count), 1)]
    rows += [house.row(f"other-{user}", asked=ask(complexity=1.0)) for user in users(LEAST_USERS)]
    cost = house.report(rows, CHEAPER).cost
    assert (cost.interval is not None) is told
    assert (cost.why_none is None) is told
    if cost.interval is None:
        assert f"{count} users" in (cost.why_none or "")


def test_a_samples_costs_are_told_for_all() -> None:
    """Sums and their interval; means stay what they are."""
    house = House()
    rows = [house.row(user, Usage(prompt=200, completion=n)) for n, user in enumerate(users(40), 1)]
    whole, drawn = house.report(rows, CHEAPER), house.report(rows, CHEAPER, interactions=120)
    assert drawn.cost.difference == pytest.approx(3 * whole.cost.difference)
    assert drawn.cost.interval is not None
    assert whole.cost.interval is not None
    assert drawn.cost.interval.low == pytest.approx(3 * whole.cost.interval.low)
    assert drawn.latency == whole.latency
    assert drawn.use_cases[0].cost_proposed == pytest.approx(drawn.cost.proposed)
    assert any("40 of 120 interactions" in each for each in drawn.assumed)


def test_those_that_change_most_are_told_one_by_one() -> None:
    """Ten of them, by what they cost more or less, the most first."""
    house = House()
    rows = [house.row("u", Usage(prompt=200, completion=n)) for n in range(1, 31)]
    largest = house.report(rows, CHEAPER).largest
    assert [each.id for each in largest] == [row.id for row in rows[:-11:-1]]
    assert all((each.in_force, each.proposed) == ("a/dear", "b/cheap") for each in largest)
    assert largest[0].quality == pytest.approx(-20)


RATIO = 1.6
"""The cheap one's answers are so much longer."""

USERS = 100
LEDGERS = 300
RESAMPLES = 400
"""Enough for the ends, and sooner done."""


def simulated(house: House, rng: random.Random) -> list[PastRow]:
    """A ledger of users who differ: in how much they ask, and in how long the answers are."""
    chat, named = house.row(), house.row(named="b/cheap")
    rows: list[PastRow] = []
    for user in users(USERS):
        leaning = rng.gauss(0, 0.4)

        def length(mean: float, leaning: float = leaning) -> int:
            return max(1, round(mean * math.exp(leaning + rng.gauss(0, 0.6))))

        for _ in range(rng.randint(1, 3)):
            usage = Usage(prompt=rng.randint(100, 900), completion=length(150))
            paid = cost(usage, DEAR.prices[0]).total
            took_ms = round(800 + rng.expovariate(1 / 300))
            rows.append(
                replace(
                    chat,
                    user_id=user,
                    prompt_tokens=usage.prompt,
                    completion_tokens=usage.completion,
                    cost_nanos=paid,
                    latency_ms=took_ms,
                )
            )
        for _ in range(rng.randint(0, 2)):
            took_ms = round(400 + rng.expovariate(1 / 200))
            rows.append(
                replace(named, user_id=user, completion_tokens=length(150 * RATIO), latency_ms=took_ms)
            )
    return rows


def holds(each: Compared, truth: float) -> bool:
    """Whether the interval does."""
    assert each.interval is not None
    return each.interval.low <= truth <= each.interval.high


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """What such users would have paid and waited on average lies in 95 of 100 intervals; 93 are asked for,
    since chance takes its share of 300 ledgers, too."""
    house, rng = House(), random.Random(11)
    completion = 150 * math.exp((0.4**2 + 0.6**2) / 2)
    saved = 500 * (500 - 2500) + completion * (RATIO * 2000 - 10_000)
    draws = cache(partial(Draws, resamples=RESAMPLES))
    reports = [house.report(simulated(house, rng), CHEAPER, draws=draws) for _ in range(LEDGERS)]
    costs = sum(holds(each.cost, USERS * 2 * saved) for each in reports)
    latencies = sum(holds(each.latency, 600 - 1100) for each in reports)
    assert costs >= 0.93 * LEDGERS
    assert costs + latencies >= 0.93 * 2 * LEDGERS
    assert sum(holds(each.cost, USERS * 2 * saved * 0.8) for each in reports) < 0.8 * LEDGERS
