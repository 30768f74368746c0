"""The ledger's cost of every recorded exchange, reckoned a second time, and told by some providers."""

from pathlib import Path

import pytest

from baton.core.dialect import Dialect
from tests.contracts.costs import PAGE, billed, bills, row, verdicts
from tests.contracts.stage import PAIRS


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
async def test_every_recording_costs_its_usage_at_its_price(
    provider: str, dialect: Dialect, tmp_path: Path
) -> None:
    """To the nano-dollar, and where something had no price the row says so. Where the provider says what it
    charged, that is the same, or it is known why it is not. The page that counts all this is right."""
    found = await billed(provider, dialect, tmp_path)
    problems = [f"{each.exchange.id}: {problem}" for each in found for problem in each.problems]
    problems += [
        f"{bill.exchange.id}: charged {bill.told}, reckoned {bill.reckoned}, and nobody knows why"
        for bill in bills(found)
        if not bill.verdict
    ]
    assert not problems, "\n".join(problems)
    page = PAGE.read_text(encoding="utf-8")
    for line in (row(provider, dialect, found), *verdicts(provider, dialect, found)):
        assert line + "\n" in page, "python -m tests.contracts.costs"
