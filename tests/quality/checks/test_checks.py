"""What is said against an output without asking a model."""

import pytest

from baton.quality.checks.checks import Checks
from tests.quality.checks.cases import Case, cases

CASES = [*cases("cases"), *cases("cases_later")]
"""The later ones were written when the checks stood."""


def said_of(checks: Checks, case: Case) -> set[str]:
    """Kind and severity of what is said against it."""
    return {f"{each.kind} {each.severity}" for each in checks.objections(case.task, case.output)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.task.asked[:30]} {case.output.text[:30]!r}")
def test_just_what_is_wrong_is_said(checks: Checks, case: Case) -> None:
    """Of each output all its faults are told, with the severity they have, and nothing else."""
    assert said_of(checks, case) == case.expected
