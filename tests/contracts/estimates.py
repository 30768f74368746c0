"""Calibrates the estimates of tokens on the recordings, and writes `docs/tokens.md` with their errors:
`python -m tests.contracts.estimates`, with `--check` to compare only."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec

from baton.catalog.tokens.families import Calibration, Family
from baton.core.estimate import estimate_tokens
from tests.contracts.fitting import COLUMNS, GAUGED, calibrate
from tests.contracts.measured import FOLDS, SHORT_TOKENS, Case, Exact, Told, read_cases, read_told
from tests.contracts.recordings import ROOT
from tests.contracts.scripts import PAGE_TEXT, UNITS_SOURCE

DATA = ROOT / "src" / "baton" / "catalog" / "data" / "tokens.json"
PAGE = ROOT / "docs" / "tokens.md"


@dataclass(frozen=True)
class Error:
    """How far the estimates of one prompt were off."""

    case: Case
    family: Family
    estimated: int
    gauged: int
    """Without opening the request, as rows and decisions have it."""

    @property
    def exact(self) -> bool:
        sizes = self.case.sizes
        return self.family.exact and not (
            sizes.tools or sizes.calls or sizes.results or sizes.images or sizes.schema
        )

    @property
    def tokens(self) -> int:
        return abs(self.estimated - self.case.tokens)

    @property
    def relative(self) -> float:
        return self.tokens / self.case.tokens

    @property
    def outside(self) -> float:
        return abs(self.gauged - self.case.tokens) / self.case.tokens


def cross_validate(cases: Sequence[Case], told: Sequence[Told], exact: Exact) -> list[Error]:
    """Each case estimated by what was fitted on the other folds."""
    errors: list[Error] = []
    for fold in range(FOLDS):
        calibration = calibrate([case for case in cases if case.fold != fold], told, exact)
        for case in cases:
            if case.fold == fold:
                family = calibration.family_of(case.model)
                texts = exact.texts_of(family, case, calibration)
                estimated = calibration.total(case.model, case.sizes, texts, case.request.dialect)
                gauged = calibration.gauge_of(case.model).prompt_tokens(case.rough, case.needs)
                errors.append(Error(case, family, estimated, gauged))
    return errors


def errors_of_answers(told: Sequence[Told], calibration: Calibration) -> list[tuple[float, float]]:
    """Of each answer the error of the estimate, and of characters / 4; a family's one factor was fitted on
    the same answers."""
    errors: list[tuple[float, float]] = []
    for each in told:
        estimated = calibration.gauge_of(each.model).answer_tokens(each.chars)
        rough = estimate_tokens(each.count)
        errors.append((abs(estimated - each.tokens) / each.tokens, abs(rough - each.tokens) / each.tokens))
    return errors


def high(values: Sequence[float]) -> float:
    """The 90th percentile."""
    return sorted(values)[min(len(values) - 1, int(0.9 * len(values)))]


HEAD = (
    "| | recordings | median error | p90 | median, tokens | p90, tokens | from outside: median | p90 |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(name: str, errors: Sequence[Error]) -> str:
    """A line of a table: the estimate's errors relative and in tokens, and those of the one from outside."""
    relative = [error.relative for error in errors]
    tokens = [error.tokens for error in errors]
    outside = [error.outside for error in errors]
    return (
        f"| {name} | {len(errors)} | {median(relative):.1%} | {high(relative):.1%} "
        f"| {median(tokens):.0f} | {high(tokens):.0f} | {median(outside):.1%} | {high(outside):.1%} |"
    )


def page(cases: Sequence[Case], told: Sequence[Told], calibration: Calibration, exact: Exact) -> str:
    """The whole of `docs/tokens.md`."""
    errors = cross_validate(cases, told, exact)

    def rows(names: Sequence[str], of: dict[str, list[Error]]) -> str:
        return "\n".join([HEAD, *(row(name, of[name]) for name in names if name in of)])

    providers: dict[str, list[Error]] = {}
    families: dict[str, list[Error]] = {}
    kinds: dict[str, list[Error]] = {}
    for error in errors:
        providers.setdefault(error.case.provider, []).append(error)
        families.setdefault(error.family.name, []).append(error)
        kinds.setdefault(error.case.kind, []).append(error)
    sure = [error for error in errors if error.exact]
    rough = [abs(error.case.rough - error.case.tokens) / error.case.tokens for error in errors]
    long = [each for each in told if each.tokens >= SHORT_TOKENS]
    answers = errors_of_answers(long, calibration)
    return PAGE_TEXT.format(
        exact=f"{sum(not error.tokens for error in sure)} of {len(sure)}",
        exact_row="\n".join([HEAD, row("prompts of text alone, encoding known", sure)]),
        kinds=rows(sorted(kinds), kinds),
        providers="\n".join([rows(sorted(providers), providers), row("all", errors)]),
        families=rows([family.name for family in calibration.families], families),
        rough=f"{median(rough):.0%} and {high(rough):.0%}",
        answers=len(answers),
        answers_error=f"{median(error for error, _ in answers):.1%} and {high([e for e, _ in answers]):.1%}",
        answers_rough=f"{median(error for _, error in answers):.1%} and {high([e for _, e in answers]):.1%}",
        short=SHORT_TOKENS,
        units=", ".join(str(worth) for worth in calibration.units),
        units_source=UNITS_SOURCE,
        numbers=_numbers(calibration),
        visions=_visions(calibration),
        folds=FOLDS,
        used=len(cases),
    )


def _numbers(calibration: Calibration) -> str:
    gauged = [f"outside: {name}" for name in (*GAUGED, "answer")]
    lines = [f"| family | encoding | {' | '.join((*COLUMNS, *gauged))} |"]
    lines.append("|---" * (len(COLUMNS) + len(gauged) + 2) + "|")
    for family in calibration.families:
        values = [getattr(family, name) for name in COLUMNS]
        values += [getattr(family.gauge, name) for name in (*GAUGED, "answer")]
        shown = " | ".join(f"{value:g}" for value in values)
        lines.append(f"| {family.name} | {family.encoding or ''} | {shown} |")
    return "\n".join(lines)


def _visions(calibration: Calibration) -> str:
    lines = ["| models | 640 x 480 | 1600 x 1200 | source |", "|---|---|---|---|"]
    for vision in calibration.visions:
        small, large = (round(vision.tokens_of(size)) for size in ((640, 480), (1600, 1200)))
        models = vision.models.replace("|", "\\|")
        lines.append(f"| `{models}` | {small} | {large} | {vision.source} |")
    return "\n".join(lines)


def made_of(cases: Sequence[Case], told: Sequence[Told], exact: Exact) -> dict[Path, str]:
    """What both files say."""
    calibration = calibrate(cases, told, exact)
    return {
        DATA: msgspec.json.format(msgspec.json.encode(calibration), indent=1).decode() + "\n",
        PAGE: page(cases, told, calibration, exact),
    }


def main() -> int:
    """Writes both files, or says whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    arguments = parser.parse_args()
    made = made_of(read_cases(), read_told(), Exact())
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if not arguments.check:
        for path in stale:
            path.write_text(made[path])
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is out of date' if arguments.check else 'written'}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
