"""`baton policies`: what becomes of what providers are sent, as it is stated to a running Baton."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, print_json, print_table

_PATH = "/api/admin/ai/data-policies"
_UNKNOWN = "none"
_NOT_STATED = "not stated"

Provider = Annotated[str, typer.Argument(metavar="provider", help="By its name.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What to state of a provider."""

    local: Annotated[
        bool | None, typer.Option("--local/--not-local", help="Whether it runs on machines of yours.")
    ] = None
    training: Annotated[
        bool | None,
        typer.Option("--training/--no-training", help="Whether models are trained on what it is sent."),
    ] = None
    retention_days: Annotated[
        str | None, typer.Option(metavar="n|none", help="How long it keeps that; 0: not at all.")
    ] = None
    agreement: Annotated[
        bool | None,
        typer.Option("--agreement/--no-agreement", help="Whether a data processing agreement is signed."),
    ] = None
    region: Annotated[
        str | None, typer.Option(metavar="region|none", help="Where all of it stays, e.g. eu or eu-west-1.")
    ] = None


class PolicyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One provider's, as the API tells it."""

    provider: str
    configured: bool
    stated: bool
    local: bool
    trains_on_data: bool | None
    retention_days: int | None
    agreement_signed: bool
    region: str | None
    revision: int | None


class _Listed(Struct, frozen=True):
    policies: tuple[PolicyView, ...]


def list_policies(
    everybody: Annotated[
        bool, typer.Option("--all", help="Also providers that are neither configured nor stated.")
    ] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """What is stated of each provider.

    Who requires what is not stated is not served by it.
    """
    found = parsed(asyncio.run(ask(line_to(reach), _PATH)), _Listed).policies
    shown = [each for each in found if everybody or each.configured or each.stated]
    if as_json:
        print_json(shown)
    else:
        _print(shown)


def set_policy(provider: Provider, wanted: Statements, as_json: AsJson = False, *, reach: Reach) -> None:
    """State what becomes of what a provider is sent.

    What is not named stays as it is.
    """
    changes = _changes(wanted)
    if not changes:
        raise Stop("say what to state, e.g. --no-training or --region eu.", MISUSED)
    done = asyncio.run(_set(line_to(reach), provider, changes))
    if as_json:
        print_json(done)
    else:
        _print([done])


def remove(provider: Provider, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take back all that is stated of a provider; `undo` brings it back."""
    was = asyncio.run(_remove(line_to(reach), provider))
    if as_json:
        print_json(was)
    else:
        print(f"Nothing is stated of {was.provider} any more.")


def undo(provider: Provider, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how it was before its last change.

    Undoing twice does it again.
    """
    answer = asyncio.run(
        ask(line_to(reach), f"{_path(provider)}/undo", method="POST", headers={"If-Match": "*"})
    )
    done = parsed(answer, PolicyView)
    if as_json:
        print_json(done)
    else:
        _print([done])


def _changes(wanted: Statements) -> dict[str, Any]:
    said = {
        "local": wanted.local,
        "trainsOnData": wanted.training,
        "retentionDays": wanted.retention_days,
        "agreementSigned": wanted.agreement,
        "region": None if wanted.region is None else wanted.region.lower(),
    }
    changes: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    for name in ("retentionDays", "region"):
        if changes.get(name) == _UNKNOWN:
            changes[name] = None
    days = changes.get("retentionDays")
    if days is not None:
        if not days.isdecimal():
            raise Stop(f"--retention-days: a whole number or {_UNKNOWN}, not {days!r}.", MISUSED)
        changes["retentionDays"] = int(days)
    return changes


async def _one(line: Line, provider: str) -> PolicyView:
    return parsed(await ask(line, _path(provider)), PolicyView)


async def _set(line: Line, provider: str, changes: dict[str, Any]) -> PolicyView:
    found = await _one(line, provider)
    said = {
        "local": found.local,
        "trainsOnData": found.trains_on_data,
        "retentionDays": found.retention_days,
        "agreementSigned": found.agreement_signed,
        "region": found.region,
    }
    answer = await ask(line, _path(provider), method="PUT", body=said | changes, headers=_match(found))
    return parsed(answer, PolicyView)


async def _remove(line: Line, provider: str) -> PolicyView:
    """As it was."""
    found = await _one(line, provider)
    if not found.stated:
        raise Stop(f"nothing is stated of {provider}; see `baton policies list`.")
    await ask(line, _path(provider), method="DELETE", headers=_match(found))
    return found


def _match(found: PolicyView) -> dict[str, str]:
    """The revision that a change means; nothing where there is none."""
    return {} if found.revision is None else {"If-Match": f'"{found.revision}"'}


def _print(policies: list[PolicyView]) -> None:
    columns = (
        Column("provider", whole=True),
        Column("local"),
        Column("trains on data"),
        Column("keeps it"),
        Column("agreement"),
        Column("region"),
        Column("by"),
    )
    print_table(columns, [_cells(each) for each in policies])


def _cells(policy: PolicyView) -> tuple[str, ...]:
    days, by = (
        policy.retention_days,
        "you" if policy.stated else "being part of Baton" if policy.local else "",
    )
    return (
        policy.provider,
        _word(policy.local),
        _NOT_STATED if policy.trains_on_data is None else _word(policy.trains_on_data),
        _NOT_STATED if days is None else "no" if days == 0 else f"{days} days" if days > 1 else "1 day",
        "signed" if policy.agreement_signed else _NOT_STATED,
        policy.region or _NOT_STATED,
        by,
    )


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _path(provider: str) -> str:
    return f"{_PATH}/{quote(provider, safe='')}"


COMMANDS = {"list": list_policies, "set": set_policy, "remove": remove, "undo": undo}
