"""The calibration of token estimates."""

from tests.contracts.estimates import DATA, PAGE, calibrate, cross_validate, made_of, read_cases
from tests.contracts.estimates import Exact as Encodings


def test_the_coefficients_and_their_errors_are_those_of_the_recordings() -> None:
    """`data/tokens.json` and `docs/tokens.md` are what `python -m tests.contracts.estimates` writes."""
    for path, text in made_of(read_cases(), Encodings()).items():
        assert path.read_text() == text, f"{path.name}: run python -m tests.contracts.estimates"
    assert {DATA.name, PAGE.name} == {"tokens.json", "tokens.md"}


def test_what_is_called_exact_is_what_the_provider_counted() -> None:
    """Of text alone to models of public encodings: nine of ten to the token."""
    cases = read_cases()
    sure = [error for error in cross_validate(cases, Encodings()) if error.exact]
    assert len(sure) > 30
    assert sum(error.estimated == error.case.tokens for error in sure) / len(sure) > 0.8


def test_a_calibration_forgets_nothing() -> None:
    """Every family has a source, and a long prompt is never next to nothing."""
    for family in calibrate(read_cases(), Encodings()).families:
        assert family.source
        assert family.said >= 0.8
