"""What every recorded exchange must cost, reckoned from its raw JSON and the published prices alone.

Run as a module it writes `docs/billing.md`.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from baton.core.dialect import Dialect
from tests.conftest import serving
from tests.contracts.callers import again
from tests.contracts.charged import Bill, told_nanos
from tests.contracts.contract import Contract, contract
from tests.contracts.counted import Counts, counts
from tests.contracts.pricelist import Listed, PriceLists, price_lists
from tests.contracts.recordings import ROOT, Exchange, by_base, recorded
from tests.contracts.replay import replaying
from tests.contracts.stage import PAIRS, environment, specs

PAGE = ROOT / "docs" / "billing.md"

_EVERY_CALL = frozenset({"thousandRequestsLow", "thousandRequestsMedium", "thousandRequestsHigh"})
"""Fees of which each call of a model that has them owes one."""


def nanos(told: Counts, listed: Listed) -> int:
    """The cost: each component to the nano-dollar, half even (decision 3)."""
    usd = listed.rates

    def price(*names: str) -> Decimal:
        return Decimal(next(usd[name] for name in names if name in usd))

    fresh = told.fresh * price("input") + told.audio_in * price("audioIn", "input")
    fresh += told.image_in * price("imageIn", "input")
    written = told.written * price("cacheWrite", "input")
    written += told.written_long * price("cacheWriteLong", "cacheWrite", "input")
    said = told.said * price("output") + told.thought * price("reasoning", "output")
    said += told.audio_out * price("audioOut", "output") + told.image_out * price("imageOut", "output")
    parts = [fresh, told.cached * price("cachedRead", "input"), written, said]
    # Amounts are millionths of a dollar so far; fees are thousandths, for each of a thousand.
    parts += [count * Decimal(listed.fees.get(name, 0)) * 1000 for name, count in told.pieces.items()]
    return sum(int((part * 1000).to_integral_value(ROUND_HALF_EVEN)) for part in parts)


def is_partly(told: Counts, listed: Listed) -> bool:
    """Whether something was used that the list has no price for."""
    usd = listed.rates
    silent = (
        (told.audio_in and ("audioIn" not in usd or told.cached))
        or (told.image_in and told.cached and "imageIn" in usd)
        or (told.audio_out and "audioOut" not in usd)
        or (told.image_out and "imageOut" not in usd)
        or (told.written_long and "cacheWriteLong" not in usd)
        or told.pieces.keys() - listed.fees.keys()
        or (_EVERY_CALL & listed.fees.keys() and not _EVERY_CALL & told.pieces.keys())
    )
    free = not (Decimal(usd["input"]) or Decimal(usd["output"]) or listed.fees)
    return not free and bool(told.beside or silent)


@dataclass(frozen=True)
class Billed:
    """One exchange, billed by Baton and by hand."""

    exchange: Exchange
    listed: Listed
    told: Counts
    partly: bool
    cost_nanos: int
    """The ledger's."""
    problems: list[str]

    @property
    def bill(self) -> Bill | None:
        """Beside the provider's own account of it; None where it gives none, or no price is published."""
        told = told_nanos(self.exchange)
        if told is None or not self.listed.published:
            return None
        return Bill(self.exchange, told, self.cost_nanos, self.partly)


async def billed(provider: str, dialect: Dialect, folder: Path) -> list[Billed]:
    """Every exchange of a provider in a dialect that tells its usage, through a real Baton."""
    found: list[Billed] = []
    wanted = [each for each in recorded(provider, dialect) if each.status == 200 and counts(each) is not None]
    lists = price_lists(provider)
    async with replaying() as replay:
        for number, (base, exchanges) in enumerate(by_base(provider, wanted).items()):
            settings = environment(provider, dialect, replay.url, base)
            async with serving(settings, folder / f"{provider}-{dialect}-{number}", {}, specs()) as baton:
                rows = [record.value for record in baton.app.edited.models.list()]
                strangers = (lists.row(name) for name in {each.model for each in exchanges})
                baton.app.catalog.replace([*rows, *filter(None, strangers)])
                async with contract(baton, replay) as between:
                    found += [await _bill(between, each, lists) for each in exchanges]
    return found


