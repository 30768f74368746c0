"""The figures of `docs/experiments.md`, told from what was simulated."""

from collections.abc import Iterator
from statistics import median

from tools.experiments.runs import Plan, Said, simulated, wilson
from tools.experiments.speed import draw_us
from tools.experiments.traffic import Effect

from baton.gateway.experiments.statistics import LEVEL
from baton.ledger.trials import Metric

HEADING = "## Figures"

EQUAL = {
    "two arms, 50 / 50": Plan(runs=10_000, users=1000, seed=1),
    "two arms, 90 / 10": Plan(runs=2000, users=1000, shares=(0.9, 0.1), seed=2),
    "three arms, 80 / 10 / 10": Plan(runs=1000, users=1000, shares=(0.8, 0.1, 0.1), seed=3),
    "50 / 50, ten times as many users": Plan(runs=700, users=10_000, seed=4),
    "50 / 50, 300 regulars who ask ten times as much": Plan(runs=500, users=300, regulars=True, seed=5),
}
"""Without any difference."""

DIFFERENT = {
    "a tenth cheaper": (Metric.COST, Effect(cost=0.9)),
    "a fifth cheaper": (Metric.COST, Effect(cost=0.8)),
    "half as dear": (Metric.COST, Effect(cost=0.5)),
    "a tenth slower": (Metric.LATENCY, Effect(latency=1.1)),
    "a fifth slower": (Metric.LATENCY, Effect(latency=1.2)),
    "3 % more failures": (Metric.FAILURES, Effect(failures=0.03)),
    "10 % more failures": (Metric.FAILURES, Effect(failures=0.1)),
    "judged worse by 0.3 points": (Metric.FEEDBACK, Effect(feedback=-0.3)),
}
_POWER = Plan(runs=200, users=2000, seed=6)
_PLAIN = Plan(runs=300, users=1000, seed=7)


def figures() -> str:
    """The section of the page, its heading included; takes minutes."""
    return "\n".join(_lines()) + "\n"


def put_into(page: str, told: str) -> str:
    """The page with these figures at its end, in place of those before."""
    return page.partition(HEADING)[0] + told


def _lines() -> Iterator[str]:
    equal = {name: simulated(plan) for name, plan in EQUAL.items()}
    plain = simulated(_PLAIN, plain=True)
    first = next(iter(equal.values()))
    yield HEADING
    yield ""
    yield "Written by `python -m tools.experiments --write`; do not edit."
    yield ""
    yield (
        f"**Nothing is different (A/A).** {first.plan.looks} looks at each run, by the code that serves."
        " Users come all the time and differ: half of them ask once or twice, some hundreds of times; cost"
        " and latency are lognormal between users and between requests; 2 % fail in the mean, unevenly, with"
        " an outage in each run; 15 % of the answers are judged. *Wrong*: the share of runs in which anything"
        f" was said of any metric or arm at any look, which is to be at most {LEVEL:.0%}; in brackets its"
        " 95 % interval. By metric each counts alone."
    )
    yield ""
    yield "| | runs | requests each | wrong | " + " | ".join(Metric) + " |"
    yield "|---|---|---|---|" + "---|" * len(Metric)
    for name, said in equal.items():
        yield _equal_row(name, said)
    yield ""
    low, high = wilson(plain.plain, plain.plan.runs)
    yield (
        f"A plain Welch test at {LEVEL:.0%} for each metric, at the same looks at {plain.plan.runs} runs,"
        f" would have been wrong in {plain.plain / plain.plan.runs:.0%} ({low:.0%}-{high:.0%}) of them."
    )
    yield ""
    yield (
        f"**Something is different (A/B).** Two arms of {_POWER.users // 2} users in the end,"
        f" {_POWER.runs} runs. *Found*: the share of runs in which it was said at any look; *after*: the"
        " median number of users in both arms by then; *the wrong way*: runs in which the opposite was said."
    )
    yield ""
    yield "| | found | after | the wrong way |"
    yield "|---|---|---|---|"
    for name, (metric, effect) in DIFFERENT.items():
        yield _different_row(name, metric, effect)
    yield ""
    yield (
        "**On the request's path.** Looking for the experiment that a request counts for takes"
        f" {draw_us(0):.2f} µs where none runs, {draw_us(1):.1f} µs where one does, {draw_us(10):.0f} µs"
        " where ten do and its user is in the last."
    )


def _equal_row(name: str, said: Said) -> str:
    runs = said.plan.runs
    low, high = wilson(said.any, runs)
    each = " | ".join(f"{said.by_metric[metric] / runs:.2%}" for metric in Metric)
    wrong = f"{said.any / runs:.2%} ({low:.2%}-{high:.2%})"
    return f"| {name} | {runs} | {round(said.requests / runs)} | {wrong} | {each} |"


def _different_row(name: str, metric: Metric, effect: Effect) -> str:
    said = simulated(Plan(runs=_POWER.runs, users=_POWER.users, effect=effect, seed=_POWER.seed))
    improves = effect.cost < 1
    right, wrong = (said.better, said.worse) if improves else (said.worse, said.better)
    found = said.first[metric]
    after = str(round(median(found))) if found else "-"
    return f"| {name} | {right[metric] / said.plan.runs:.0%} | {after} | {wrong[metric]} |"
