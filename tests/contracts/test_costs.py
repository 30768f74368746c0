"""The ledger's cost of every recorded exchange, reckoned a second time from the raw JSON."""

from pathlib import Path

import pytest

from baton.core.dialect import Dialect
from tests.contracts.costs import PAGE, billed, row
from tests.contracts.stage import PAIRS


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
async def test_every_recording_costs_its_usage_at_its_price(
    provider: str, dialect: Dialect, tmp_path: Path
) -> None:
    """To the nano-dollar, and where something had no price the row says so; the page that counts them is
    right."""
    found = await billed(provider, dialect, tmp_path)
    problems = [f"{each.exchange.id}: {problem}" for each in found for problem in each.problems]
    assert not problems, "\n".join(problems)
    assert row(provider, dialect, found) in PAGE.read_text(encoding="utf-8"), (
        "python -m tests.contracts.costs"
    )
