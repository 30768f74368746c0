"""`baton route`: which model would serve a prompt, and why, by a running Baton."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from baton.cli.estimate import text_of
from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.terminal import AsJson, Column, print_json, print_table
from baton.core.profile import Profile

_SUGGEST = "/api/ai/v2/route-suggest"
_TEST = "/api/admin/ai/routing-rules/test"


class RankedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model that could serve it."""

    model: str
    score: float
    quality: float
    cost: float
    availability: float
    shift: float
    estimated_cost_usd: str | None


class LeftOutView(Struct, frozen=True, kw_only=True):
    """A model that could not."""

    model: str
    reason: str


class SuggestionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would be chosen, as the API tells it."""

    model: str
    provider: str
    source: str
    reasoning: str
    task_type: str | None
    complexity: float | None
    level: str | None
    strong_model_gain: float | None
    evidence: tuple[str, ...]
    weights: dict[str, float] | None
    estimated_input_tokens: int
    estimated_output_tokens: int
    estimated_cost_usd: str | None
    candidates: int
    ranked: tuple[RankedView, ...]
    fallbacks: tuple[str, ...]
    left_out: tuple[LeftOutView, ...]


def route(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; absent: --file, or what is piped in.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file that holds the prompt, in UTF-8.")] = None,
    model: Annotated[str, typer.Option(help="auto, or the one that a request would name.")] = "auto",
    use_case: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    agent: Annotated[str | None, typer.Option(help="Which agent calls.")] = None,
    profile: Annotated[Profile | None, typer.Option(help="What counts most.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Of the answer.")] = None,
    data_needs: Annotated[
        list[str] | None,
        typer.Option(
            help="What its provider must state of data: local, no-training, region:eu; may be repeated."
        ),
    ] = None,
    project: Annotated[str | None, typer.Option(help="What it is for, by the project's id.")] = None,
    max_cost: Annotated[str | None, typer.Option(help="What it may cost at most, USD.")] = None,
    tier: Annotated[str | None, typer.Option(help="For callers of this tier (admins only).")] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Also every model that could not serve it, and why.")
    ] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Which model would serve a prompt at this moment, and why; asks no model."""
    said = {
        "prompt": text_of(prompt, file),
        "model": model,
        "useCase": use_case,
        "agent": agent,
        "profile": None if profile is None else profile.value,
        "maxTokens": max_tokens,
        "maxCost": max_cost,
        "dataNeeds": data_needs,
        "projectId": project,
        "tier": tier,
    }
    body = {name: value for name, value in said.items() if value is not None}
    found = asyncio.run(_suggested(line_to(reach), body))
    if as_json:
        print_json(found)
        return
    _print(found)
    if everybody and found.left_out:
        print()
        print_table(
            (Column("left out", whole=True), Column("because")),
            [(each.model, each.reason) for each in found.left_out],
        )


async def _suggested(line: Line, body: dict[str, Any]) -> SuggestionView:
    answer = await ask(line, _TEST if "tier" in body else _SUGGEST, method="POST", body=body)
    return parsed(answer, SuggestionView)


def _print(found: SuggestionView) -> None:
    print(found.reasoning)
    if found.evidence:
        print(f"What was asked: {'; '.join(found.evidence)}.")
    price = "price unknown" if found.estimated_cost_usd is None else f"about {found.estimated_cost_usd} USD"
    print(
        f"Estimated: {found.estimated_input_tokens} tokens in, {found.estimated_output_tokens} out, {price}."
    )
    if found.fallbacks:
        print(f"If it fails: {', '.join(found.fallbacks)}.")
    if found.ranked:
        print()
    columns = (
        Column(f"best of {found.candidates}", whole=True),
        *(
            Column(title, right=True)
            for title in ("score", "quality", "cost", "availability", "shift", "USD")
        ),
    )
    print_table(columns, [_row(each) for each in found.ranked])


def _row(each: RankedView) -> tuple[str, ...]:
    return (
        each.model,
        f"{each.score:.3f}",
        f"{each.quality:.2f}",
        f"{each.cost:.2f}",
        f"{each.availability:.2f}",
        f"{each.shift:+.2f}" if each.shift else "",
        each.estimated_cost_usd or "?",
    )


COMMANDS = {"route": route}
