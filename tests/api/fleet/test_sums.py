"""What several processes count, as one."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.api.fleet.exposition import Family, Sample, families_of
from baton.api.fleet.folder import FleetFolder, decode, encode
from baton.api.fleet.sums import GAUGES, summed
from baton.api.metrics import registry_of
from tests.conftest import BatonServer


def counter(value: float, name: str = "baton_cost_usd", kind: str = "counter", **labels: str) -> Family:
    sample = Sample(f"{name}_total", tuple(sorted(labels.items())), Fraction(value))
    return Family(name, "Text.", kind, (sample,))


def values(families: tuple[Family, ...]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {(each.name, each.labels): float(each.value) for family in families for each in family.samples}


def test_counters_add_up_by_name_and_labels() -> None:
    """The same labels are one value; others stay apart, and what only one process knows is there."""
    one = (counter(2, model="a"), counter(5, name="baton_retries"))
    two = (counter(3, model="a"), counter(7, model="b"))
    found = values(summed([one, two]))
    assert found[("baton_cost_usd_total", (("model", "a"),))] == 5
    assert found[("baton_cost_usd_total", (("model", "b"),))] == 7
    assert found[("baton_retries_total", ())] == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("baton_requests_under_way", 1.5),
        ("baton_breaker_state", 1.0),
        ("baton_health", 0.5),
        ("baton_alerts_open", 1.0),
    ],
)
def test_gauges_add_up_or_tell_the_worst(name: str, expected: float) -> None:
    """What each process has of its own adds up; of what all look at, the worst counts."""
    one, two = counter(1.0, name, "gauge"), counter(0.5, name, "gauge")
    assert list(values(summed([[one], [two]])).values()) == [expected]


async def test_every_gauge_has_been_thought_about(baton_server: BatonServer) -> None:
    """Each metric of a running Baton that may also fall stands in the table."""
    families = families_of(registry_of(baton_server.app).collect())
    assert {each.name for each in families if each.kind in ("gauge", "info")} <= GAUGES.keys()
    assert not GAUGES.keys() - {each.name for each in families}


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=8))
def test_a_sum_never_falls_by_who_adds_it_up(amounts: list[float]) -> None:
    """However it is added up, over processes that have gone or not, it is the same to the last bit."""
    whole = values(summed([[counter(each)] for each in amounts]))
    gone: tuple[Family, ...] = ()
    for each in reversed(amounts):
        gone = decode(encode(summed([gone, (counter(each),)])))
    assert values(gone) == whole


def test_who_is_gone_is_counted_once(tmp_path: Path) -> None:
    """What a process has shown stays when it is buried, once, and its gauges go with it."""
    folder = FleetFolder(tmp_path)
    folder.show(1, [counter(2), counter(9, "baton_queue_depth", "gauge")])
    folder.show(2, [counter(3)])
    assert folder.numbers() == {1, 2}
    for number in (1, 2, 3):
        folder.bury(number)
    departed = folder.departed()
    assert departed.numbers == {1, 2, 3}
    assert list(values(departed.families).values()) == [5.0]
    assert folder.numbers() == set()
    assert folder.shown(1) == ()
