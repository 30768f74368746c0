"""What follows from an interaction's attempts."""

from baton.ledger.rows import Cost, crashed
from tests.ledger.samples import a_settled, an_attempt, an_opened


def test_an_interaction_costs_what_its_attempts_cost() -> None:
    """Failed and cut attempts are paid for too."""
    attempts = (
        an_attempt(status="provider_error", cost=Cost(input_nanos=5)),
        an_attempt(cost=Cost(input_nanos=7, output_nanos=11)),
    )
    settled = a_settled("x", attempts=attempts)
    assert settled.cost == Cost(input_nanos=12, output_nanos=11)
    assert settled.cost.total_nanos == 23
    assert not settled.unpriced


def test_an_unknown_price_is_not_nothing() -> None:
    """One attempt without a price marks the interaction; the others' cost is kept."""
    attempts = (an_attempt(cost=None), an_attempt(cost=Cost(input_nanos=7)))
    assert a_settled("x", attempts=attempts).cost.total_nanos == 7
    assert a_settled("x", attempts=attempts).unpriced
    assert a_settled("x", attempts=attempts[:1]).cost.total_nanos == 0
    assert a_settled("x", attempts=attempts[:1]).unpriced


def test_retries_and_fallbacks_are_told_apart() -> None:
    """Asking the same model again is a retry, asking another a fallback."""
    a, b = an_attempt(), an_attempt(model="gpt-4o")
    for attempts, retries, fell_back in [
        ((), 0, False),
        ((a,), 0, False),
        ((a, a), 1, False),
        ((a, b), 0, True),
        ((a, a, b, b, b), 3, True),
    ]:
        settled = a_settled("x", attempts=attempts)
        assert (settled.retries, settled.fell_back) == (retries, fell_back)


def test_a_crash_costs_what_was_estimated() -> None:
    """An interaction without an end has one attempt, marked estimated, at the estimated cost."""
    opened = an_opened("x", estimated_cost=Cost(input_nanos=3, output_nanos=4), prompt_tokens=9)
    settled = crashed(opened)
    assert settled.status == "crashed"
    assert settled.cost == opened.estimated_cost
    assert settled.usage.estimated
    assert settled.attempts[0].usage.prompt == 9
    assert crashed(an_opened("x", estimated_cost=None)).unpriced


def test_a_crash_costs_what_was_held() -> None:
    """The provider may bill all of it, so a budget has it as spent; less than the estimate it never is, and
    a beginning that an older Baton wrote, without a hold, costs its estimate."""
    estimate = Cost(input_nanos=3, output_nanos=4)
    for held, total in ((0, 7), (6, 7), (90, 90)):
        settled = crashed(an_opened("x", estimated_cost=estimate, held_nanos=held))
        assert (settled.cost.input_nanos, settled.cost.total_nanos) == (3, total)
    assert crashed(an_opened("x", estimated_cost=None, held_nanos=90)).unpriced


def test_a_crash_costs_what_was_held_last() -> None:
    """For a fallback that was under way, also where nobody knows what the first model costs; it is the
    fallback that may bill it."""
    for estimate in (None, Cost(input_nanos=3, output_nanos=4)):
        opened = an_opened("x", estimated_cost=estimate, held_nanos=90, held_at=("acme", "large-1"))
        [attempt] = crashed(opened).attempts
        assert (attempt.provider, attempt.model) == ("acme", "large-1")
        assert attempt.cost is not None
        assert attempt.cost.total_nanos == 90


def test_a_crash_costs_what_its_tokens_cost() -> None:
    """The words that were expected are in the usage, as they are in the cost, whole and of the attempt."""
    estimate = Cost(input_nanos=3, output_nanos=4)
    settled = crashed(an_opened("x", estimated_cost=estimate, prompt_tokens=9, completion_tokens=5))
    (attempt,) = settled.attempts
    for usage in (settled.usage, attempt.usage):
        assert (usage.prompt, usage.completion, usage.estimated) == (9, 5, True)
    assert settled.cost == attempt.cost == estimate


def test_an_interactions_time_is_the_one_in_its_id() -> None:
    """The first 48 bits of a UUIDv7 are Unix milliseconds."""
    assert an_opened("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").at_ms == 0x17F22E279B0
