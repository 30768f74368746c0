"""One way of deciding, and what models cost on it."""

from msgspec.structs import replace

from baton.catalog.prices import Hours
from baton.watch.backtest.proposal import NOTHING, Proposal
from baton.watch.backtest.side import Side
from tests.gateway.routing.landscape import NOW_S, prices
from tests.watch.backtest.ledgers import CHEAP, DEAR, House

HOUR_MS = 3_600_000
NIGHT = (*prices("2", "2"), replace(prices("1", "1")[0], hours=Hours(start=60, end=240)))


def test_a_price_is_that_of_the_hour() -> None:
    """Of the day that the request had, whatever hour it is when it is looked at."""
    house = House(models=(replace(DEAR, prices=NIGHT), CHEAP))
    for now_s in (NOW_S, NOW_S + 6 * 3600, NOW_S + 12 * 3600):
        side = Side(house.deciding, NOTHING, house.deciding.observed(), now_s)
        offer = side.offer("a/dear")
        assert offer is not None
        assert [side.prices(offer, hour * HOUR_MS) for hour in (0, 1, 3, 4)] == [
            NIGHT[0],
            NIGHT[1],
            NIGHT[1],
            NIGHT[0],
        ]


def test_a_side_changes_nothing_of_what_serves() -> None:
    """A proposed price is in its own catalog alone."""
    house = House()
    proposal = Proposal(models=(replace(DEAR, prices=prices("7", "7")),))
    side = Side(house.deciding, proposal, house.deciding.observed(), NOW_S)
    serving, proposed = house.deciding.catalog.current().row("a/dear"), side.offer("a/dear")
    assert serving is not None
    assert proposed is not None
    assert (serving.prices, proposed.prices) == (DEAR.prices[0], prices("7", "7")[0])
    assert side.repriced == {"a/dear"}
