"""Runs the checks over recorded answers of real models, and tells how often they are wrong.

python -m tools.quality            the figures go to standard output
python -m tools.quality --write    put them into docs/quality.md
python -m tools.quality --list     every objection with its evidence, to be looked at

Reads the folder that BATON_TEST_DATA names, by default `../shared/data` beside the repository.
"""

import argparse
from pathlib import Path

from tools.quality.figures import figures, put_into
from tools.quality.recorded import answered, earlier

from baton.quality.checks.checks import packaged_checks

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.quality")
    parser.add_argument("--write", action="store_true", help="put the figures into the page")
    parser.add_argument("--list", action="store_true", help="list the objections instead")
    chosen = parser.parse_args()
    if chosen.list:
        _list()
    elif chosen.write:
        PAGE.write_text(put_into(PAGE.read_text(encoding="utf-8"), figures()), encoding="utf-8")
    else:
        print(figures(), end="")


def _list() -> None:
    checks = packaged_checks()
    for answer in (*answered(), *earlier()):
        for each in checks.objections(answer.task, answer.output):
            print(f"{answer.id}\t{each.kind} {each.severity}\t{each.because}\t{each.evidence}")


if __name__ == "__main__":
    main()
