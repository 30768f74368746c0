"""`baton usage`: the ledger's sums."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer
from msgspec import Struct

from baton.access.identity.entities import User
from baton.app import open_store
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.moments import ago_ms
from baton.cli.terminal import AsJson, Column, counted, iso, print_json, print_table
from baton.core.money import usd_text
from baton.ledger.filter import Filter
from baton.ledger.usage import UsageReport, UsageSummary, Used, UserUsage
from baton.settings import Settings


class By(StrEnum):
    """What each row of the table stands for."""

    MODEL = "model"
    DAY = "day"
    USER = "user"


class Sum(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tokens and money."""

    requests: int | None = None
    """None where attempts are counted: of a model."""
    attempts: int | None = None
    """None where requests are counted."""
    failed: int | None = None
    """Requests that ended otherwise than well."""
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: str
    unpriced: int
    """Attempts whose cost is not known, and not in `cost_usd`."""


class Row(Struct, frozen=True, kw_only=True, rename="camel"):
    """One model, day or user."""

    name: str
    id: str | None = None
    """Of a user."""
    used: Sum


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    """All sums since a moment."""

    since: str | None
    by: By
    total: Sum
    rows: tuple[Row, ...]


def usage(
    since: Annotated[str, typer.Option(help="From when on, e.g. 7d, 12h or 2026-01-31.")] = "30d",
    by: Annotated[By, typer.Option(help="What each row stands for.")] = By.MODEL,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """What was used and what it cost."""
    report = asyncio.run(_report(existing(config, data_dir), since, by))
    if as_json:
        print_json(report)
        return
    counts = ("attempts",) if by is By.MODEL else ("requests", "failed")
    numbers = (*counts, "prompt tokens", "completion tokens", "cost USD", "unpriced")
    columns = (Column(by.value, whole=True), *(Column(title, right=True) for title in numbers))
    print_table(columns, [_cells(row.name, row.used) for row in report.rows])
    total = report.total
    print(
        f"{counted(total.requests or 0, 'request')} since {report.since}, {total.failed} of them failed:"
        f" {total.prompt_tokens} + {total.completion_tokens} tokens, {total.cost_usd} USD."
    )


async def _report(settings: Settings, since: str, by: By) -> Report:
    async with open_store(settings) as store:
        since_ms = ago_ms(since, "--since", store.clock.wall())
        ledger = UsageReport(store.database, _nothing_to_flush)
        wanted = Filter(since_ms=since_ms)
        summary = await ledger.summary(wanted)
        match by:
            case By.MODEL:
                rows = _models(summary)
            case By.DAY:
                rows = _days(summary)
            case By.USER:
                rows = _users(await ledger.users(wanted), await store.identities.users())
        return Report(since=iso(since_ms), by=by, total=_total(summary), rows=tuple(rows))


async def _nothing_to_flush() -> None:
    """A journal belongs to a server; this process has none."""


def _models(summary: UsageSummary) -> list[Row]:
    return [
        Row(name=f"{one.provider}/{one.model}", used=_sum(one.used, attempts=one.attempts))
        for one in summary.by_model
    ]


def _days(summary: UsageSummary) -> list[Row]:
    return [
        Row(name=day.day, used=_sum(day.used, requests=day.requests, failed=day.failed))
        for day in summary.by_day
    ]


def _users(found: Iterable[UserUsage], users: Iterable[User]) -> list[Row]:
    """Those that are no longer there by their ids, or the rows would not add up to the total."""
    names = {user.id: user.name for user in users}
    return [
        Row(
            name=names.get(one.user_id, one.user_id),
            id=one.user_id,
            used=_sum(one.used, requests=one.requests, failed=one.failed),
        )
        for one in found
    ]


def _total(summary: UsageSummary) -> Sum:
    return _sum(summary.used, requests=summary.requests, failed=summary.failed)


def _sum(
    used: Used, *, requests: int | None = None, attempts: int | None = None, failed: int | None = None
) -> Sum:
    return Sum(
        requests=requests,
        attempts=attempts,
        failed=failed,
        prompt_tokens=used.prompt_tokens,
        completion_tokens=used.completion_tokens,
        cached_tokens=used.cached_tokens,
        reasoning_tokens=used.reasoning_tokens,
        cost_usd=usd_text(used.cost_nanos),
        unpriced=used.unpriced,
    )


def _cells(name: str, used: Sum) -> tuple[str, ...]:
    counts = (used.attempts,) if used.requests is None else (used.requests, used.failed)
    return (
        name,
        *(str(count) for count in counts),
        str(used.prompt_tokens),
        str(used.completion_tokens),
        used.cost_usd,
        str(used.unpriced),
    )


COMMANDS = {"usage": usage}
