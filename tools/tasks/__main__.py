"""`python -m tools.tasks train` writes the model that is shipped."""

import argparse

import msgspec
from tools.tasks.examples import ROOT, own, recorded
from tools.tasks.training import cases_of, train

MODEL = ROOT / "src/baton/gateway/routing/tasks/data/model.msgpack"


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m tools.tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help=f"write {MODEL.relative_to(ROOT)}")
    parser.parse_args()
    trained = train(cases_of([*recorded(), *own()]))
    MODEL.write_bytes(msgspec.msgpack.encode(trained))
    terms = len(trained.words.terms) + len(trained.marks.terms)
    print(f"{terms} terms, {MODEL.stat().st_size} bytes, sure from {trained.sure_from}")


if __name__ == "__main__":
    main()
