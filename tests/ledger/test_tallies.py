"""What a process counts, and what it warns of."""

from structlog.testing import capture_logs

from baton.ledger.tallies import Series, Tallies
from tests.ledger.samples import a_settled, an_attempt


def test_a_model_without_a_price_is_warned_of_once() -> None:
    """It is counted every time, and told once for each model: never taken for free."""
    tallies = Tallies()
    with capture_logs() as logs:
        for number, model in enumerate(("own", "own", "other")):
            attempt = an_attempt(provider="acme", model=model, cost=None)
            tallies.count(
                a_settled(f"id-{number}", provider="acme", model=model, price=None, attempts=(attempt,))
            )
        tallies.count(a_settled("priced"))
    assert [(log["event"], log["model"], log["interaction"]) for log in logs] == [
        ("no_price_known", "own", "id-0"),
        ("no_price_known", "other", "id-2"),
    ]
    assert tallies.by_series[Series("ok", "acme", "own")].unpriced == 2
