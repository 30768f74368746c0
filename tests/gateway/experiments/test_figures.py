"""The figures of `docs/experiments.md`; simulating them anew takes minutes."""

import re

from tools.experiments.__main__ import PAGE
from tools.experiments.figures import DIFFERENT, EQUAL, HEADING, put_into

from baton.gateway.experiments.statistics import LEVEL


def test_the_page_has_a_figure_for_all_that_is_simulated_and_none_above_the_level() -> None:
    """A row for each plan, with its number of runs; the upper end of what was wrong is at most the level."""
    told = PAGE.read_text().partition(HEADING)[2]
    for name, plan in EQUAL.items():
        row = re.search(rf"^\| {re.escape(name)} \| (\d+) \|.*-([\d.]+)%\)", told, re.MULTILINE)
        assert row is not None, name
        assert int(row[1]) == plan.runs
        assert float(row[2]) <= 100 * LEVEL
    for name in DIFFERENT:
        assert f"| {name} |" in told


def test_new_figures_take_the_place_of_the_old_ones() -> None:
    """What stands before them stays."""
    assert put_into(f"Words.\n\n{HEADING}\n\nold\n", f"{HEADING}\n\nnew\n") == f"Words.\n\n{HEADING}\n\nnew\n"
