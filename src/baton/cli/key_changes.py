"""`baton keys update` and `rotate`: what a key may, and another secret for it."""

import asyncio
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from msgspec import UNSET, UnsetType, structs

from baton.access.identity.entities import ApiKey, KeyChange
from baton.app import open_store
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.actor import OPERATOR
from baton.cli.installation import Place, existing
from baton.cli.key_views import KeyView, NewKeyView, find_key, new_view, viewed
from baton.cli.moments import ahead_ms
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, note, print_json
from baton.core.caller import BudgetPeriod, KeyBudget, KeyLimits
from baton.core.money import nanos_from_usd
from baton.settings import Settings

_KeyId = Annotated[str, typer.Argument(metavar="id", help="The key's id, or how it begins.")]
_ALL, _NONE, _OWN = "all", "none", "own"
_BUDGET = re.compile(r"(?P<usd>\d+(\.\d+)?)/(?P<period>day|month|lifetime)")
_LIMITS = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What shall be different; what is not said stays."""

    name: Annotated[str | None, typer.Option(help="What it is for.")] = None
    tier: Annotated[str | None, typer.Option(help="What it may use; `own`: as its user.")] = None
    expires: Annotated[
        str | None, typer.Option(help="When it ends, e.g. 30d or 2026-01-31; `none`: never.")
    ] = None
    scope: Annotated[
        list[str] | None, typer.Option(help="What it is for, e.g. chat; several times; `all`: everything.")
    ] = None
    model: Annotated[
        list[str] | None,
        typer.Option(help="A model it may use, or a pattern such as acme/*; several times; `all`: any."),
    ] = None
    budget: Annotated[
        str | None, typer.Option(help="USD per period: 5/day, 25/month, 100/lifetime; `none`.")
    ] = None
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="In place of its tier's.")] = None
    tokens_per_minute: Annotated[int | None, typer.Option(min=1, help="In place of its tier's.")] = None
    requests_per_day: Annotated[int | None, typer.Option(min=1, help="In place of its tier's.")] = None
    tokens_per_day: Annotated[int | None, typer.Option(min=1, help="In place of its tier's.")] = None
    unlimited: Annotated[bool, typer.Option("--unlimited", help="No limit where none is set for it.")] = False
    tier_limits: Annotated[
        bool, typer.Option("--tier-limits", help="Take back all limits that are set for it.")
    ] = False


def update(key_id: _KeyId, fields: Fields, as_json: AsJson = False, *, place: Place) -> None:
    """Change what a key may; its secret stays."""
    view = asyncio.run(_update(existing(place.config, place.data_dir), key_id, fields))
    if as_json:
        print_json(view)
    else:
        print(f"Key '{view.name}' ({view.id}) is changed.")


def rotate(
    key_id: _KeyId,
    overlap: Annotated[
        str | None,
        typer.Option(help="How long its old secret stays good, e.g. 24h; else not at all."),
    ] = None,
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """Give a key a new secret. It is shown only this once."""
    made = asyncio.run(_rotate(existing(place.config, place.data_dir), key_id, overlap))
    if as_json:
        print_json(made)
        return
    print(made.key)
    until = f"is good until {made.previous_until}" if made.previous_until else "is refused from now on"
    note(f"Key '{made.name}' ({made.id}) has a new secret; the old one {until}.")


async def _update(settings: Settings, beginning: str, fields: Fields) -> KeyView:
    async with open_store(settings) as store:
        key, now_s = await find_key(store.identities, beginning), store.clock.wall()
        changed = await store.identities.change_key(key.id, _change(key, fields, now_s), OPERATOR)
        return await viewed(store.identities, changed, now_s)


async def _rotate(settings: Settings, beginning: str, overlap: str | None) -> NewKeyView:
    async with open_store(settings) as store:
        key, now_s = await find_key(store.identities, beginning), store.clock.wall()
        overlap_s = 0 if overlap is None else round(ahead_ms(overlap, "--overlap", now_s) / 1000 - now_s)
        made = await store.identities.rotate_key(key.id, OPERATOR, overlap_s)
        return new_view(await viewed(store.identities, made.key, now_s), made.secret)


def _change(key: ApiKey, fields: Fields, now_s: float) -> KeyChange:
    tier: str | UnsetType | None = UNSET
    if fields.tier is not None:
        tier = None if fields.tier == _OWN else DEFAULT_TIERS.resolve(fields.tier)
    expires_at_ms: int | UnsetType | None = UNSET
    if fields.expires is not None:
        expires_at_ms = None if fields.expires == _NONE else ahead_ms(fields.expires, "--expires", now_s)
    return KeyChange(
        name=UNSET if fields.name is None else fields.name,
        tier=tier,
        expires_at_ms=expires_at_ms,
        scopes=_words(fields.scope),
        models=_words(fields.model),
        limits=_limits(key, fields),
        budget=_budget(fields.budget),
    )


def _words(said: list[str] | None) -> frozenset[str] | UnsetType | None:
    if not said:
        return UNSET
    return None if said == [_ALL] else frozenset(said)


def _limits(key: ApiKey, fields: Fields) -> KeyLimits | UnsetType | None:
    """Those that it has, with what is said in their places."""
    said = {name: value for name in _LIMITS if (value := getattr(fields, name)) is not None}
    if fields.tier_limits:
        if said or fields.unlimited:
            raise Stop("--tier-limits takes all limits back; say it alone.", MISUSED)
        return None
    if fields.unlimited:
        said["unlimited"] = True
    return structs.replace(key.limits or KeyLimits(), **said) if said else UNSET


def _budget(said: str | None) -> KeyBudget | UnsetType | None:
    if said is None:
        return UNSET
    if said == _NONE:
        return None
    found = _BUDGET.fullmatch(said)
    if found is None:
        raise Stop(f"--budget: {said!r} is no budget; write e.g. 25/month.", MISUSED)
    try:
        return KeyBudget(nanos=nanos_from_usd(Decimal(found["usd"])), period=BudgetPeriod(found["period"]))
    except InvalidOperation as error:
        raise Stop(f"--budget: {said!r} is too much.", MISUSED) from error
