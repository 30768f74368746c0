"""Work that leaves the interpreter to others."""

import pytest

from baton.watch.backtest.pace import Abandoned, Pace


def test_it_rests_after_some_work_and_no_sooner() -> None:
    """After four milliseconds of work, once; then it works again."""
    now = [0.0]
    rested: list[float] = []
    pace = Pace(lambda: now[0], rested.append)
    for at_s in (0.001, 0.0039, 0.0041, 0.007, 0.0085):
        now[0] = at_s
        pace.rest()
    assert len(rested) == 2
    assert all(0 < each < 0.002 for each in rested)


def test_it_ends_when_nobody_waits() -> None:
    """At the next piece of work."""
    pace = Pace(lambda: 0.0, lambda _: None)
    pace.rest()
    pace.stopped = True
    with pytest.raises(Abandoned):
        pace.rest()
