"""What a judge is asked."""

import re

from hypothesis import given
from hypothesis import strategies as st

from baton.core.answer import Finish
from baton.core.messages import Role
from baton.core.request import FormatKind
from baton.quality.judging.fence import fence_for, shortened
from baton.quality.judging.prompt import (
    MOST_OUTPUT_CHARS,
    MOST_TASK_CHARS,
    MOST_TOKENS,
    Question,
    packaged_prompt,
)
from baton.quality.output import Output
from baton.quality.task import Task

PROMPT = packaged_prompt()
TEXTS = st.text() | st.text(alphabet="=ab{}\n ") | st.sampled_from(["{{fence}}", "{{output}}", "==a==", "{{"])


def question(asked: str, said: str, drawn: str = "a") -> Question:
    """What a judge is asked about an output, where the same letters are always drawn."""
    output = Output(text=said, finish=Finish.STOP)
    return PROMPT.question(Task(asked=asked), output, "cheap", lambda: drawn)


def test_the_request_is_that_of_the_rubric() -> None:
    """A cheap model, at temperature 0, with a bound, for an object of five fields."""
    request = question("Plan a day.", "Go to Rome.").request
    assert request.model == "cheap"
    assert request.sampling.temperature == 0
    assert request.max_tokens == MOST_TOKENS
    assert [message.role for message in request.messages] == [Role.SYSTEM, Role.USER]
    assert request.response_format is not None
    assert request.response_format.kind is FormatKind.JSON_SCHEMA
    assert "{{" not in request.messages[0].text + request.messages[1].text
    for name in ("completeness", "coherence", "actionability", "reasoning", "overall"):
        assert name in request.messages[0].text
    assert PROMPT.version.reference == "quality-score@1"


@given(asked=TEXTS, said=TEXTS, drawn=st.sampled_from(["", "a", "ab", "="]))
def test_an_output_never_leaves_its_fence(asked: str, said: str, drawn: str) -> None:
    """Whatever is in task and output, and even where the draw is no good: the mark stands four times in the
    question, always alone on its line, and the output stands whole between the last two."""
    request = question(asked, said, drawn).request
    system, user = (message.text for message in request.messages)
    [mark] = re.findall(r"The mark is (\S+), and", system)
    assert mark not in asked
    assert mark not in said
    pieces = re.split(rf"(?m)^{re.escape(mark)}$", user)
    assert len(pieces) == 5
    assert pieces[1] == f"\n{asked}\n"
    assert pieces[3] == f"\n{said}\n"


def test_a_long_output_loses_its_middle() -> None:
    """Beginning and end are shown, what is gone is counted between marks, and the judgement will say so."""
    said = "a" * MOST_OUTPUT_CHARS + "b" * 5000
    asked = question("t" * (MOST_TASK_CHARS + 7), said)
    user = asked.request.messages[1].text
    assert asked.left_out == 5000
    assert "5000 characters were left out here" in user
    assert "7 characters were left out here" in user
    assert "b" * 5000 in user
    assert len(user) < MOST_OUTPUT_CHARS + MOST_TASK_CHARS + 1000


@given(said=st.text(), most=st.integers(0, 50))
def test_what_is_shortened_keeps_its_ends(said: str, most: int) -> None:
    """What is kept and what is gone make up the text."""
    shown, gone = shortened(said, most, "==x==")
    if gone == 0:
        assert shown == said
        return
    head = most * 3 // 5
    assert shown.startswith(said[:head] + "\n==x==")
    assert shown.endswith("==x==\n" + said[head + gone :])
    assert head + gone + len(said[head + gone :]) == len(said)
    assert len(said) - gone == most


@given(st.text(alphabet="=a", max_size=60))
def test_a_mark_is_found_whatever_is_drawn(said: str) -> None:
    """Also with a draw that is always the same, and known."""
    for drawn in ("", "a", "="):
        assert fence_for(lambda drawn=drawn: drawn, said) not in said


def test_asked_again_it_hears_what_was_wrong() -> None:
    """The unusable answer stands there as its own, shortened, and the problems behind it."""
    first = question("Plan a day.", "Go to Rome.")
    again = PROMPT.question_again(first, "x" * 10_000, ("overall is not the mean.",))
    *before, said, told = again.request.messages
    assert tuple(before) == first.request.messages
    assert said.role is Role.ASSISTANT
    assert len(said.text) < 5000
    assert "- overall is not the mean." in told.text
    assert "{{" not in told.text
