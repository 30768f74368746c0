"""Who goes on against a limit is kept waiting longer each time."""

import pytest

from baton.gateway.admission.penalties import Penalties, Penalty, Scope, Subject

KEY = Subject(Scope.KEY, "k1")
USER = Subject(Scope.USER, "ann")


class Heard:
    """A listener."""

    def __init__(self) -> None:
        self.penalties: list[Penalty] = []
        self.gone: list[Subject] = []

    def penalised(self, penalty: Penalty) -> None:
        self.penalties.append(penalty)

    def lifted(self, subject: Subject) -> None:
        self.gone.append(subject)


@pytest.fixture
def penalties() -> Penalties:
    return Penalties()


def go_on(penalties: Penalties, times: int, now_s: float, key: str = "k1") -> None:
    for _ in range(times):
        penalties.refused(key, "ann", now_s)


def wait_s(penalties: Penalties, now_s: float, key: str = "k1") -> float:
    return penalties.wait_s(key, "ann", now_s)


def test_a_few_refusals_are_no_violation(penalties: Penalties) -> None:
    """Ten in a minute are forgiven, and as many in the next, for ever: an SDK that obeys makes fewer."""
    for minute in range(100):
        go_on(penalties, 10, minute * 61.0)
    assert wait_s(penalties, 6100.0) == 0.0


def test_penalties_grow_and_are_forgotten_after_a_quiet_hour(penalties: Penalties) -> None:
    """1, 5, 30 minutes, and 30 again; each counts down; an hour of quiet later it is one minute again."""
    now_s = 0.0
    for minutes in (1, 5, 30, 30):
        go_on(penalties, 11, now_s)
        assert wait_s(penalties, now_s) == minutes * 60
        assert wait_s(penalties, now_s + 20) == minutes * 60 - 20
        now_s += minutes * 60
        assert wait_s(penalties, now_s) == 0.0
        now_s += 61
    now_s += 3600
    go_on(penalties, 11, now_s)
    assert wait_s(penalties, now_s) == 60


def test_a_users_other_keys_are_spared_unless_they_take_turns(penalties: Penalties) -> None:
    """One key's misbehaviour is its own; three at once are their user's."""
    go_on(penalties, 11, 5.0)
    assert wait_s(penalties, 5.0) == 60
    assert wait_s(penalties, 5.0, "k2") == 0.0
    go_on(penalties, 10, 5.0, "k2")
    go_on(penalties, 10, 5.0, "k3")
    assert wait_s(penalties, 5.0, "k4") == 60
    assert penalties.wait_s("k9", "bob", 5.0) == 0.0


def test_penalties_are_seen_told_and_lifted(penalties: Penalties) -> None:
    """By whom, the how manieth, for how many refusals; a lifted one is forgotten with what it was for."""
    heard = Heard()
    penalties.listen(heard)
    go_on(penalties, 11, 5.0)
    told = Penalty(subject=KEY, step=1, until_s=65.0, refusals=11)
    assert penalties.running(6.0) == heard.penalties == [told]
    assert penalties.running(65.0) == []
    assert penalties.lift(KEY, 6.0)
    assert (wait_s(penalties, 6.0), heard.gone) == (0.0, [KEY])
    assert not penalties.lift(KEY, 6.0)
    assert not penalties.lift(USER, 6.0)


def test_ten_thousand_misbehaving_keys_are_no_more_remembered_than_that(penalties: Penalties) -> None:
    """Who can make keys cannot fill the memory; what lasts is kept."""
    go_on(penalties, 11, 0.0)
    for one in range(25_000):
        penalties.refused(f"key-{one}", f"user-{one}", 1.0)
    assert len(penalties) <= 10_000
    assert wait_s(penalties, 2.0) == 58.0