async def _bill(between: Contract, exchange: Exchange, lists: PriceLists) -> Billed:
    told = counts(exchange)
    assert told is not None
    listed = lists.listed(exchange.model, told.prompt)
    wanted, partly = nanos(told, listed), is_partly(told, listed)
    between.play(exchange)
    answered = await between.send(again(exchange, f"{exchange.provider}/{exchange.model}"))
    if "x-baton-interaction" not in answered.headers:
        problem = f"no row: {answered.status} {answered.body[:200]!r}"
        return Billed(exchange, listed, told, partly, 0, [problem])
    found = await between.baton.app.ledger.interactions.one(answered.headers["x-baton-interaction"])
    row, attempts = found.interaction, found.attempts
    problems = [] if row.cost_nanos == wanted else [f"the ledger has {row.cost_nanos}, not {wanted}"]
    expected = "partly_priced" if partly else "priced"
    if row.pricing != expected or [attempt.pricing for attempt in attempts] != [expected]:
        problems.append(f"the ledger says {row.pricing}, not {expected}")
    return Billed(exchange, listed, told, partly, row.cost_nanos, problems)


_HEADS = (
    "recordings",
    "published price",
    "stand-in price",
    "cached",
    "cache write",
    "reasoning",
    "audio",
    "pictures",
    "by the piece",
    "partly",
    "right",
)


def row(provider: str, dialect: Dialect, found: Sequence[Billed]) -> str:
    """One line of the table."""
    told = [each.told for each in found]
    cells = (
        len(found),
        sum(each.listed.published for each in found),
        sum(not each.listed.published for each in found),
        sum(each.cached > 0 for each in told),
        sum(each.written + each.written_long > 0 for each in told),
        sum(each.thought > 0 for each in told),
        sum(each.audio_in + each.audio_out > 0 for each in told),
        sum(each.image_in + each.image_out > 0 for each in told),
        sum(bool(each.pieces) for each in told),
        sum(each.partly for each in found),
        sum(not each.problems for each in found),
    )
    return f"| {provider} | {dialect.value} | " + " | ".join(map(str, cells)) + " |"


def bills(found: Iterable[Billed]) -> list[Bill]:
    """Those of which the provider gives its own account."""
    return [bill for each in found if (bill := each.bill) is not None]


def verdicts(provider: str, dialect: Dialect, found: Iterable[Billed]) -> list[str]:
    """Lines of the second table: how often the provider's account and ours say what of each other."""
    counted = Counter(bill.verdict for bill in bills(found))
    return [
        f"| {provider} | {dialect.value} | {number} | {verdict} |"
        for verdict, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


TITLE = """\
# What recorded exchanges cost

Generated by `python -m tests.contracts.costs`; `tests/contracts/test_costs.py` holds it to the truth.

Each recorded exchange that tells its usage is answered once more through a real Baton, on sockets on both
sides, and the ledger's cost is compared with one reckoned from the raw JSON and the price list, in decimals,
by code that shares nothing with Baton's. *Published*: the catalog's price, or where the catalog does not have
the model, the price package's; models that neither knows are given a made-up list, in which every kind of
token has another price. *By the piece*: searches or requests were counted, and are charged where they have a
price. *Partly*: something was used that has none, and the row says `partly_priced`. There are no exceptions.

"""

JUDGE = """
## What the providers say they charged

Some answers name their cost. It is read here and nowhere else: the ledger goes on pricing by itself, and this
is how far the two agree, to the nano-dollar, for every recording of such an answer whose model has a
published price.

| provider | dialect | recordings | ledger and provider |
|---|---|---|---|
"""


def _page(judged: Sequence[tuple[str, Dialect, Sequence[Billed]]]) -> Iterator[str]:
    yield TITLE
    yield "| provider | dialect | " + " | ".join(_HEADS) + " |\n"
    yield "|---" * (len(_HEADS) + 2) + "|\n"
    yield from (row(*each) + "\n" for each in judged)
    yield JUDGE
    yield from (line + "\n" for each in judged for line in verdicts(*each))


async def _judged() -> list[tuple[str, Dialect, list[Billed]]]:
    with tempfile.TemporaryDirectory() as folder:
        return [(*pair, await billed(*pair, Path(folder))) for pair in PAIRS]


if __name__ == "__main__":
    PAGE.write_text("".join(_page(asyncio.run(_judged()))), encoding="utf-8")
    sys.exit(0)
