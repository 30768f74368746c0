"""The page `docs/gain.md`, told from what was tried."""

from collections.abc import Sequence

import numpy as np
from tools.gain.judging import DRAWS, Figure
from tools.gain.outcomes import GSM8K, MMLU, recorded
from tools.gain.recipes import SHEETS, written
from tools.gain.refusals import Refusal, refusals
from tools.gain.speed import estimate_us, load_ms, other_2_kb, recorded_2_kb
from tools.gain.trials import OURS, Trial, transfer

from baton.gateway.routing.gain.model import LEAST_LIKENESS, LONGEST, load_gain_model

AIM_US = 300

HEAD = """\
# Would the weak model do?

Written by `python -m tools.gain evaluate --write`; do not edit.

`baton.gateway.routing.gain` estimates, without calling a model, how likely a weak and a strong model are to
answer a prompt rightly, and so what asking the strong one gains. It learnt from recorded outcomes: multiple
choices of knowledge (MMLU) and problems of arithmetic in words (GSM8K), answered by Mixtral-8x7B and
gpt-4-1106 (published by RouteLLM, ICLR 2025; half of them, the other half was never seen here). A prompt that
is unlike both gets no estimate.

## How

Each of the two *families* has: two logistic heads (is the weak, is the strong model right) over words,
pairs of neighbours and some forty measures of shape; for MMLU also a head for the mean gain of the subject,
which has little noise, and {trees} small trees for what the linear part leaves over, learnt from rows that
the heads had not seen. Weights are one byte each. Reading a prompt and adding up is plain Python.

## How well

Five fixed folds by a hash of the prompt (duplicates stay together): every row is judged by what was learnt
from the other four, by the code and the quantised weights as they run. *Unseen subjects*: folds by a hash of
the subject. APGR is the share of the gap between the models that is recovered, averaged over all shares of
strong calls; CPT the share of strong calls that recovers 50 or 80 % of the gap (less is better). *Cost* is by
characters, a weak call costing nothing, with the threshold for 95 % of the strong model's accuracy fixed on
the folds learnt from; *reached* is what came of it. By gain per cost (over a power of the length, ½, ¾ or 1,
fixed there too), and by the gain alone. In brackets: the middle 95 % of {draws} bootstrap draws of rows.

"""

PUBLISHED = """
RouteLLM's published figures, on the whole sets: MMLU APGR 0.603 (1500 labels) with CPT(50 %) 0.35, GSM8K
0.622 with 0.34. A random ranking: APGR 0.50, CPT(50 %) 0.50, CPT(80 %) 0.80.

![Accuracy over the share of strong calls](gain.svg)

"""

CAVEAT = """
The form of the model (which measures, how many trees, how strong a penalty) was chosen while looking at
cross-fitted figures of these same rows; all that is *fitted* is fitted within folds, but the choice of form
makes the figures somewhat kinder than new rows would be. Differences smaller than the intervals mean little.
Thresholds and powers are fixed on training folds only. The two logistic regressions are scikit-learn's at its
usual strength, on TF-IDF; a stronger penalty lifts them by about 0.01 on MMLU.

"""


def text(tried: Sequence[Trial]) -> str:
    """The page."""
    model = load_gain_model()
    trees = len(written()[0].forest)
    return "".join(
        (
            HEAD.format(trees=trees, draws=DRAWS),
            *_table(tried),
            PUBLISHED,
            *_aims(tried),
            CAVEAT,
            *_contaminated(tried),
            *_transfer(),
            *_refused(tried, refusals(model)),
            _size(estimate_us(model, recorded_2_kb()), estimate_us(model, other_2_kb()), load_ms()),
        )
    )


def _table(tried: Sequence[Trial]) -> list[str]:
    lines = [
        "| set | ranked by | APGR | CPT 50 % | CPT 80 % | cost, by gain per cost | reached | cost, by gain "
        "| reached |\n",
        "|---|---|---|---|---|---|---|---|---|\n",
    ]
    for trial in tried:
        told = " | ".join(_figure(figure) for figure in trial.figures.values())
        lines.append(f"| {trial.set} | {trial.method} | {told} |\n")
    return lines


