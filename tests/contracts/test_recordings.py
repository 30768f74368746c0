"""What real providers were asked and answered, sent through Baton on sockets."""

from pathlib import Path

import pytest

from tests.contracts.recordings import PROVIDERS
from tests.contracts.table import PAGE, judge, line


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_recorded_exchange_goes_through_whole(provider: str, tmp_path: Path) -> None:
    """The request that arrives, the answer that comes back, the error and the ledger's row say what the
    recorded ones say, and the page of the documentation that counts them is right."""
    verdicts = await judge(provider, tmp_path)
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    assert not problems, "\n".join(problems)
    assert line(provider, verdicts) in PAGE.read_text(encoding="utf-8"), "python -m tests.contracts.table"
