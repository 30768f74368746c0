"""`baton explain`: why an interaction went as it did, by a running Baton."""

import asyncio
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer
from msgspec import Struct

from baton.cli.line import Reach, ask, line_to, parsed
from baton.cli.route import RankedView
from baton.cli.terminal import AsJson, Column, print_json, print_table


class LeftOutView(Struct, frozen=True, kw_only=True):
    """Models that could not serve it."""

    reason: str
    models: tuple[str, ...]


class ChoiceView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How its model was chosen."""

    model: str | None
    source: str | None
    reasoning: str | None
    task_type: str | None
    complexity: float | None
    level: str | None
    evidence: tuple[str, ...]
    weights: dict[str, float] | None
    budget_pressure: float | None
    candidates: int | None
    ranked: tuple[RankedView, ...]
    fallbacks: tuple[str, ...]
    not_configured: tuple[str, ...]
    left_out: tuple[LeftOutView, ...]


class AttemptView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One call to a provider."""

    n: int
    provider: str
    model_name: str
    status: str
    http_status: int | None
    error: str | None
    took_ms: int
    cost_usd: str | None


class MoneyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What it cost, USD."""

    estimated_cost_usd: str | None
    cost_usd: str
    pricing: str
    price_version: str | None


class BudgetView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A budget that it counted against."""

    budget: str
    scope: str
    subject: str
    limit_usd: str
    settled_usd: str | None
    period_ends: str | None


class ReceiptView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One interaction, explained, as the API tells it."""

    id: str
    created_at: str
    requested_model: str
    use_case: str | None
    agent: str | None
    tier: str
    status: str
    served_by: str | None
    choice: ChoiceView
    attempts: tuple[AttemptView, ...]
    fallback_reason: str | None
    money: MoneyView
    budgets: tuple[BudgetView, ...]
    times: dict[str, float | None]


def explain(
    interaction: Annotated[
        str, typer.Argument(help="Its id: `x-baton-interaction`, or `id` in Baton's own answers.")
    ],
    everybody: Annotated[
        bool, typer.Option("--all", help="Also every model that could not serve it, and why.")
    ] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Why an interaction went as it did: the choice, the attempts, the money."""
    answer = asyncio.run(ask(line_to(reach), f"/api/interactions/{quote(interaction, safe='')}/receipt"))
    if as_json:
        print_json(msgspec.Raw(answer))
        return
    found = parsed(answer, ReceiptView)
    _print(found, everybody=everybody)


def _print(found: ReceiptView, *, everybody: bool) -> None:
    choice, money = found.choice, found.money
    served = found.served_by or "nobody"
    at = found.created_at[:19].replace("T", " ")
    print(f"{at} UTC: asked for {found.requested_model}, served by {served}.")
    print(f"Status: {found.status}. {choice.reasoning or 'Why is not known.'}")
    if choice.evidence:
        print(f"What was asked: {'; '.join(choice.evidence)}.")
    estimate = "" if money.estimated_cost_usd is None else f", estimated at {money.estimated_cost_usd}"
    cost = "not known" if money.pricing == "unpriced" else f"{money.cost_usd} USD"
    by = "" if money.price_version is None else f" by the price {money.price_version}"
    print(f"Cost: {cost}{estimate}{by}.")
    print(f"Time: {_ms(found.times, 'responseTimeMs')}, of that {_ms(found.times, 'overheadMs')} in Baton.")
    _table(
        ("#", "attempt", "ended", "ms", "USD"),
        [
            (
                str(each.n),
                f"{each.provider}/{each.model_name}",
                each.status if each.error is None else f"{each.status}: {each.error}",
                str(each.took_ms),
                each.cost_usd or "?",
            )
            for each in found.attempts
        ],
    )
    _table(
        (f"best of {choice.candidates}", "score", "quality", "cost", "availability", "USD"),
        [
            (
                each.model,
                f"{each.score:.3f}",
                f"{each.quality:.2f}",
                f"{each.cost:.2f}",
                f"{each.availability:.2f}",
                each.estimated_cost_usd or "?",
            )
            for each in choice.ranked
        ],
    )
    _table(
        ("counted against", "of", "limit USD", "spent so far"),
        [(each.budget, each.subject, each.limit_usd, each.settled_usd or "") for each in found.budgets],
    )
    if everybody:
        _table(
            ("left out", "because"),
            [
                *((name, each.reason) for each in choice.left_out for name in each.models),
                *((f"{provider}/…", "its provider is not configured") for provider in choice.not_configured),
            ],
        )


def _ms(times: dict[str, float | None], name: str) -> str:
    value = times.get(name)
    return "?" if value is None else f"{value:g} ms"


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if rows:
        print()
    print_table([Column(title, folded=at == 0) for at, title in enumerate(titles)], rows)


COMMANDS = {"explain": explain}
