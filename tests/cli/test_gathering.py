"""Options gathered in one value."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from baton.cli.gathering import gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    since: Annotated[str, typer.Option(help="From when on.")]
    days: int = 7
    tag: Annotated[list[str] | None, typer.Option()] = None


def report(name: Annotated[str, typer.Argument()], span: Span, loud: bool = False) -> None:
    """Tell."""
    print(name, span, loud)


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(gathered(report))
    return made


def test_fields_are_options(app: typer.Typer) -> None:
    """With their own defaults, help and number, beside the command's other parameters."""
    ran = CliRunner().invoke(app, ["x", "--since", "1d", "--tag", "a", "--tag", "b", "--loud"])
    assert ran.output == f"x {Span(since='1d', tag=['a', 'b'])} True\n"
    told = CliRunner().invoke(app, ["--help"]).output
    assert all(word in told for word in ("--since", "From when on.", "--days", "Tell."))
    assert "--span" not in told


def test_a_field_without_a_default_is_needed(app: typer.Typer) -> None:
    """As any other option without one."""
    ran = CliRunner().invoke(app, ["x"])
    assert (ran.exit_code, "--since" in ran.output) == (2, True)
