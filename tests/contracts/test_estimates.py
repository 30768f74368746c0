"""The calibration of token estimates."""

from statistics import median

from tests.contracts.estimates import DATA, PAGE, cross_validate, errors_of_answers, high, made_of
from tests.contracts.fitting import calibrate
from tests.contracts.measured import SHORT_TOKENS, read_cases, read_told
from tests.contracts.measured import Exact as Encodings


def test_the_coefficients_and_their_errors_are_those_of_the_recordings() -> None:
    """`data/tokens.json` and `docs/tokens.md` are what `python -m tests.contracts.estimates` writes."""
    for path, text in made_of(read_cases(), read_told(), Encodings()).items():
        assert path.read_text() == text, f"{path.name}: run python -m tests.contracts.estimates"
    assert {DATA.name, PAGE.name} == {"tokens.json", "tokens.md"}


def test_estimates_hold_for_prompts_that_they_were_not_fitted_on() -> None:
    """Exact ones nine of ten to the token; the others half within a tenth and nine of ten within a half;
    from outside half within a fifth, where characters / 4 are off by more than a half."""
    cases, told, encodings = read_cases(), read_told(), Encodings()
    errors = cross_validate(cases, told, encodings)
    sure = [error for error in errors if error.exact]
    assert len(sure) > 30
    assert sum(not error.tokens for error in sure) / len(sure) > 0.8
    assert median(error.relative for error in errors) < 0.1
    assert high([error.relative for error in errors]) < 0.5
    assert median(error.outside for error in errors) < 0.2
    assert median(abs(each.rough - each.tokens) / each.tokens for each in cases) > 0.5
    long = [each for each in told if each.tokens >= SHORT_TOKENS]
    answers = errors_of_answers(long, calibrate(cases, told, encodings))
    assert median(error for error, _ in answers) < 0.6 * median(rough for _, rough in answers)


def test_a_calibration_forgets_nothing() -> None:
    """Every family and every rule has a source, and a long prompt is never next to nothing."""
    calibration = calibrate(read_cases(), read_told(), Encodings())
    assert all(each.source for each in (*calibration.families, *calibration.visions))
    for family in calibration.families:
        assert family.said >= 0.8
        assert family.gauge.rough >= 0.8
        assert 0.7 < family.gauge.answer < 2
