"""Recorded outcomes: was a weak and a strong model right, prompt by prompt."""

import csv
import gzip
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(os.environ.get("BATON_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")

FOLDS = 5
MMLU, GSM8K = "mmlu", "gsm8k"

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Prompts and what became of them, in the order of the file."""

    name: str
    prompts: tuple[str, ...]
    weak: Numbers
    strong: Numbers
    """1 where the model was right, else 0."""
    subjects: NDArray[np.str_]
    """All the same where none were recorded."""
    contaminated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def gain(self) -> Numbers:
        """1 where only the strong model was right, -1 where only the weak one was, else 0."""
        return self.strong - self.weak

    @property
    def characters(self) -> Numbers:
        """Of each prompt."""
        return np.array([len(prompt) for prompt in self.prompts], dtype=float)

    def only(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """The chosen rows."""
        return replace(
            self,
            prompts=tuple(prompt for prompt, wanted in zip(self.prompts, chosen, strict=True) if wanted),
            weak=self.weak[chosen],
            strong=self.strong[chosen],
            subjects=self.subjects[chosen],
            contaminated=self.contaminated[chosen],
        )

    def clean(self) -> "Outcomes":
        """Without the rows that are marked as contaminated."""
        return self.only(~self.contaminated)


def present() -> bool:
    """Whether there are outcomes to learn from."""
    return (DATA / "routing").is_dir()


def recorded(name: str) -> Outcomes:
    """One set, MMLU or GSM8K. Raises FileNotFoundError where BATON_TEST_DATA has none."""
    with gzip.open(DATA / "routing" / f"{name}_outcomes.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Outcomes(
        name=name,
        prompts=tuple(row["prompt"] for row in rows),
        weak=np.array([float(row["weak_correct"]) for row in rows]),
        strong=np.array([float(row["strong_correct"]) for row in rows]),
        subjects=np.array([row.get("domain", name) for row in rows]),
        contaminated=np.array([row["contaminated"] == "1" for row in rows]),
    )


def by_prompt(outcomes: Outcomes, folds: int = FOLDS, salt: str = "") -> NDArray[np.int64]:
    """A fold for each row, by a hash of the prompt without its case and spacing: duplicates stay together.
    Another salt gives folds that are independent of these."""
    return np.array([_hashed(salt + " ".join(prompt.lower().split()), folds) for prompt in outcomes.prompts])


def by_subject(outcomes: Outcomes, folds: int = FOLDS) -> NDArray[np.int64]:
    """A fold for each row, by a hash of its subject: what is judged on a fold has seen none of its
    subjects."""
    return np.array([_hashed(f"subject {subject}", folds) for subject in outcomes.subjects])


def _hashed(text: str, folds: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % folds
