"""What asking the strong model gains, or no estimate."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.gain import foreign

from baton.gateway.routing.gain.model import LEAST_LIKENESS, LONGEST, GainModel

CHOICES = (
    "Which of the following organelles is chiefly responsible for producing ATP in animal cells?\n"
    "A. The nucleus\nB. The mitochondrion\nC. The Golgi apparatus\nD. The ribosome\nAnswer:",
    "A contract for the sale of land is generally not enforceable unless it is\n"
    "A. in writing and signed by the party to be charged.\nB. recorded in the county where the land is.\n"
    "C. witnessed by a notary.\nD. approved by a court.",
    "Which philosopher argued that moral worth comes from acting out of duty?\n"
    "A. Mill\nB. Kant\nC. Aristotle\nD. Hume\nAnswer:",
    "If the marginal cost of a firm is below its average total cost, its average total cost must be\n"
    "A. rising\nB. falling\nC. constant\nD. equal to price",
)
PROBLEMS = (
    "Maria bakes 24 cookies every day for 5 days. She gives half of the cookies to her neighbors and sells "
    "the rest for $2 each. How much money does she make?",
    "A train ticket costs $15. Tom buys 4 tickets for his family and pays with a $100 bill. How many dollars "
    "does he get back?",
    "There are 36 students in a class. Twice as many of them play soccer as play chess, and 6 play neither. "
    "How many students play chess?",
)
UNLIKE = (
    "Write a poem about the sea in autumn, in four stanzas.",
    "hello",
    "def fib(n):\n    if n < 2:\n        return n\n    return fib(n - 1) + fib(n - 2)\n\nWhy is this slow?",
    '{"name": "order", "fields": [{"id": 1, "type": "int"}, {"id": 2, "type": "text"}]}',
    "SELECT a.id, count(*) FROM a JOIN b ON a.id = b.a_id GROUP BY a.id HAVING count(*) > 10;",
    "Summarize the following meeting notes in three bullet points, and list who has to do what by Friday.",
    "You are a helpful assistant. Answer in JSON with the fields name, price and currency.",
    "",
    "   \n\n  ",
)


@pytest.mark.parametrize("prompt", CHOICES)
def test_a_multiple_choice_has_an_estimate(gain_model: GainModel, prompt: str) -> None:
    """A multiple choice of knowledge is judged by recorded ones."""
    gain = gain_model.estimate(prompt)
    assert gain is not None
    assert gain.family == "mmlu"


@pytest.mark.parametrize("prompt", PROBLEMS)
def test_a_problem_in_words_has_an_estimate(gain_model: GainModel, prompt: str) -> None:
    """A problem of arithmetic in words is judged by recorded ones."""
    gain = gain_model.estimate(prompt)
    assert gain is not None
    assert gain.family == "gsm8k"


@pytest.mark.parametrize("prompt", [*UNLIKE, *foreign.ALL])
def test_what_is_unlike_has_no_estimate(gain_model: GainModel, prompt: str) -> None:
    """Other work, other languages and code get no guess."""
    assert gain_model.estimate(prompt) is None


def test_a_dilemma_gains_more_than_a_matter_of_course(gain_model: GainModel) -> None:
    """Where recorded weak answers were mostly wrong, more is gained than where they were mostly right."""
    hard = gain_model.estimate(
        "For which of these two scenarios does the main character (who uses I to describe himself/herself) "
        "do something that is clearly morally wrong, by ordinary standards in the US?\n"
        "Scenario 1 | I told my sister that her cake was dry, and took another piece.\n"
        "Scenario 2 | I locked my neighbor's dog in the cellar because it had barked.\n"
        "A. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong\nAnswer:"
    )
    easy = gain_model.estimate(
        "Which of these is most often used by a company that wants its customers to remember a brand?\n"
        "A. Advertising\nB. Auditing\nC. Depreciation\nD. Arbitration\nAnswer:"
    )
    assert hard is not None
    assert easy is not None
    assert hard.gain > easy.gain + 0.1


@given(st.text(max_size=400) | st.text(alphabet="A.B)C \n1$%x?", max_size=400))
def test_any_text_is_answered_with_shares_or_with_nothing(gain_model: GainModel, text: str) -> None:
    """Nothing raises; the same text is answered alike; shares are shares and the gain is their difference."""
    gain = gain_model.estimate(text)
    assert gain == gain_model.estimate(text)
    if gain is not None:
        assert 0 <= gain.weak_right <= 1
        assert 0 <= gain.strong_right <= 1
        assert gain.gain == gain.strong_right - gain.weak_right
        assert LEAST_LIKENESS <= gain.likeness <= 1


@pytest.mark.parametrize(
    "unit", ["a", "A. ", "A. x\n", "\n", " ", "((", "0.1 ", "é", "Statement 1 | ", "word ", "\ud800", "\x00"]
)
def test_no_text_takes_long(gain_model: GainModel, unit: str) -> None:
    """A megabyte of anything, and the longest prompt that is read at all, are done with in 100 ms."""
    for length in (1_000_000, LONGEST):
        text = unit * (length // len(unit))
        began = time.process_time()
        gain_model.estimate(text)
        assert time.process_time() - began < 0.1
