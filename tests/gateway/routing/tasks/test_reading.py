"""What a prompt is read as."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.core.task import TaskType, level_of
from baton.gateway.routing.tasks.reading import Prompt, TaskReader, load_task_reader

READER = load_task_reader()

PIECES = st.sampled_from(
    ["write ", "code ", "((", "{", "\n", "1. ", "a_b", "£5 ", "次の", "?", "```", "ترجم", "\x00"]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@pytest.fixture(scope="module")
def reader() -> TaskReader:
    """The one that is shipped."""
    return READER


@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    """Nothing raises; probabilities are some, in their order; complexity is 0-1 and named rightly."""
    reading = READER.read(Prompt(text))
    values = [probability for _, probability in reading.likely]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3
    assert 0 < sum(values) <= 1.001
    assert 0 <= reading.complexity <= 1
    assert reading.level is level_of(reading.complexity)
    assert reading.task in (None, reading.likely[0][0])


@given(TEXTS)
@settings(max_examples=30)
def test_the_same_text_is_read_the_same(text: str) -> None:
    """By another reader, too."""
    assert load_task_reader().read(Prompt(text)) == READER.read(Prompt(text))


@pytest.mark.parametrize(
    "piece", ["a", "(", "1.", "\n", "$", "_", "a_", '"', "翻", "0 + ", "write a ", "`", "x=", "é"]
)
def test_a_megabyte_takes_no_longer(reader: TaskReader, piece: str) -> None:
    """What is read is bounded, and nothing in it is read over and over."""
    prompt = Prompt(piece * (1_000_000 // len(piece)))
    reader.read(prompt)
    start = time.perf_counter()
    reader.read(prompt)
    assert time.perf_counter() - start < 0.05


def test_a_reader_loads_no_library_for_numbers() -> None:
    """What is read with is Python alone: it costs no memory but its own."""
    program = (
        "import sys; from baton.gateway.routing.tasks.reading import Prompt, load_task_reader;"
        " load_task_reader().read(Prompt('hello')); print('numpy' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize("text", ["", " \n ", "???", "🎉"])
def test_what_says_nothing_is_unsure(reader: TaskReader, text: str) -> None:
    """No word, no type."""
    assert reader.read(Prompt(text)).task is None


@pytest.mark.parametrize(
    ("text", "task", "said"),
    [
        (
            "Translate into Danish: The harbour is closed.",
            TaskType.TRANSLATION,
            '"translate" asks for translation',
        ),
        (
            "Write a poem about a rusty gate.",
            TaskType.CREATIVE_WRITING,
            '"poem" asks for a text to be written',
        ),
        ("Fix this:\n```\nfor i in range(3)\n  print(i);\n```", TaskType.CODING, "a code block"),
    ],
)
def test_a_reading_says_why(reader: TaskReader, text: str, task: TaskType, said: str) -> None:
    """In phrases that a person understands."""
    reading = reader.read(Prompt(text))
    assert reading.task is task
    assert said in reading.evidence
