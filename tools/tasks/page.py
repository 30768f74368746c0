"""Writes `docs/tasks.md`: how types of tasks and complexity are told, and how well."""

import platform
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from math import sqrt
from pathlib import Path
from statistics import median, quantiles

from msgspec import Struct
from tools.tasks.evaluation import (
    Guess,
    confusion,
    cross_fitted,
    guesses,
    macro_f1,
    share_right,
    sources_left_out,
)
from tools.tasks.examples import lengthened, own, recorded, spoken
from tools.tasks.hardness import Separation, separations
from tools.tasks.training import FOLDS, cases_of

from baton.core.task import COMPLEX_FROM, MODERATE_FROM
from baton.gateway.routing.tasks.complexity import CONSTRAINTS, CONTEXT, LENGTH, REASONING, STRUCTURE, WORK
from baton.gateway.routing.tasks.model import TYPES
from baton.gateway.routing.tasks.reading import Prompt, TaskReader, load_task_reader

_READS = 300


class Measured(Struct, frozen=True):
    """All that the page says."""

    crossed: list[Guess]
    by_source: list[Guess]
    in_languages: list[Guess]
    separations: list[Separation]
    own: int
    cost: list[str]


def measure(model: Path) -> Measured:
    """Takes a minute or two."""
    cost = list(_cost(model))  # first of all: training leaves a heap that slows what is timed behind it
    ours = own()
    cases = cases_of([*recorded(), *ours, *lengthened(ours)])
    reader = load_task_reader()
    return Measured(
        crossed=cross_fitted(cases),
        by_source=sources_left_out(cases),
        in_languages=guesses(reader.model, cases_of(spoken())),
        separations=separations(reader, recorded()),
        own=len(ours),
        cost=cost,
    )


def page(measured: Measured) -> str:
    """The whole of it, in Markdown."""
    return "\n".join([*_design(measured), *_accuracy(measured), *_hardness(measured), *measured.cost, ""])


def _design(measured: Measured) -> Iterator[str]:
    yield f"""# Types of tasks and complexity

What Baton knows of a prompt before it asks any model: which of nine kinds of work it is, and how hard it
looks. Written by `python -m tools.tasks evaluate --write`; the model by `python -m tools.tasks train`.

## How it is told

1. **What is read**: beginning and end of the user's last turn, so that time does not grow with length.
   Beginning and end of that, sentence by sentence, are *what is asked*.
2. **Words**: those that were read, and pairs of neighbours in what is asked; scaled to one length.
3. **Marks**: cues (words and phrases in fifteen languages, by what they stand for: `data/cues.json`), pairs
   of cues, the words of the first sentence, and shapes (code, formulas, options, questions, numbers).
4. **A linear model** over both: softmax regression, its weights rounded to a byte each.
5. **A vote of rules** over cues alone comes in where few of the words are known: other languages.
6. **Unsure**, where the best type's probability is below a border, which was found on prompts that the model
   in question had not seen. Nothing should be moved by an unsure reading.
7. **Evidence**: cues and shapes that speak for the type, else its most telling words; what made it complex.

It was trained on the recorded prompts with a label and on {measured.own} of our own (`tools/tasks/prompts`):
types that the recorded ones hardly have, ways to ask, other languages. Those about a text are taken twice
more with a longer one in its place (`passages.txt`), since what is wanted does not depend on it.

Complexity is `1 - Π(1 - weight · share)` over six shares of 0-1:

| share | weight | full at |
|---|---|---|
| length, by doublings | {LENGTH} | 3200 characters |
| structure: lines, questions, quantities | {STRUCTURE} | 16 |
| constraints: phrases such as "at most", "without" | {CONSTRAINTS} | 5 |
| reasoning: phrases such as "step by step", "compare" | {REASONING} | 3 |
| work: what its likely types mostly take, 0 for conversation, 0.9 for mathematics | {WORK} | 1 |
| context: characters and turns before, needs such as tools | {CONTEXT} | 32 000, 12, 2 |

It grows with each and never passes 1. Below {MODERATE_FROM} is simple, from {COMPLEX_FROM} complex. The
weights are set by hand."""


