"""How often prompts of other sources and languages get an estimate."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tools.gain import foreign
from tools.gain.outcomes import DATA

from baton.gateway.routing.gain.model import GainModel

RECORDED_TOO = ("MMLU", "GSM8K")
"""How the names of the sources begin that outcomes were recorded of: they are asked elsewhere."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source and how many of its prompts got no estimate."""

    source: str
    prompts: int
    refused: int


def refusals(model: GainModel) -> list[Refusal]:
    """One for each other source of the labelled prompts, and for each kind of those made by hand."""
    by_source = dict[str, list[str]]()
    for line in (DATA / "tasks.jsonl").read_text().splitlines():
        row = json.loads(line)
        if not row["source"].startswith(RECORDED_TOO):
            by_source.setdefault(row["source"].partition(" (")[0], []).append(row["prompt"])
    by_hand = {
        "other languages: multiple choices": foreign.CHOICES,
        "other languages: problems in words": foreign.PROBLEMS,
        "other languages: anything else": foreign.OTHERS,
    }
    return [_refusal(model, source, prompts) for source, prompts in {**by_source, **by_hand}.items()]


def _refusal(model: GainModel, source: str, prompts: Iterable[str]) -> Refusal:
    estimates = [model.estimate(prompt) for prompt in prompts]
    return Refusal(source, len(estimates), estimates.count(None))
