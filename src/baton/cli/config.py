"""`baton config`."""

import os
from collections.abc import Mapping

import typer
from msgspec import UNSET, Struct, UnsetType

from baton.cli.installation import ConfigFile, DataDir, config_file, overlooked, read_settings
from baton.cli.stop import MISUSED
from baton.cli.terminal import AsJson, note, print_json
from baton.settings import Misconfigured, Settings, load
from baton.upstream.directory import declared


class ProblemView(Struct, frozen=True):
    """One thing that is wrong."""

    name: str
    """What to set."""
    what: str
    file: str | None = None
    """Where it was said, if in a file."""


class Verdict(Struct, frozen=True):
    """Whether the settings can be used."""

    ok: bool
    problems: tuple[ProblemView, ...]
    warnings: tuple[ProblemView, ...]
    """What is probably not meant so; it keeps nothing from starting."""
    dialects: Mapping[str, str] | UnsetType = UNSET
    """Provider → the one dialect in which it is asked, where that is set; absent where it is for none."""


def check(as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Check environment and file as a start would.

    Every problem is told at once, exit code 2 if there is one. What is probably misspelt is a warning.
    """
    warnings = overlooked()
    if not as_json:
        for each in warnings:
            note(f"warning: {each}")
        dialects = _dialects(read_settings(config, data_dir))
        file = config_file(config)
        print(f"The settings can be used{f' ({file} and the environment)' if file else ''}.")
        for name, dialect in dialects.items():
            print(f"{name} is asked in the dialect {dialect} only.")
        return
    shown = tuple(ProblemView(each.name, each.what) for each in warnings)
    try:
        settings = load(os.environ, declared(), config_file(config), {"data_dir": data_dir})
    except Misconfigured as error:
        problems = tuple(ProblemView(problem.name, problem.what, problem.file) for problem in error.problems)
        print_json(Verdict(ok=False, problems=problems, warnings=shown))
        raise typer.Exit(MISUSED) from error
    print_json(Verdict(ok=True, problems=(), warnings=shown, dialects=_dialects(settings) or UNSET))


def _dialects(settings: Settings) -> dict[str, str]:
    return {
        name: provider.dialect.value
        for name, provider in settings.providers.items()
        if provider.dialect is not None
    }


COMMANDS = {"check": check}