def _accuracy(measured: Measured) -> Iterator[str]:
    crossed = measured.crossed
    natural = [guess for guess in crossed if guess.case.example.natural]
    left_out = measured.by_source
    yield f"""
## How well

Every recorded prompt is told by a model that has not seen it ({FOLDS} folds by a digest of the prompt). A
guess is right if it is one of the types that the label accepts; ambiguous prompts are left out. **The figures
to trust are those of the half that nobody read**: cues, rules and our own prompts were written with the other
half in view. But features, strength of regularisation and how right the sure ones should be were chosen among
some eighty variants with the figures of both halves in view: expect a point or two less on what is quite new.
The same holds for a source left out: our prompts were written knowing it. The standard error of a share is
{_error(crossed):.3f} over all prompts, {_error(_halves(natural)[1]):.3f} over the natural ones of one half.

| | aim | all | half not read | half read |
|---|---|---|---|---|"""
    yield _row("labelled prompts", "0.92", crossed)
    yield _row("natural ones (MT-Bench, Vicuna, Arena-Hard, self-instruct)", "0.87", natural)
    yield _row("a source never trained on", "0.75", left_out)
    for name, of in (("labelled", crossed), ("natural", natural)):
        yield _row(f"right where sure, {name}", "0.95", [guess for guess in of if guess.sure])
        sure = [f"{_sure(part):.3f}" for part in _halves(of)]
        yield f"| sure of so many, {name} | 0.85 | {' | '.join(sure)} |"
    yield f"| macro-F1 | | {' | '.join(f'{macro_f1(part):.3f}' for part in _halves(crossed))} |"
    yield f"| prompts | | {' | '.join(str(len(part)) for part in _halves(crossed))} |"
    yield """
Every source left out once, told by a model of the other sources and our own prompts:

| source | prompts | right | right, half not read |
|---|---|---|---|"""
    for source in dict.fromkeys(guess.case.example.source for guess in left_out):
        all_, unread, _ = _halves([guess for guess in left_out if guess.case.example.source == source])
        yield f"| {source} | {len(all_)} | {share_right(all_):.3f} | {share_right(unread):.3f} |"
    yield """
What was taken for what (rows: the label; an acceptable guess counts as right):
"""
    yield from _confusion(crossed)
    told = measured.in_languages
    languages = dict.fromkeys(guess.case.example.source for guess in told)
    sure = [guess for guess in told if guess.sure]
    each = ", ".join(
        f"{language} {sum(guess.right for guess in of)}/{len(of)}"
        for language in languages
        if (of := [guess for guess in told if guess.case.example.source == language])
    )
    yield f"""
Other languages: {len(told)} prompts of our own, which nothing was trained on. Right {share_right(told):.3f},
sure of {len(sure) / len(told):.2f} of them, and there right {share_right(sure):.3f}. Who wrote them had
written the cues, so this is no measure of how people ask in those languages; the last four have no cues.

{each}"""


def _hardness(measured: Measured) -> Iterator[str]:
    yield """
## What complexity is worth

How often a hard prompt gets the higher complexity (area under the curve, 0.5 is chance), beside what its
length alone would do. It tells long and demanding prompts from chats; whether a short question is hard for a
model it hardly knows: that is what the estimate of the strong model's gain is for.

| told apart | complexity | length alone | mean of the easy | mean of the hard |
|---|---|---|---|---|"""
    for one in measured.separations:
        yield f"| {one.what} | {one.complexity:.3f} | {one.length:.3f} | {one.easy:.2f} | {one.hard:.2f} |"


def _cost(model: Path) -> Iterator[str]:
    start = time.perf_counter()
    reader = load_task_reader()
    load_ms = (time.perf_counter() - start) * 1000
    data = model.read_bytes()
    yield f"""
## What it costs

Measured with Python {platform.python_version()} on {platform.machine()}, a shared virtual machine.
The model has {len(data)} bytes (SHA-256 begins with `{sha256(data).hexdigest()[:16]}`) and is loaded with the
cues in {load_ms:.0f} ms when it is first needed. It is sure from a probability of {reader.model.sure_from}.

| prompts | µs of CPU, median | 99 of 100 |
|---|---|---|"""
    lengths = (("150-250 characters", 150, 250), ("1700-2500 characters", 1700, 2500))
    prompts = [example.prompt for example in recorded()]
    for name, least, most in lengths:
        yield _timing(name, reader, [prompt for prompt in prompts if least <= len(prompt) <= most])
    yield _timing("a megabyte", reader, ["Compare these two, x = 1; and say why.\n" * 26_000])


def _timing(name: str, reader: TaskReader, texts: Sequence[str]) -> str:
    prompts = [Prompt(text) for text in texts]
    times: list[float] = []
    for _ in range(max(20, _READS * 10 // len(prompts))):
        for prompt in prompts:
            start = time.thread_time()
            reader.read(prompt)
            times.append((time.thread_time() - start) * 1e6)
    return f"| {name} | {median(times):.0f} | {quantiles(times, n=100)[98]:.0f} |"


def _row(name: str, aim: str, found: Sequence[Guess]) -> str:
    return f"| {name} | {aim} | {' | '.join(f'{share_right(part):.3f}' for part in _halves(found))} |"


def _halves(found: Sequence[Guess]) -> tuple[list[Guess], list[Guess], list[Guess]]:
    """All, those that nobody read, those that were read."""
    unread = [guess for guess in found if not guess.case.example.read]
    return list(found), unread, [guess for guess in found if guess.case.example.read]


def _error(found: Sequence[Guess]) -> float:
    right = share_right(found)
    return sqrt(right * (1 - right) / len(found))


def _sure(found: Sequence[Guess]) -> float:
    return sum(guess.sure for guess in found) / len(found)


def _confusion(found: Sequence[Guess]) -> Iterator[str]:
    confused = confusion(found)
    yield f"| | {' | '.join(task.value.replace('_', ' ') for task in TYPES)} |"
    yield "|---" * (len(TYPES) + 1) + "|"
    for truth in TYPES:
        counts = " | ".join(str(confused[truth, guess] or "") for guess in TYPES)
        yield f"| {truth.value.replace('_', ' ')} | {counts} |"
