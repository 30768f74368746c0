"""`baton`: finds the command, runs it, and turns whatever stops it into one clear sentence.

The modules of the commands are imported here, when one of them is asked for, and nowhere else: `baton
--help` needs none of them, `baton serve` no table, `baton chat` no database.

Exit codes: 0 done, 1 could not be done, 2 wrong usage or settings, 130 interrupted.
"""

import gc
import importlib
import sys
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from baton import __version__
from baton.cli.gathering import gathered
from baton.cli.stop import FAILED, Stop
from baton.core.errors import BatonError

COMMANDS = {
    "serve": "Start the gateway.",
    "reload": "Replace the workers of a gateway, without a failed request.",
    "simulate": "Serve the simulated provider over HTTP.",
    "chat": "Talk to a model through a running Baton.",
    "models": "List the models of the catalog with their prices.",
    "prices": "What newer price data would change, and changing it.",
    "estimate": "What a prompt would cost.",
    "keys": "Make, list, change, rotate and revoke API keys.",
    "users": "Make and change users, let people sign in, and help those who cannot.",
    "projects": "What several users ask for together, and who is in it.",
    "penalties": "Who is kept waiting for going on against a limit, and forgiving it.",
    "tiers": "How often the users of each tier may ask, and for how much.",
    "budgets": "How much may be spent, and what became of it.",
    "usage": "What was used and what it cost.",
    "export": "Write the ledger's rows out as CSV or JSON Lines.",
    "reprice": "What past requests cost at the prices known now.",
    "audit": "Who changed what: whether that is still what was written, and giving it out.",
    "alerts": "What somebody has to act on.",
    "health": "How providers and their models are.",
    "breakers": "Who is not asked at the moment, and deciding that by hand.",
    "rehearse": "What a provider's outage would do to callers.",
    "backtest": "What proposed rules would have done to past requests.",
    "route": "Which model would serve a prompt, and why.",
    "explain": "Why an interaction went as it did.",
    "rules": "Which models serve a use case.",
    "experiments": "What is tried on some users, and what came of it.",
    "prompts": "What models are told, in versions, and which of them is served.",
    "personas": "In whose voice requests are answered.",
    "runs": "Pipelines: begin them, watch them, have a say.",
    "spots": "Verified places that itineraries are made with.",
    "quality": "What judges say of answers, and what people say of that.",
    "policies": "What becomes of what providers are sent, as you state it.",
    "fallbacks": "Which models are asked when one fails, and deciding that by hand.",
    "cache": "Answers that are given again, and what that saves.",
    "flags": "What is switched on, for whom, and deciding that by hand.",
    "backup": "Everything this Baton is, in one file.",
    "restore": "A backup into an empty place.",
    "config": "Check the settings.",
    "doctor": "What is configured, what is missing, and what is broken.",
}
"""Every command, in the order of `--help`; `baton.cli.<name>` has it in its `COMMANDS`."""

COLLECT_AFTER = 10_000
"""New objects after which cycles are looked for (Python's own choice is 700): what a start makes stays, and
requests leave none behind. Looking for them took an eighth of a start, and 2 % of the requests' time."""


class LazyCommand(TyperCommand):
    """Stands for a command until it is asked for."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Load the real command and have it read its arguments."""
        return load(str(self.name)).make_context(info_name, args, parent=parent, **extra)


def load(name: str) -> TyperCommand | TyperGroup:
    """The command of that name, or the group of its commands, from its own module."""
    functions = importlib.import_module(f"baton.cli.{name}").COMMANDS
    app = typer.Typer(name=name, help=COMMANDS[name], no_args_is_help=True, **_look())
    for command, function in functions.items():
        app.command(command)(gathered(function))
    if list(functions) != [name]:
        app.callback()(_no_options)  # also one command of a group is called by its name
    return cast("TyperCommand | TyperGroup", typer.main.get_command(app))


def commands() -> TyperGroup:
    """The whole command line."""
    app = typer.Typer(no_args_is_help=True, **_look())
    app.callback()(_baton)
    group = cast("TyperGroup", typer.main.get_command(app))
    for name, summary in COMMANDS.items():
        group.add_command(LazyCommand(name, help=summary))
    return group


def main() -> None:
    """Run the command line of this process, and exit."""
    gc.set_threshold(COLLECT_AFTER)
    try:
        commands().main(prog_name="baton")
    except Stop as stop:
        _complain(stop.message, stop.code)
    except BatonError as error:
        _complain(error.message, FAILED)


def _look() -> dict[str, Any]:
    """Plain help, quick to make and the same everywhere; and no trace that shows the values of variables."""
    return {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}


def _complain(message: str, code: int) -> None:
    sys.stdout.flush()
    print(f"baton: {message}", file=sys.stderr)
    sys.exit(code)


def _no_options() -> None:
    """A group has no options of its own."""


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"baton {__version__}")
        raise typer.Exit


def _baton(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    """A self-hosted AI gateway: one endpoint, every provider, provable costs."""


if __name__ == "__main__":
    main()
