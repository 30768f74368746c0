"""Holds complexity against what was hard for real models, and against prompts that people know to be hard."""

import csv
import gzip
import io
from collections.abc import Sequence
from statistics import fmean

from msgspec import Struct
from tools.tasks.evaluation import area_under_curve
from tools.tasks.examples import Example, data_folder

from baton.gateway.routing.tasks.reading import Prompt, TaskReader


class Separation(Struct, frozen=True):
    """How well two groups of prompts are told apart."""

    what: str
    complexity: float
    """Area under the curve: 0.5 is chance."""
    length: float
    """The same of the number of characters."""
    easy: float
    """Mean complexity of those that should be lower."""
    hard: float


def separations(reader: TaskReader, examples: Sequence[Example]) -> list[Separation]:
    """Where it should tell apart, from the most obvious on."""
    chats = [example.prompt for example in examples if example.source.startswith("CLINC")]
    hard = [example.prompt for example in examples if example.source.startswith("arena-hard")]
    return [
        _separation("one-line chats, and prompts chosen for being hard", reader, chats, hard),
        *(
            _separation(f"{name}: a weak model was right, and was wrong", reader, *_outcomes(file))
            for name, file in (("GSM8K", "gsm8k_outcomes.csv.gz"), ("MMLU", "mmlu_outcomes.csv.gz"))
        ),
    ]


def _outcomes(file: str) -> tuple[list[str], list[str]]:
    right: list[str] = []
    wrong: list[str] = []
    text = gzip.decompress((data_folder() / "routing" / file).read_bytes()).decode()
    for row in csv.DictReader(io.StringIO(text)):
        (right if float(row["weak_correct"]) else wrong).append(row["prompt"])
    return right, wrong


def _separation(what: str, reader: TaskReader, easy: Sequence[str], hard: Sequence[str]) -> Separation:
    low = [reader.read(Prompt(prompt)).complexity for prompt in easy]
    high = [reader.read(Prompt(prompt)).complexity for prompt in hard]
    return Separation(
        what=what,
        complexity=area_under_curve(low, high),
        length=area_under_curve(list(map(len, easy)), list(map(len, hard))),
        easy=fmean(low),
        hard=fmean(high),
    )
