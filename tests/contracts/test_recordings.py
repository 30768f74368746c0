"""What real providers were asked and answered, sent through Baton for callers of every dialect."""

from pathlib import Path

import pytest

from baton.core.dialect import Dialect
from tests.contracts.stage import PAIRS, judge
from tests.contracts.table import PAGE, rows, unexcepted


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
async def test_every_recorded_exchange_goes_through_whole(
    provider: str, dialect: Dialect, tmp_path: Path
) -> None:
    """The request that arrives, the answer that comes back in each of the four dialects, the error and the
    ledger's row say what the recorded ones say, and the page that counts them is right."""
    verdicts = await judge(provider, dialect, tmp_path)
    problems = [problem for verdict in verdicts for problem in unexcepted(verdict)]
    assert not problems, "\n".join(problems)
    text = PAGE.read_text(encoding="utf-8")
    missing = [row for row in rows(provider, dialect, verdicts) if row not in text]
    assert not missing, "python -m tests.contracts.table"
