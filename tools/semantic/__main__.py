"""What the semantic cache judges by, and how well.

python -m tools.semantic train              count words, fit weights, write both where they are shipped
python -m tools.semantic evaluate           print every figure
python -m tools.semantic evaluate --write   write `docs/semantic.md`

Reads the folder that BATON_TEST_DATA names, by default `../shared/data` beside the repository.
"""

import argparse
import os
from pathlib import Path

import msgspec
from tools.semantic.evaluation import page
from tools.semantic.pairs import load_pairs
from tools.semantic.training import train
from tools.semantic.words import counted

from baton.gateway.cache.semantic.lexicon import load_lexicon

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BATON_TEST_DATA") or ROOT.parent / "shared" / "data")
SHIPPED = ROOT / "src" / "baton" / "gateway" / "cache" / "semantic" / "data"
PAGE = ROOT / "docs" / "semantic.md"


def main() -> None:
    """The two commands."""
    parser = argparse.ArgumentParser(prog="python -m tools.semantic", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train")
    commands.add_parser("evaluate").add_argument("--write", action="store_true")
    given = parser.parse_args()
    pairs = load_pairs(DATA)
    if given.command == "train":
        (SHIPPED / "words.txt").write_text(counted(DATA), encoding="utf-8")
        weights = train(pairs, load_lexicon())
        (SHIPPED / "weights.json").write_bytes(msgspec.json.format(msgspec.json.encode(weights)) + b"\n")
        print(weights)
        return
    text = page(pairs)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
