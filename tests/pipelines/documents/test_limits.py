"""What the documentation says of limits and refusals."""

import re
from pathlib import Path

import msgspec

from baton.pipelines.documents import refusals
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.words import Reason

PAGE = (Path(__file__).parents[3] / "docs" / "documents.md").read_text()


def test_every_limit_is_documented_with_its_default() -> None:
    """And none that there is not."""
    table = re.search(r"\| limit \|.*?\n\n", PAGE, re.DOTALL)
    assert table is not None
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", table[0], re.MULTILINE))
    assert rows == {name: str(value) for name, value in msgspec.structs.asdict(Limits()).items()}


def test_every_refusal_is_documented_with_its_status() -> None:
    """And none that there is not. A refused document is named, in a sentence; what is not its fault may be
    tried again."""
    limits = Limits()
    of_files = [
        *(refusals.refused(reason, "plan.pdf", limits) for reason in Reason),
        refusals.empty("plan.pdf"),
        refusals.unknown("plan.pdf", "a PNG image"),
        refusals.too_large("plan.pdf", 30_000_000, limits),
        refusals.too_slow("plan.pdf", limits),
        refusals.died("plan.pdf"),
    ]
    for each in of_files:
        assert each.message.startswith("plan.pdf ")
        assert each.message.endswith(".")
    every = [*of_files, refusals.busy(), refusals.unstartable(), refusals.closing()]
    _, _, table = PAGE.partition("## Refusals")
    rows = set(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", table, re.MULTILINE))
    assert rows == {(each.code, str(each.status)) for each in every}
    assert [each.retryable for each in every] == [False] * len(of_files) + [True] * 3
