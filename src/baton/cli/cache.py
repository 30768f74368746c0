"""`baton cache`: what is kept to be given again, forgetting some of it, and filling it ahead."""

import asyncio
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from aiohttp import ClientSession
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, connected, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, note, print_json, print_table

_CACHE = "/api/admin/cache"
_PLACES = {"memory": "memory", "redis": "Redis", "database": "the database"}
_CHAT = "/v1/chat/completions"
_OK = 200
_MOST = "x-baton-max-cost"


class SavingsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found since Baton began."""

    use_case: str | None
    asked: int
    hits: int
    semantic_hits: int
    joined: int
    misses: int
    hit_rate: float
    saved_tokens: int
    saved_usd: str
    saved_ms: int


class CheckedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How often an answer given by meaning would have been wrong."""

    use_case: str | None
    user_id: str | None
    checked: int
    wrong: int
    wrong_low: float
    wrong_high: float
    is_off: bool


class SemanticView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What finds answers by meaning."""

    embedder: str
    entries: int
    bytes: int
    by_use_case: tuple[CheckedView, ...]


class CacheView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The cache, as the API tells it."""

    enabled: bool
    provider: str
    shared: bool
    entries: int
    most_entries: int
    bytes: int
    most_bytes: int
    semantic: SemanticView | None
    total: SavingsView
    by_use_case: tuple[SavingsView, ...]


class WarmedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of prompts that were run ahead."""

    asked: int
    kept_before: int
    failed: int
    left: int
    """That the budget did not suffice for."""
    cost_usd: str


class _Forgotten(Struct, frozen=True):
    forgotten: int


def show(as_json: AsJson = False, *, reach: Reach) -> None:
    """What is kept, and what giving it again has saved since Baton began."""
    found = parsed(asyncio.run(ask(line_to(reach), _CACHE)), CacheView)
    if as_json:
        print_json(found)
        return
    mib = 1024 * 1024
    room = f"{found.bytes / mib:.1f} of {found.most_bytes / mib:g} MiB"
    off = "" if found.enabled else "; switched off (BATON_ENABLE_CACHE)"
    print(f"{found.entries} of {found.most_entries} answers in {_PLACES[found.provider]}, {room}{off}.")
    if found.provider == "redis" and not found.shared:
        print("Redis is away: meanwhile each process keeps its own.")
    titles = ("use case", "asked", "hits", "joined", "misses", "rate", "tokens", "USD", "s")
    rows = [_row(each.use_case or "(none)", each) for each in found.by_use_case]
    if len(rows) > 1:
        rows.append(_row("all", found.total))
    print_table([Column(title, right=at > 0) for at, title in enumerate(titles)], rows)
    if found.semantic is not None:
        _print_semantic(found.semantic)


def _print_semantic(semantic: SemanticView) -> None:
    print(f"By meaning: {counted(semantic.entries, 'request')} compared, by {semantic.embedder}.")
    for each in semantic.by_use_case:
        low, high = round(100 * each.wrong_low), round(100 * each.wrong_high)
        name = each.use_case or f"(none), user {each.user_id}"
        off = "; switched off" if each.is_off else ""
        print(f"  {name}: {each.wrong} of {each.checked} checked were wrong ({low} to {high} %){off}.")


def forget(
    use_case: Annotated[str | None, typer.Option(help="Answers for this use case.")] = None,
    model: Annotated[str | None, typer.Option(help="Answers of this model, as provider/name.")] = None,
    tag: Annotated[str | None, typer.Option(help="key=value, of the request that paid.")] = None,
    interaction: Annotated[str | None, typer.Option(help="The interaction that paid.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Forget answers, so that the next request is asked anew: those that all that is said holds for."""
    said: dict[str, Any] = {"useCase": use_case, "model": model, "tag": tag, "interaction": interaction}
    body = {name: value for name, value in said.items() if value is not None}
    if bool(body) == everything:
        raise Stop("say what to forget, or --all.", MISUSED)
    asked = ask(line_to(reach), _CACHE + "/invalidate", method="POST", body=body or {"all": True})
    found = parsed(asyncio.run(asked), _Forgotten)
    if as_json:
        print_json(found)
    else:
        print(f"{counted(found.forgotten, 'answer')} forgotten.")


def warm(
    file: Annotated[
        Path,
        typer.Argument(help="Chats, a JSON body a line, as /v1/chat/completions takes them; - for stdin."),
    ],
    budget: Annotated[str, typer.Option(help="What they may cost at most, USD.")] = "1",
    use_case: Annotated[
        str | None, typer.Option(help="What they are for; its rule says who may be given the answers.")
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Run prompts ahead, so that their answers are at hand; none is asked that may pass the budget.

    Answers are whole ones: streams are kept apart. They are for the user of the key, unless the use case's
    rule says otherwise.
    """
    try:
        most = Decimal(budget)
    except InvalidOperation:
        most = Decimal("nan")
    if not most.is_finite() or most <= 0:
        raise Stop(f"{budget!r} is no amount.", MISUSED)
    found = asyncio.run(_warm(line_to(reach), _bodies(file), most, use_case))
    if as_json:
        print_json(found)
        return
    print(
        f"{counted(found.asked, 'chat')} asked for {found.cost_usd} USD, "
        f"{found.kept_before} were kept before, {found.failed} failed."
    )
    if found.left:
        note(f"{counted(found.left, 'chat')} left: the budget of {budget} USD is spent.")


async def _warm(line: Line, bodies: list[dict[str, Any]], most: Decimal, use_case: str | None) -> WarmedView:
    """One after the other: each says what it cost before the next is asked."""
    headers = {"x-baton-cache": "exact"} | ({} if use_case is None else {"x-baton-use-case": use_case})
    spent = Decimal(0)
    asked = kept = failed = 0
    async with connected(line) as session:
        for body in bodies:
            if spent >= most:
                break
            status, told = await _ask(session, line.url, body, {**headers, _MOST: f"{most - spent:f}"})
            if status != _OK:
                failed += 1
            elif told.get("x-baton-cache") == "hit":
                kept += 1
            else:
                asked += 1
                if "x-baton-cost-usd" not in told:
                    raise Stop(f"no price is known of {told.get('x-baton-model')}: a budget cannot be kept.")
                spent += Decimal(told["x-baton-cost-usd"])
    left = len(bodies) - asked - kept - failed
    return WarmedView(asked=asked, kept_before=kept, failed=failed, left=left, cost_usd=f"{spent:f}")


async def _ask(
    session: ClientSession, url: str, body: dict[str, Any], headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    async with session.post(url + _CHAT, json={**body, "stream": False}, headers=headers) as response:
        await response.read()
        return response.status, {name.lower(): value for name, value in response.headers.items()}


def _bodies(file: Path) -> list[dict[str, Any]]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read: {error}.") from error
    bodies: list[dict[str, Any]] = []
    for number, each in enumerate(text.splitlines(), 1):
        if not each.strip():
            continue
        try:
            bodies.append(msgspec.json.decode(each, type=dict[str, Any]))
        except msgspec.DecodeError as error:
            raise Stop(f"line {number} of {file} is no JSON object.") from error
    return bodies


def _row(name: str, each: SavingsView) -> tuple[str, ...]:
    return (
        name,
        str(each.asked),
        str(each.hits + each.semantic_hits),
        str(each.joined),
        str(each.misses),
        f"{each.hit_rate:.0%}",
        str(each.saved_tokens),
        each.saved_usd,
        f"{each.saved_ms / 1000:.1f}",
    )


COMMANDS = {"show": show, "forget": forget, "warm": warm}