def _figure(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _aims(tried: Sequence[Trial]) -> list[str]:
    ours = {trial.set: trial.figures for trial in tried if trial.method == OURS}
    mmlu, unseen, gsm8k = ours.values()
    rows = (
        ("MMLU, APGR", 0.70, mmlu["apgr"].value, True),
        ("MMLU, unseen subjects, APGR", 0.65, unseen["apgr"].value, True),
        ("MMLU, share of the all-strong cost at 95 %", 0.30, mmlu["cost"].value, False),
        ("GSM8K, APGR", 0.64, gsm8k["apgr"].value, True),
    )
    lines = ["## Against what was aimed at\n\n", "| aim | wanted | got | |\n", "|---|---|---|---|\n"]
    for name, wanted, got, least in rows:
        met = got >= wanted if least else got <= wanted
        sign = "≥" if least else "≤"
        lines.append(f"| {name} | {sign} {wanted:.2f} | {got:.3f} | {'met' if met else '**not met**'} |\n")
    return lines


def _contaminated(tried: Sequence[Trial]) -> list[str]:
    counts = {name: int(recorded(name).contaminated.sum()) for name in (MMLU, GSM8K)}
    told = "".join(
        f"- {trial.set}: {trial.figures['apgr'].value:.3f} without, {trial.contaminated:.3f} with them.\n"
        for trial in tried
        if trial.method == OURS
    )
    return [
        "## Contaminated rows\n\n",
        f"{counts[MMLU]} row of MMLU and {counts[GSM8K]} of GSM8K are marked as contaminated. They are\n"
        f"never learnt from, and left out of the figures above. APGR with them judged too:\n\n{told}\n",
    ]


def _transfer() -> list[str]:
    lines = ["## What one family knows of the other\n\n"]
    sheets = dict(zip((MMLU, GSM8K), written(), strict=True))
    for learnt, asked in ((MMLU, GSM8K), (GSM8K, MMLU)):
        value, taken = transfer(sheets[learnt], recorded(asked).clean())
        lines.append(
            f"- {learnt} asked about {asked}: APGR {value:.3f}; it would take {taken:.1%} of these prompts "
            "for its own.\n"
        )
    lines.append("\nOutcomes do not carry over, which is why unlike prompts are refused.\n\n")
    return lines


LIKENESS = f"""\
## No estimate

Each family knows where its prompts lie: in a few measures of shape, and in how many of their words and
pairs it knows. *Likeness* is the share of its recorded prompts (kept aside when the vocabulary was made) that
lie at least as far out; below {LEAST_LIKENESS} there is no estimate. It is learnt from recorded prompts
only; which measures it takes, and the limit, were settled with a look at the other prompts below.

"""

AMONG_THEM = """
Some of these are what the families are made of: multiple choices and problems in words, from elsewhere.

"""


def _refused(tried: Sequence[Trial], refused: Sequence[Refusal]) -> list[str]:
    lines = [LIKENESS]
    for trial in tried:
        if trial.method == OURS:
            share = float(np.mean(trial.likeness >= LEAST_LIKENESS))
            lines.append(f"- {trial.set}, kept aside: {share:.1%} get an estimate.\n")
    lines += ["\n| other prompts | of them | refused |\n", "|---|---:|---:|\n"]
    lines += [f"| {one.source} | {one.prompts} | {one.refused / one.prompts:.1%} |\n" for one in refused]
    total, none = sum(one.prompts for one in refused), sum(one.refused for one in refused)
    lines += [f"| all | {total} | {none / total:.1%} |\n", AMONG_THEM]
    return lines


SIZE = """\
## Size and time

{size:.2f} MB, loaded in {load:.0f} ms when first needed. An estimate for a recorded prompt of 2 KB takes
{estimate:.0f} µs, against the {aim} µs that were aimed at; the same words as one paragraph are ruled out by
their shape in {other:.0f} µs (the machine of [evidence](evidence.md), with other work on it). Prompts of more
than {longest} characters are not read.
"""


def _size(estimate: float, other: float, load: float) -> str:
    return SIZE.format(
        size=SHEETS.stat().st_size / 1e6,
        load=load,
        estimate=estimate,
        aim=AIM_US,
        other=other,
        longest=LONGEST,
    )
