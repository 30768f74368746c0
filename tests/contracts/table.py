"""Writes `docs/contracts.md`: `python -m tests.contracts.table`, with `--check` to compare only."""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from baton.core.dialect import Dialect
from tests.contracts.callers import DIALECTS
from tests.contracts.contract import REFUSED_BEFOREHAND
from tests.contracts.exceptions import EXCEPTIONS
from tests.contracts.page import DIFFERENCES, INTRODUCTION
from tests.contracts.recordings import ROOT
from tests.contracts.stage import PAIRS, judge
from tests.contracts.verdict import Aspect, Verdict

PAGE = ROOT / "docs" / "contracts.md"

_ANSWERS = (Aspect.WHOLE, Aspect.RETOLD, Aspect.STREAMED)
_FIELD = {"answers": 84, "errors": 63, "requests": 78}
"""Percent that the field's most used gateway reaches on 373 of these recordings (measured by the issue's own
rules: answers and errors in every dialect, requests in their own)."""

Judged = dict[tuple[str, Dialect], list[Verdict]]


def page(judged: Judged) -> str:
    """The whole page."""
    everything = [verdict for verdicts in judged.values() for verdict in verdicts]
    head = ["provider", "its dialect", "the other side's", *Aspect]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for (provider, dialect), verdicts in judged.items():
        lines += rows(provider, dialect, verdicts)
    lines += [line(("all", "all", other.value), everything, other) for other in DIALECTS]
    refused = [f"- `{name}`: {why}." for name, why in sorted(REFUSED_BEFOREHAND.items())]
    excepted = [
        f"- `{name}`, {other}, {aspect}: {why}." for (name, other, aspect), why in sorted(EXCEPTIONS.items())
    ]
    failed = [f"- {problem}" for verdict in everything for problem in unexcepted(verdict)]
    return "\n".join(
        [
            INTRODUCTION,
            *lines,
            "",
            "## Exceptions",
            "",
            *(excepted or ["None."]),
            "",
            DIFFERENCES,
            "## Refused without asking",
            "",
            "The provider refused these too; Baton's own 400 is of the same kind.",
            "",
            *refused,
            "",
            "## Beside the field",
            "",
            *_beside_the_field(everything),
            *(["", "## Failing", "", *failed] if failed else []),
            "",
        ]
    )


def rows(provider: str, dialect: Dialect, verdicts: Sequence[Verdict]) -> list[str]:
    """A provider's rows of the table, one for each dialect on the other side."""
    return [line((provider, dialect.value, other.value), verdicts, other) for other in DIALECTS]


def line(names: tuple[str, str, str], verdicts: Sequence[Verdict], other: Dialect) -> str:
    """One row of the table."""
    cells: list[str] = []
    for aspect in Aspect:
        found = [verdict.judged[other, aspect] for verdict in verdicts if (other, aspect) in verdict.judged]
        cells.append(f"{sum(not problems for problems in found)}/{len(found)}" if found else "–")
    return f"| {' | '.join((*names, *cells))} |"


def unexcepted(verdict: Verdict) -> Iterator[str]:
    """What is wrong with an exchange and stands nowhere as an exception, and exceptions that have passed."""
    for (other, aspect), problems in verdict.judged.items():
        excepted = (verdict.exchange.id, other, aspect) in EXCEPTIONS
        if excepted and not problems:
            yield f"{verdict.exchange.id}: {other}: {aspect}: is an exception no more"
        if not excepted:
            yield from (f"{verdict.exchange.id}: {other}: {aspect}: {problem}" for problem in problems)


def _beside_the_field(verdicts: Sequence[Verdict]) -> list[str]:
    def share(fits: Callable[[Verdict, Dialect, Aspect], bool]) -> str:
        return _share(
            [[found for key, found in verdict.judged.items() if fits(verdict, *key)] for verdict in verdicts]
        )

    answers = share(lambda _verdict, _other, aspect: aspect in _ANSWERS)
    errors = share(lambda _verdict, _other, aspect: aspect is Aspect.ERRORS)
    requests = share(lambda one, other, aspect: aspect is Aspect.REQUESTS and other is one.dialect)
    return [
        f"Right in every dialect: **{answers}** of the answers, **{errors}** of the errors; unchanged in",
        f"their own: **{requests}** of the requests. The field's most used gateway, on 373 of these",
        f"recordings: {_FIELD['answers']} %, {_FIELD['errors']} % and {_FIELD['requests']} %.",
    ]


def _share(exchanges: Iterable[list[list[str]]]) -> str:
    """Of the exchanges that were judged at all, how many had nothing wrong anywhere."""
    judged = [found for found in exchanges if found]
    good = sum(not any(found) for found in judged)
    return f"{good} of {len(judged)} ({100 * good / max(1, len(judged)):.1f} %)"


async def _judged() -> Judged:
    with tempfile.TemporaryDirectory() as folder:
        return {pair: await judge(*pair, Path(folder)) for pair in PAIRS}


def main() -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    logging.disable()
    judged = asyncio.run(_judged())
    text = page(judged)
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.relative_to(ROOT)} is out of date", file=sys.stderr)
        return 1
    everything = [verdict for verdicts in judged.values() for verdict in verdicts]
    return int(any(list(unexcepted(verdict)) for verdict in everything))


if __name__ == "__main__":
    sys.exit(main())
