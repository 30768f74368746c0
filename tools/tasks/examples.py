"""Prompts with their types of task: recorded ones with somebody's label, and our own in `prompts/`."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from baton.core.task import TaskType

ROOT = Path(__file__).parents[2]
OWN = "our own"
LONGER = "our own, with other texts"
"""The sources of the prompts in `prompts/`, and of those made from them."""

_HERE = Path(__file__).parent
_ABOUT_A_TEXT = frozenset(TaskType) - {TaskType.CONVERSATION, TaskType.CODING, TaskType.MATH_REASONING}
_LONGER_EACH = 2

_NATURAL = ("mt_bench", "vicuna_bench", "arena-hard", "self-instruct")


class Example(Struct, frozen=True):
    """One prompt."""

    prompt: str
    accept: tuple[TaskType, ...]
    """The types that are right, the most fitting first; at least one."""
    source: str

    @property
    def natural(self) -> bool:
        """Whether somebody wanted something, rather than examined: what is hard to tell."""
        return self.source.startswith(_NATURAL)

    @property
    def ours(self) -> bool:
        """Whether it was written to train the model."""
        return self.source in (OWN, LONGER)

    @property
    def read(self) -> bool:
        """Whether this is of the half that was read while cues, rules and our own prompts were written."""
        return hashlib.sha256(self.prompt.encode()).digest()[0] % 2 == 0

    @property
    def fold(self) -> int:
        """A number that depends on the prompt alone."""
        return int.from_bytes(hashlib.sha256(self.prompt.encode()).digest()[:8], "big")


class _Row(Struct):
    prompt: str
    source: str
    accept: tuple[TaskType, ...] | None


def data_folder() -> Path:
    """Where recorded data lies: `BATON_TEST_DATA`, by default `../shared/data` beside the repository."""
    return Path(os.environ.get("BATON_TEST_DATA") or ROOT.parent / "shared" / "data")


def recorded() -> list[Example]:
    """Those of `tasks.jsonl`, but for the ambiguous ones.

    Raises:
        FileNotFoundError: there is no such file.
    """
    lines = (data_folder() / "tasks.jsonl").read_bytes().splitlines()
    rows = (msgspec.json.decode(line, type=_Row) for line in lines)
    return [Example(row.prompt, row.accept, row.source.partition(" (")[0]) for row in rows if row.accept]


def spoken() -> list[Example]:
    """Ours in other languages, which nothing is trained on; `source` is the language."""
    text = (ROOT / "tests/gateway/routing/tasks/spoken.txt").read_text(encoding="utf-8")
    parts = (line.split(" ", 2) for line in text.splitlines())
    return [Example(prompt, (TaskType(task),), language) for language, task, prompt in parts]


def own() -> list[Example]:
    """Ours: a file for each type, a prompt for each line, with `\\n` for a new line."""
    return [
        Example(prompt, (TaskType(path.stem),), OWN)
        for path in sorted((_HERE / "prompts").glob("*.txt"))
        for prompt in _lines(path)
    ]


def lengthened(examples: Sequence[Example]) -> list[Example]:
    """Those about a text, which stands behind their first paragraph, with others in its place.

    What is wanted of a text does not depend on it, and people's are longer than those in our own prompts.
    """
    passages = _lines(_HERE / "passages.txt")
    return [
        Example(f"{asked}\n\n{passages[(example.fold + turn) % len(passages)]}", example.accept, LONGER)
        for example in examples
        if example.accept[0] in _ABOUT_A_TEXT
        for asked, about, _ in [example.prompt.partition("\n\n")]
        if about
        for turn in range(_LONGER_EACH)
    ]


def _lines(path: Path) -> list[str]:
    return [line.replace("\\n", "\n") for line in path.read_text(encoding="utf-8").splitlines()]
