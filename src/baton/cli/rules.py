"""`baton rules`: which models serve a use case, by a running Baton."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, print_json, print_table
from baton.gateway.routing.rules.use_cases import Aim

_RULES = "/api/admin/ai/routing-rules"
_ANY = {"If-Match": "*"}

UseCase = Annotated[str, typer.Argument(metavar="use-case", help="As requests name it.")]


class RuleView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One use case's rule, as the API tells it."""

    use_case: str
    preferred: tuple[str, ...]
    fallbacks: tuple[str, ...]
    aim: Aim
    is_enabled: bool
    description: str
    revision: int


class ImportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of imported rules."""

    dry_run: bool
    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


class _Listed(Struct, frozen=True):
    rules: tuple[RuleView, ...]


def list_rules(as_json: AsJson = False, *, reach: Reach) -> None:
    """The rules of all use cases; where there is none, models are chosen by score."""
    found = parsed(asyncio.run(ask(line_to(reach), _RULES)), _Listed).rules
    if as_json:
        print_json(found)
        return
    columns = (
        Column("use case", whole=True),
        Column("preferred", folded=True),
        Column("then", folded=True),
        Column("aim"),
        Column("on"),
    )
    print_table(
        columns,
        [
            (
                each.use_case,
                ", ".join(each.preferred),
                ", ".join(each.fallbacks),
                each.aim.value,
                "yes" if each.is_enabled else "no",
            )
            for each in found
        ],
    )


def set_rule(
    use_case: UseCase,
    preferred: Annotated[
        list[str] | None, typer.Argument(metavar="model...", help="The first that fits serves.")
    ] = None,
    then: Annotated[list[str] | None, typer.Option(help="A model behind these; may be repeated.")] = None,
    aim: Annotated[Aim, typer.Option(help="What counts where none of them fits.")] = Aim.BALANCED,
    off: Annotated[bool, typer.Option("--off", help="Keep it, without its being in force.")] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Set a use case's rule, whole."""
    body = {
        "preferred": preferred or [],
        "fallbacks": then or [],
        "aim": aim.value,
        "isEnabled": not off,
    }
    rule = asyncio.run(_set(line_to(reach), use_case, body))
    if as_json:
        print_json(rule)
        return
    listed = ", ".join((*rule.preferred, *rule.fallbacks)) or f"whoever is best by its aim, {rule.aim.value}"
    print(f"{rule.use_case} is served by {listed}{'' if rule.is_enabled else ' (switched off)'}.")


def remove(use_case: UseCase, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take a rule away and leave it to the score; `undo` brings it back."""
    rule = asyncio.run(_remove(line_to(reach), use_case))
    if as_json:
        print_json(rule)
    else:
        print(f"{use_case} has no rule any more.")


def undo(use_case: UseCase, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a rule was before its last change; undoing twice does it again."""
    answer = asyncio.run(ask(line_to(reach), _path(use_case) + "/undo", method="POST", headers=_ANY))
    if as_json:
        print_json(parsed(answer, RuleView))
    else:
        print(f"The last change of the rule for {use_case} is undone.")


def export(*, reach: Reach) -> None:
    """Write every rule to stdout, as `import` takes them."""
    print_json(msgspec.Raw(asyncio.run(ask(line_to(reach), _RULES + "/export"))))


def read(
    file: Annotated[Path, typer.Argument(help="As `export` writes it; - for what is piped in.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Put rules over what is there, all or nothing; use cases that are not named stay as they are."""
    found = asyncio.run(_import(line_to(reach), _rules_in(file), dry_run))
    if as_json:
        print_json(found)
        return
    would = "would be " if dry_run else ""
    for what, names in (("made", found.created), ("changed", found.changed), ("the same", found.unchanged)):
        if names:
            print(f"{would}{what}: {', '.join(names)}")


async def _set(line: Line, use_case: str, body: dict[str, Any]) -> RuleView:
    there = {each.use_case for each in parsed(await ask(line, _RULES), _Listed).rules}
    headers = _ANY if use_case in there else None
    return parsed(await ask(line, _path(use_case), method="PUT", body=body, headers=headers), RuleView)


async def _remove(line: Line, use_case: str) -> RuleView:
    """The rule as it was."""
    rule = parsed(await ask(line, _path(use_case)), RuleView)
    await ask(line, _path(use_case), method="DELETE", headers={"If-Match": f'"{rule.revision}"'})
    return rule


async def _import(line: Line, rules: Any, dry_run: bool) -> ImportView:
    body = {"rules": rules, "dryRun": dry_run}
    return parsed(await ask(line, _RULES + "/import", method="POST", body=body), ImportView)


def _rules_in(file: Path) -> Any:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return msgspec.json.decode(text, type=dict[str, Any])["rules"]
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, KeyError) as error:
        raise Stop(f"{file} holds no rules as `baton rules export` writes them.") from error


def _path(use_case: str) -> str:
    return f"{_RULES}/{quote(use_case, safe='')}"


COMMANDS = {
    "list": list_rules,
    "set": set_rule,
    "remove": remove,
    "undo": undo,
    "export": export,
    "import": read,
}
