"""`baton budgets`: how much may be spent, and what became of it, of a running Baton."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, print_json, print_table

_PATH = "/api/admin/budgets"
_NEW = ("scope", "period", "limit_usd")

Name = Annotated[str, typer.Argument(metavar="budget", help="Its name, e.g. users.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to set of a budget; all that is left out stays, of a new one it is as usual."""

    scope: Annotated[str | None, typer.Option(help="all, user, key, tier, project, provider or model.")] = (
        None
    )
    subject: Annotated[str | None, typer.Option(help="Whose alone; else each one has as much.")] = None
    period: Annotated[str | None, typer.Option(help="day, month or lifetime.")] = None
    limit_usd: Annotated[str | None, typer.Option("--limit", metavar="usd", help="E.g. 100.00.")] = None
    at_limit: Annotated[str | None, typer.Option(help="block, or downgrade to a cheaper model.")] = None
    warn_at: Annotated[float | None, typer.Option(metavar="share", help="E.g. 0.8.")] = None
    zone: Annotated[str | None, typer.Option(help="Whose midnight ends it, e.g. Europe/Berlin.")] = None


class AccountView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one subject spent."""

    subject: str
    settled_usd: str
    held_usd: str
    left_usd: str
    warned_at: str | None
    exceeded_at: str | None


class BudgetView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One budget, as the API tells it."""

    name: str
    scope: str
    subject: str | None
    period: str
    limit_usd: str
    at_limit: str
    warn_at: float
    zone: str
    revision: int
    period_end: str | None
    accounts: int
    settled_usd: str
    held_usd: str
    fullest: AccountView | None


class _Listed(Struct, frozen=True):
    budgets: tuple[BudgetView, ...]


class _Accounts(Struct, frozen=True):
    accounts: tuple[AccountView, ...]


class BudgetTold(Struct, frozen=True, kw_only=True):
    """One budget with those that spend most of it."""

    budget: BudgetView
    accounts: tuple[AccountView, ...]


def list_budgets(as_json: AsJson = False, *, reach: Reach) -> None:
    """All budgets, with what was spent of each in this period; left is what its fullest account has."""
    found = asyncio.run(_list(line_to(reach)))
    if as_json:
        print_json(found)
    else:
        _print(found)


def show(budget: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """One budget, and the hundred that spend most of it in this period."""
    found = asyncio.run(_told(line_to(reach), budget))
    if as_json:
        print_json(found)
        return
    _print((found.budget,))
    if found.accounts:
        print()
        columns = (
            Column("who", whole=True),
            *(Column(name, right=True) for name in ("spent", "held", "left")),
        )
        print_table(
            columns,
            [(each.subject, each.settled_usd, each.held_usd, each.left_usd) for each in found.accounts],
        )


def set_budget(budget: Name, wanted: Wish, as_json: AsJson = False, *, reach: Reach) -> None:
    """Make a budget, or change one; it holds from the next request on."""
    said = {name: getattr(wanted, name) for name in Wish.__slots__}
    changes = {name: value for name, value in said.items() if value is not None}
    if not changes:
        raise Stop("say what to set, e.g. --limit 100.00.", MISUSED)
    done = asyncio.run(_set(line_to(reach), budget, changes))
    if as_json:
        print_json(done)
    else:
        _print((done,))


def delete(budget: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take a budget away."""
    gone = asyncio.run(_delete(line_to(reach), budget))
    if as_json:
        print_json(gone)
    else:
        print(f"{gone.name} is no budget any more.")


async def _list(line: Line) -> tuple[BudgetView, ...]:
    return parsed(await ask(line, _PATH), _Listed).budgets


async def _told(line: Line, name: str) -> BudgetTold:
    budget = parsed(await ask(line, _path(name)), BudgetView)
    accounts = parsed(await ask(line, f"{_path(name)}/accounts"), _Accounts).accounts
    return BudgetTold(budget=budget, accounts=accounts)


async def _set(line: Line, name: str, changes: dict[str, Any]) -> BudgetView:
    """What is not said is as it was."""
    found = {each.name: each for each in await _list(line)}.get(name)
    kept: dict[str, Any] = {}
    if found is not None:
        kept = {each: getattr(found, each) for each in Wish.__slots__}
    wanted = kept | changes
    missing = [each for each in _NEW if each not in wanted]
    if missing:
        raise Stop("a new budget needs --scope, --period and --limit.", MISUSED)
    body = {_camel(each): value for each, value in wanted.items()}
    answer = await ask(line, _path(name), method="PUT", body=body, headers=_match(found))
    return parsed(answer, BudgetView)


async def _delete(line: Line, name: str) -> BudgetView:
    found = parsed(await ask(line, _path(name)), BudgetView)
    await ask(line, _path(name), method="DELETE", headers=_match(found))
    return found


def _print(budgets: tuple[BudgetView, ...]) -> None:
    columns = (
        Column("budget", whole=True),
        Column("of", whole=True),
        Column("for"),
        *(Column(name, right=True) for name in ("limit", "spent", "held", "left")),
    )
    print_table(
        columns,
        [
            (
                each.name,
                each.subject or ("all" if each.scope == "all" else f"each {each.scope}"),
                each.period,
                each.limit_usd,
                each.settled_usd,
                each.held_usd,
                each.limit_usd if each.fullest is None else each.fullest.left_usd,
            )
            for each in budgets
        ],
    )


def _match(found: BudgetView | None) -> dict[str, str]:
    return {} if found is None else {"If-Match": f'"{found.revision}"'}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _path(name: str) -> str:
    return f"{_PATH}/{quote(name, safe='')}"


COMMANDS = {"list": list_budgets, "show": show, "set": set_budget, "delete": delete}
