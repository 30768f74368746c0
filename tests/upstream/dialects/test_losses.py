"""What is declared to be lost, and the page that shows it."""

import pytest
from tools.dialects import NEVER_SAYS, PAGE, page

from baton.core.dialect import Dialect
from baton.upstream.dialects.registry import CODECS


def test_the_page_of_losses_is_what_the_dialects_declare() -> None:
    """`docs/dialects.md` is up to date: `python -m tools.dialects` would not change it."""
    assert PAGE.read_text(encoding="utf-8") == page(CODECS)


@pytest.mark.parametrize("dialect", CODECS)
def test_each_pair_has_its_place_on_the_page(dialect: Dialect) -> None:
    """A table for each dialect, with a column for each of the others."""
    [table] = [part for part in page(CODECS).split("\n## ") if f"(`{dialect}`)" in part]
    others = [f"from {other}" for other in CODECS if other is not dialect]
    assert len(others) == 3
    assert all(other in table for other in others)


@pytest.mark.parametrize("dialect", CODECS)
def test_a_dialect_that_has_no_word_for_something_declares_it(dialect: Dialect) -> None:
    """What a dialect never says it cannot be told either, or is told otherwise."""
    codec = CODECS[dialect]
    assert NEVER_SAYS[dialect] <= {*codec.cannot, *codec.adjusts}


@pytest.mark.parametrize("dialect", CODECS)
def test_a_declared_loss_says_what_happens_instead(dialect: Dialect) -> None:
    """Each in a short phrase for people, on one line of a table."""
    codec = CODECS[dialect]
    for phrase in (*codec.cannot.values(), *codec.adjusts.values()):
        assert 5 <= len(phrase) <= 140, phrase
        assert phrase.isprintable(), phrase
        assert "|" not in phrase, phrase
        assert not phrase.endswith("."), phrase
