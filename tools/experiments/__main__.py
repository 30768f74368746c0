"""Simulates experiments without and with a difference, and tells how often what is said of them.

python -m tools.experiments            some minutes; the figures go to standard output
python -m tools.experiments --write    put them into docs/experiments.md
"""

import argparse
from pathlib import Path

from tools.experiments.figures import figures, put_into

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.experiments")
    parser.add_argument("--write", action="store_true", help="put the figures into the page")
    chosen = parser.parse_args()
    told = figures()
    if chosen.write:
        PAGE.write_text(put_into(PAGE.read_text(), told))
    else:
        print(told, end="")


if __name__ == "__main__":
    main()
