"""The command line as a whole."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from baton import __version__
from baton.cli.main import COMMANDS, load
from baton.cli.reference import reference
from tests.cli.conftest import Run

HEAVY = ("aiohttp", "sqlalchemy", "pydantic", "fastapi", "uvicorn", "rich", "structlog")


def test_the_documentation_is_current() -> None:
    """`docs/cli.md` is what the commands say of themselves; renew it by `python -m baton.cli.reference`."""
    page = Path(__file__).parents[2] / "docs" / "cli.md"
    assert page.read_text(encoding="utf-8") == reference()


def test_help_and_version_load_nothing_heavy() -> None:
    """`--version` and `--help` answer at once: none of the big libraries is imported for them."""
    for option in ("--version", "--help"):
        code = (
            "import sys; sys.argv = ['baton', sys.argv[1]]\n"
            "from baton.cli.main import main\n"
            "try: main()\n"
            f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code, option], capture_output=True, text=True, check=True, timeout=60
        )
        assert ran.stderr.strip() == "[]"
        assert ran.stdout


def test_version(spawn: Run) -> None:
    """`--version` is the package's."""
    assert spawn("--version").out == f"baton {__version__}\n"


def test_unknown_words_are_wrong_usage(run: Run) -> None:
    """A command or an option that does not exist: exit code 2, and the nearest command."""
    ran = run("serv")
    assert (ran.code, "serve" in ran.err) == (2, True)
    assert run("serve", "--prot", "1").code == 2


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("serve", "simulate", "export")])
def test_every_command_that_prints_data_prints_json(name: str) -> None:
    """Each of them, and each command of a group, has `--json`; an export has JSON Lines instead."""
    command = load(name)
    for word, one in getattr(command, "commands", {name: command}).items():
        options = {option for parameter in one.params for option in parameter.opts}
        assert word == "export" or "--json" in options


def test_json_fields_are_camel_case(run: Run) -> None:
    """No field of any document has an underscore."""
    run("keys", "create", "app")
    for arguments in (("keys", "list"), ("models", "--all"), ("usage",), ("doctor", "--offline")):
        told = run(*arguments, "--json").out
        json.loads(told)
        assert not re.search(r'"\w*_\w*":', told), arguments


def test_no_colour_where_none_is_wanted(run: Run) -> None:
    """Tables to a pipe hold no escape sequences, also where a terminal's colours are forced on them."""
    run("keys", "create", "x")
    for env in ({}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert "\x1b[3" not in run("models", env=env).out
