"""`docs/costs.md`: a month at every model, and where the table and the price package differ."""

import re
from decimal import Decimal

import pytest
from tools.costs import AGREED, PAGE, page

from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from tests.catalog.test_seed import TABLE

TEXT = PAGE.read_text(encoding="utf-8")
MONTHS = dict(
    re.findall(r"^\| (\S+)(?: †)? \|[^|]+\|[^|]+\| ([^|]+) \| (?:the package|Baton) \|$", TEXT, re.MULTILINE)
)


def test_the_page_is_what_the_tool_writes() -> None:
    """`docs/costs.md` is up to date: `python -m tools.costs` would not change it."""
    assert page() == TEXT


def test_every_model_of_the_catalog_has_its_month() -> None:
    """None is left out; those that are paid by the hour have no price of tokens, and no month of them."""
    assert MONTHS.keys() == {model.id for model in packaged_models(DEFAULT_TIERS)}
    by_the_hour = {name for name, usd in MONTHS.items() if usd == "by the piece"}
    assert by_the_hour == {"openai/whisper-1", "groq/whisper-large-v3-turbo"}
    assert "| openai/whisper-1 | | | by the piece | the package |" in TEXT


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_month_is_the_prices_times_the_tokens(row: tuple[str, ...]) -> None:
    """15 million tokens in and 5 million out at the row's prices, worked out here; gpt-4o's is 87.50 USD."""
    assert Decimal(MONTHS[row[0]]) == 15 * Decimal(row[3]) + 5 * Decimal(row[4])
    assert MONTHS["openai/gpt-4o"] == "87.50"


def test_what_differs_is_listed() -> None:
    """The table's rows are those of the tests; where the package's price is another it is taken, and told."""
    assert AGREED.keys() == {row[0] for row in TABLE}
    differences = TEXT.partition("differ\n")[2]
    for row in TABLE:
        if (Decimal(row[3]), Decimal(row[4])) != tuple(map(Decimal, AGREED[row[0]])):
            assert f"| {row[0]} |" in differences
    assert "| anthropic/claude-3-5-haiku-20241022 | 0.25 / 1.25 | 0.8 / 4" in differences
    assert "| openai/o1-mini | 3 / 12 | 1.1 / 4.4, `o1-mini` |  | 1.1 / 4.4 |" in differences
    assert "gemini-1.5-flash`" in differences


def test_what_is_paid_for_otherwise_is_listed() -> None:
    """Fees in the units of their names, and the prices of other processing."""
    pieces = TEXT.partition("by the piece\n")[2].partition("\n## ")[0]
    assert "| model | thousand web searches | thousand file searches | thousand requests low |" in pieces
    assert re.search(r"^\| perplexity/sonar \|[ |]+\| 5 \| 8 \| 12 \|", pieces, re.MULTILINE)
    assert re.search(r"^\| openai/gpt-4o \| 10 \| 2.5 \|", pieces, re.MULTILINE)
    assert re.search(r"^\| openai/whisper-1 \|[ |]+\| 0.36 \|$", pieces, re.MULTILINE)
    processing = TEXT.partition("Other processing\n")[2].partition("\n## ")[0]
    assert re.search(r"^\| openai/gpt-4o \|.* 4.25 / 17 \|", processing, re.MULTILINE)
