"""How long an answer may be given again where nobody says it."""

import pytest

from baton.core.task import TaskType
from baton.gateway.cache.exact.freshness import LONG_S, MEDIUM_S, SHORT_S, VERY_LONG_S, ages_soon, usual_ttl_s


@pytest.mark.parametrize(
    ("text", "task", "house_s", "ttl_s"),
    [
        ("Name a river.", None, LONG_S, LONG_S),
        ("Name a river.", TaskType.QUESTION_ANSWERING, LONG_S, LONG_S),
        ("How are you?", TaskType.CONVERSATION, LONG_S, MEDIUM_S),
        ("Translate: bread", TaskType.TRANSLATION, LONG_S, VERY_LONG_S),
        ("What is 3 * 4?", TaskType.MATH_REASONING, 2 * LONG_S, VERY_LONG_S),
        ("Translate: bread", TaskType.TRANSLATION, 60.0, 60.0),
        ("How are you?", TaskType.CONVERSATION, 60.0, 60.0),
        ("Translate today's news", TaskType.TRANSLATION, LONG_S, SHORT_S),
        ("What is new now?", None, 60.0, 60.0),
    ],
)
def test_it_goes_by_what_is_asked(text: str, task: TaskType | None, house_s: float, ttl_s: float) -> None:
    """By words for the present, else by the kind of work; a house that says less than an hour is obeyed."""
    assert usual_ttl_s(text, task, house_s) == ttl_s


@pytest.mark.parametrize(
    ("text", "soon"),
    [
        ("What is the latest version?", True),
        ("Wie ist das Wetter heute?", True),
        ("\u4eca\u5929\u5929\u6c14", True),
        ("a line\\nnow another", True),
        ("What do you know?", False),
        ("Snow is white.", False),
    ],
)
def test_words_for_the_present_are_whole_words(text: str, soon: bool) -> None:
    """In a dozen languages; `know` is none."""
    assert ages_soon(text) is soon
