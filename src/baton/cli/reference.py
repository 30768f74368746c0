"""`docs/cli.md`, written from the commands themselves: `python -m baton.cli.reference > docs/cli.md`."""

from collections.abc import Iterator
from typing import Any, cast

from typer import Context
from typer.core import TyperGroup

from baton.cli.main import COMMANDS, commands, load

_COLUMNS = 96

_HEAD = """\
# The command line

What `--help` says, written by `python -m baton.cli.reference > docs/cli.md`; a test holds it current.

Exit codes: 0 done; 1 could not be done, or `doctor` found something broken; 2 the command line or the
settings are wrong; 130 interrupted. Errors are one sentence on stderr. Where `--json` is given, stdout is
one JSON document (camelCase; money as decimal texts in USD, times in ISO 8601) and nothing else. Colours
appear only at a terminal, and not where `NO_COLOR` is set.

`keys`, `users`, `models`, `prices`, `estimate`, `usage`, `export`, `audit`, `alerts`, `backup` and `doctor`
work on the data folder and need no running server; a running one notices a change within a second. `chat`,
`health`, `breakers`, `rehearse`, `backtest`, `fallbacks`, `route`, `explain`, `rules`, `experiments`,
`cache`, `policies`, `prompts`, `personas`, `quality` and `budgets` need one, and `reload` one with workers.
"""


def reference() -> str:
    """The page."""
    return "\n".join([_HEAD, *_sections("baton", commands())])


def _sections(path: str, command: Any) -> Iterator[str]:
    context = Context(command, info_name=path, terminal_width=_COLUMNS, max_content_width=_COLUMNS)
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## `{path}`\n\n```text\n{text}\n```\n"
    if path == "baton":
        for name in COMMANDS:
            yield from _sections(f"{path} {name}", load(name))
    elif isinstance(command, TyperGroup):
        for name, inner in cast("dict[str, Any]", command.commands).items():
            yield from _sections(f"{path} {name}", inner)


if __name__ == "__main__":
    print(reference(), end="")
