"""`python -m tools.tasks train` writes the model that is shipped, `… evaluate` says how good it is."""

import argparse
from pathlib import Path

import msgspec
from tools.tasks.examples import ROOT, lengthened, own, recorded
from tools.tasks.page import measure, page
from tools.tasks.training import cases_of, train

MODEL = ROOT / "src/baton/gateway/routing/tasks/data/model.msgpack"
PAGE = ROOT / "docs/tasks.md"


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help=f"write {_named(MODEL)}")
    evaluate = commands.add_parser("evaluate", help="print the page of figures")
    evaluate.add_argument("--write", action="store_true", help=f"write it to {_named(PAGE)} instead")
    asked = parser.parse_args()
    if asked.command == "train":
        _train()
        return
    text = page(measure(MODEL))
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


def _train() -> None:
    trained = train(cases_of([*recorded(), *(ours := own()), *lengthened(ours)]))
    MODEL.write_bytes(msgspec.msgpack.encode(trained))
    terms = len(trained.words.terms) + len(trained.marks.terms)
    print(f"{terms} terms, {MODEL.stat().st_size} bytes, sure from {trained.sure_from}: {_named(MODEL)}")


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
