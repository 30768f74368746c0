"""The child process that tokenizes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from baton.catalog.tokens.child import MOST_CHARS, MOST_WAITING, Tokenizer
from baton.catalog.tokens.frames import Question

HELLO = Question("o200k_base", (["hello world"], ["tiktoken is great!", ""]))
LONG = Question("o200k_base", (["the quick brown fox " * 20_000],))


@pytest.fixture
async def tokenizer() -> AsyncGenerator[Tokenizer]:
    async with Tokenizer() as opened:
        yield opened


@pytest.mark.parametrize(
    ("encoding", "text", "tokens"),
    [
        ("cl100k_base", "tiktoken is great!", 6),
        ("cl100k_base", "antidisestablishmentarianism", 6),
        ("cl100k_base", "お誕生日おめでとう", 9),
        ("o200k_base", "antidisestablishmentarianism", 6),
        ("o200k_base", "お誕生日おめでとう", 8),
        ("o200k_base", "", 0),
    ],
)
async def test_counts_are_those_of_the_public_encodings(
    tokenizer: Tokenizer, encoding: str, text: str, tokens: int
) -> None:
    """The examples of OpenAI's cookbook have the number of tokens that it says."""
    assert await tokenizer.count(Question(encoding, ([text],))) == [tokens]


async def test_a_tokenizer_that_nobody_asked_has_no_child(tokenizer: Tokenizer) -> None:
    """Nothing is started before the first question; then one child answers all of them."""
    assert tokenizer.pid is None
    assert await tokenizer.count(HELLO) == [2, 6]
    first = tokenizer.pid
    answers = await asyncio.gather(*(tokenizer.count(HELLO) for _ in range(20)))
    assert answers == [[2, 6]] * 20
    assert first is not None
    assert tokenizer.pid == first


async def test_a_child_that_died_is_replaced(tokenizer: Tokenizer) -> None:
    """The next question starts another one and is answered."""
    await tokenizer.count(HELLO)
    first = tokenizer.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert await tokenizer.count(HELLO) == [2, 6]
    assert tokenizer.pid != first


async def test_who_stops_waiting_disturbs_nobody(tokenizer: Tokenizer) -> None:
    """The answers that others get are those to their own questions."""
    leaving = [asyncio.create_task(tokenizer.count(LONG)) for _ in range(4)]
    staying = [asyncio.create_task(tokenizer.count(HELLO)) for _ in range(4)]
    await asyncio.sleep(0)
    leaving[1].cancel()
    assert await leaving[0] == [80_001]
    leaving[2].cancel()
    leaving[3].cancel()
    assert await asyncio.gather(*staying) == [[2, 6]] * 4
    assert [task.cancelled() for task in leaving] == [False, True, True, True]


async def test_a_full_queue_and_a_book_are_not_counted(tokenizer: Tokenizer) -> None:
    """Whoever comes when too many wait, or with too long a text, gets no count, at once."""
    assert await tokenizer.count(Question("o200k_base", (["x" * (MOST_CHARS + 1)],))) is None
    assert tokenizer.pid is None
    answers = await asyncio.gather(*(tokenizer.count(HELLO) for _ in range(MOST_WAITING + 5)))
    assert answers.count(None) == 5
    assert answers[:MOST_WAITING] == [[2, 6]] * MOST_WAITING


async def test_half_a_character_is_not_counted(tokenizer: Tokenizer) -> None:
    """A lone surrogate has no bytes: no count, and the child goes on."""
    assert await tokenizer.count(Question("o200k_base", (["\ud800"],))) is None
    assert await tokenizer.count(HELLO) == [2, 6]


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "print('x' * 99)")])
async def test_a_child_that_cannot_answer_leaves_no_count(command: tuple[str, ...]) -> None:
    """It cannot be started, or speaks nonsense and ends: nobody waits for ever."""
    async with Tokenizer(command) as broken:
        assert await broken.count(HELLO) is None


async def test_closing_leaves_no_child_and_nobody_waiting() -> None:
    """Whoever still waits gets no count."""
    async with Tokenizer() as opened:
        assert await opened.count(HELLO) == [2, 6]
        pid = opened.pid
        waiting = [asyncio.create_task(opened.count(LONG)) for _ in range(3)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [None] * 3
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    """Also when the parent is killed and can clean nothing up."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, os, signal\n"
        "from baton.catalog.tokens.child import Tokenizer\n"
        "from baton.catalog.tokens.frames import Question\n"
        "async def main():\n"
        "    async with Tokenizer() as tokenizer:\n"
        "        await tokenizer.count(Question('o200k_base', (['hello'],)))\n"
        "        print(tokenizer.pid, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    # The child holds the other end of this pipe too: reading to its end means that both are gone.
    ended = subprocess.run([sys.executable, script], capture_output=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert int(ended.stdout) > 0


def test_the_serving_process_loads_no_tokenizer() -> None:
    """Importing the application loads neither the library nor a vocabulary."""
    code = "import sys, baton.app; sys.exit(any(name.startswith('rs_bpe') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
