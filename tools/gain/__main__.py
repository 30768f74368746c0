"""Learns what `baton.gateway.routing.gain` knows from BATON_TEST_DATA/routing, and judges it.

python -m tools.gain train               write the package's data
python -m tools.gain evaluate            judge it: some minutes, the page goes to standard output
python -m tools.gain evaluate --write    write docs/gain.md and docs/gain.svg
"""

import argparse
from pathlib import Path

from tools.gain import drawing, page, recipes, trials

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.gain")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="write the package's data")
    evaluate = commands.add_parser("evaluate", help="judge it")
    evaluate.add_argument("--write", action="store_true", help="write the page and its picture")
    chosen = parser.parse_args()
    if chosen.command == "train":
        recipes.write(recipes.shipped())
        return
    tried = trials.trials()
    told = page.text(tried)
    if chosen.write:
        (DOCS / "gain.md").write_text(told)
        (DOCS / "gain.svg").write_text(drawing.drawn(tried))
    else:
        print(told, end="")


if __name__ == "__main__":
    main()
