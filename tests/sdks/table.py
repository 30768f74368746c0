"""Writes `docs/sdks.md`: `python -m tests.sdks.table`, with `--check` to compare only."""

import argparse
import asyncio
import inspect
import logging
import sys
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from tests.sdks.cells import CELLS, household, promised
from tests.sdks.house import SEATS
from tests.sdks.promises import PROMISES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sdks.md"

INTRODUCTION = """\
# Official SDKs

Written by `python -m tests.sdks.table`; do not edit. `tests/sdks` holds it at every run.

Each row is an official SDK, unchanged but for its base URL, and a provider that speaks the dialect named
beside it. Between them stands a real Baton; the provider is the simulated one, and every byte goes over a
socket. The same promises are asked of every row:
"""

LEGEND = "✓ kept · ✗ broken · – the SDK has no such call"


class Mark(StrEnum):
    """How a promise fared."""

    KEPT = "✓"
    BROKEN = "✗"
    ABSENT = "–"


Marks = Mapping[tuple[str, str], Mapping[str, Mark]]


def all_kept() -> Marks:
    """How the table looks where nothing is broken."""
    return {
        (sdk, provider): {name: Mark.KEPT if name in promised(sdk) else Mark.ABSENT for name in PROMISES}
        for sdk, provider in CELLS
    }


def page(marks: Marks) -> str:
    """The whole page."""
    promises = [f"- **{name}**: {_told(name)}" for name in PROMISES]
    lines = [_row("SDK", "provider (dialect)", *PROMISES), "|---|---|" + ":-:|" * len(PROMISES)]
    for (sdk, provider), kept in marks.items():
        lines.append(_row(sdk, f"{provider} (`{SEATS[provider].dialect}`)", *kept.values()))
    judged = [mark for kept in marks.values() for mark in kept.values() if mark is not Mark.ABSENT]
    total = f"{judged.count(Mark.KEPT)} of {len(judged)} promises kept."
    return "\n".join([INTRODUCTION, *promises, "", *lines, "", f"{LEGEND}. {total}", ""])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _told(name: str) -> str:
    """What a promise says of itself, in one line."""
    text = " ".join((inspect.getdoc(PROMISES[name]) or "").split())
    return text[:1].lower() + text[1:]


async def measure() -> Marks:
    """Ask everything."""
    marks = {cell: dict(kept) for cell, kept in all_kept().items()}
    with tempfile.TemporaryDirectory() as folder:
        async with household(Path(folder)) as opened:
            for sdk, provider in marks:
                for name in promised(sdk):
                    cell = await opened.cell(sdk, provider)
                    [problem] = await asyncio.gather(PROMISES[name](cell), return_exceptions=True)
                    if problem is not None:
                        marks[sdk, provider][name] = Mark.BROKEN
                        print(f"{sdk} before {provider}, {name}: {problem!r}", file=sys.stderr)
    return marks


def main() -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    logging.disable()
    marks = asyncio.run(measure())
    text = page(marks)
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.relative_to(ROOT)} is out of date", file=sys.stderr)
        return 1
    return int(any(mark is Mark.BROKEN for kept in marks.values() for mark in kept.values()))


if __name__ == "__main__":
    sys.exit(main())
