"""The matrix: a Baton with thousands of providers, each asked by one cell, and what each cell must show."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.seed import seed
from baton.core.clock import SystemClock
from baton.core.dialect import Dialect
from baton.core.errors import Unavailable
from baton.core.provider import ProviderSpec
from baton.ledger.stored import AttemptRow
from baton.upstream.directory import declared
from baton.upstream.providers.simulated.calls import Call
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.chaos.faults import Fault
from tests.chaos.heard import FINE, Heard, heard_in
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.wire import PATIENCE_S, Reply, line_to, post
from tests.collector import young
from tests.conftest import BatonServer, serving

TEXT = "one two six ten red sun sea sky ice oak elm fir bee ant owl cat dog fox hen pig cow elk yak emu"
"""What every model of the matrix says: words that are a token each, for whoever counts or guesses."""
WORDS = len(TEXT.split())

IN_USD, OUT_USD = 1, 2
"""Per million tokens, what each model of the matrix costs."""

_GUESS_NANOS = 4 * IN_USD * 1000 + 2 * OUT_USD * 1000

HANGING_S = 2.0
"""How long callers of whole answers wait in all, where a route hangs."""
SLACK_S = 2.5
"""Above what a cell must take, on a busy machine."""

_LIKE = {
    Dialect.OPENAI: ("openai", "/v1"),
    Dialect.OPENAI_RESPONSES: ("openai", "/v1"),
    Dialect.ANTHROPIC: ("anthropic", ""),
    Dialect.GOOGLE: ("google", "/v1beta"),
}
"""Which declared provider those of a dialect are like, and where it is asked."""
DIALECTS = tuple(_LIKE)
_NOWHERE_EACH = 40
_KEY = "a-key-of-the-matrix"


@dataclass
class House:
    """A Baton, its providers, and who of them has not been asked yet."""

    baton: BatonServer
    simulation: Simulation
    _free: dict[str, Iterator[int]]

    def route(
        self,
        dialect: Dialect,
        behaves: str = "",
        nowhere: str | None = None,
        *,
        mode: str = "echo",
        says: str | None = TEXT,
    ) -> str:
        """The name of a model that nobody has asked, of a provider that nobody else is at."""
        kind = _kind(dialect, nowhere)
        number = next(self._free[kind])
        model = f"{kind}{number}-m"
        manner = f"{mode};in_price={IN_USD};out_price={OUT_USD};{behaves}"
        self.simulation.rules.set(model, Rule(behaves=manner, says=says))
        return f"{kind}{number}/{model}"

    def calls(self, *routes: str) -> list[Call]:
        """What these were asked, in the order in which it came."""
        names = [route.partition("/")[2] for route in routes]
        found = [call for name in names for call in self.simulation.calls.of(name)]
        return sorted(found, key=lambda call: call.number)

    async def ask(self, speech: Speech, model: str, *headers: str, stream: bool, **fields: Any) -> Reply:
        """One request on a connection of its own."""
        if stream and not speech.streams_by_path:
            fields = {"stream": True, **fields}
            if speech.dialect is Dialect.OPENAI:
                fields = {"stream_options": {"include_usage": True}, **fields}
        body = speech.body(model, **fields)
        path = speech.where(model, stream=stream)
        async with line_to(self.baton.url) as line:
            await line.send(post(self.baton.key, body, *headers, path=path))
            return await line.reply()

    async def attempts(self, reply: Reply) -> tuple[Any, Sequence[AttemptRow]]:
        """Its row in the ledger, and the rows of its attempts."""
        interactions = self.baton.app.ledger.interactions
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(Unavailable):  # not in the database yet
                    found = await interactions.one(reply.headers["x-request-id"])
                    return found.interaction, found.attempts


def _kind(dialect: Dialect, nowhere: str | None = None) -> str:
    """What the names of such providers begin with."""
    return f"{dialect.value.replace('-', '')}{nowhere or ''}p"


def _specs(each: int) -> dict[str, tuple[ProviderSpec, str]]:
    """Providers by name, so many of a dialect, and the path or the kind of address at which each is."""
    shipped = {spec.name: spec for spec in declared()}
    made: dict[str, tuple[ProviderSpec, str]] = {}
    for dialect, (like, path) in _LIKE.items():
        spec = replace(
            shipped[like], dialect=dialect, also=frozenset(), aliases=(), key_names=(), classes=None
        )
        for nowhere in (None, "refused", "tls", "dns"):
            for number in range(_NOWHERE_EACH if nowhere else each):
                name = f"{_kind(dialect, nowhere)}{number}"
                made[name] = (replace(spec, name=name), nowhere or f"/{name}{path}")
    return made


def _row(provider: str) -> Model:
    prices = Prices(standard=Tariff(rates=Rates(input=IN_USD * 10**9, output=OUT_USD * 10**9)))
    return Model(
        provider=provider,
        name=f"{provider}-m",
        prices=(prices,),
        capabilities=frozenset({"text", "streaming", "tools", "json"}),
        tier_access=frozenset({"free", "master"}),
    )


async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers whatever comes in plain HTTP: no partner for TLS."""
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    writer.close()


@asynccontextmanager
async def open_house(folder: Path, each: int = 200, **settings: Any) -> AsyncGenerator[House]:
    """Open a Baton with all those providers, `each` of a dialect."""
    simulation = Simulation(SystemClock(), keep_calls=5000)
    made = _specs(each)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running(simulation))
        plain = await stack.enter_async_context(await asyncio.start_server(_plain, "127.0.0.1", 0))
        port = plain.sockets[0].getsockname()[1]
        nowhere = {
            "refused": "http://127.0.0.1:9/v1",
            "tls": f"https://127.0.0.1:{port}/v1",
            "dns": "http://no-such-host.invalid/v1",
        }
        environment = {
            key: value
            for name, (_, path) in made.items()
            for key, value in (
                (f"{name.upper()}_API_KEY", _KEY),
                (f"{name.upper()}_BASE_URL", nowhere.get(path, url + path)),
            )
        }
        specs = (*declared(), *(spec for spec, _ in made.values()))
        baton = await stack.enter_async_context(
            serving(environment, folder, {"fallback": True, "retries": 2, **settings}, specs)
        )
        await seed(baton.app.edited.models, map(_row, made))
        kinds = {_kind(dialect, where) for dialect in _LIKE for where in (None, "refused", "tls", "dns")}
        with young():  # looking through all those providers takes longer than a limit of time allows
            yield House(baton, simulation, {kind: iter(count()) for kind in kinds})


@dataclass
class Cell:
    """One fault, at one place, for one caller."""

    name: str
    fault: Fault
    caller: Dialect
    failing: str
    """The route whose fault it is."""
    routes: tuple[str, ...]
    """In the order in which they may be asked."""
    stream: bool
    broken: bool = False
    """Whether a route before it has broken off in mid-answer, so that it is asked to rescue."""
    problems: list[str] = field(default_factory=list[str])
    took_s: float = 0.0
    reply: Reply | None = None

    def check(self, holds: object, what: object) -> None:
        """Note a problem unless it holds."""
        if not holds:
            self.problems.append(str(what)[:300])


async def judge(house: House, cell: Cell) -> Cell:
    """Run a cell, and note everything that is not as it should be."""
    first, *others = cell.routes
    headers = [f"x-baton-fallback: {','.join(others)}", *cell.fault.headers]
    if cell.fault.hangs and not cell.stream:
        headers.append(f"x-baton-timeout: {HANGING_S * len(others)}")
    began = perf_counter()
    try:
        reply = await house.ask(SPEECHES[cell.caller.value], first, *headers, stream=cell.stream)
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
        cell.check(False, f"no answer: {error!r}")
        return cell
    cell.took_s = perf_counter() - began
    cell.reply = reply
    if reply.status != 200:
        cell.check(False, f"status {reply.status}: {reply.body[:300]!r}")
        return cell
    _judge_answer(cell, heard_in(cell.caller, reply))
    await _judge_books(house, cell, reply)
    return cell


def _judge_answer(cell: Cell, heard: Heard) -> None:
    """What the caller has, in its own dialect."""
    cell.check(heard.text == TEXT, f"text {heard.text!r}")
    cell.check(heard.finishes == [FINE[cell.caller]], f"finishes {heard.finishes}")
    cell.check(heard.ends == 1, f"{heard.ends} terminal events")
    cell.check(heard.last, "words behind the terminal event")
    cell.check(not heard.errors, f"errors {heard.errors}")
    cell.check(heard.completion == WORDS, f"usage says {heard.completion} of {WORDS} tokens")
    cell.check(heard.prompt, "no prompt tokens")
    cell.check(len(heard.ids) == 1, f"ids {heard.ids}")


async def _judge_books(house: House, cell: Cell, reply: Reply) -> None:
    """What the ledger has, beside what the providers have counted."""
    # A kept connection that dies at once is taken for a stale one, and the call made again on another.
    calls = [call for call in house.calls(*cell.routes) if call.fault != "reset"]
    row, attempts = await house.attempts(reply)
    by_route = dict.fromkeys(cell.routes, 0)
    for attempt in attempts:
        by_route[f"{attempt.provider}/{attempt.model}"] += 1
    failing = by_route[cell.failing]
    cell.check(failing in cell.fault.asked, f"{failing} attempts on it, not {cell.fault.asked}")
    reached = [attempt.model for attempt in _reaching(cell, attempts)]
    cell.check(
        reached == [call.model for call in calls],
        f"attempts {reached}, calls {[call.model for call in calls]}",
    )
    serving = f"{row.provider}/{row.model}"
    if cell.fault.recovers is not None:
        wanted = cell.failing if cell.fault.recovers else cell.routes[cell.routes.index(cell.failing) + 1]
        cell.check(serving == wanted, f"served by {serving}, not by {wanted}")
    if serving == cell.failing and failing > 1:
        cell.check(cell.took_s >= cell.fault.waits_s, f"came back after {cell.took_s:.3f} s")
    cell.check(row.status == "ok", f"row says {row.status}")
    cell.check(attempts[-1].status == "ok", f"last attempt {attempts[-1].status}")
    if not cell.broken and not cell.name.endswith(("after 1", "after 7")):
        cell.check(reply.headers.get("x-baton-attempts") == str(len(attempts)), "x-baton-attempts")
        told = f"{reply.headers.get('x-baton-provider')}/{reply.headers.get('x-baton-model')}"
        cell.check(serving.partition("/")[2] in told, f"headers name {told}, row {serving}")
    _judge_money(cell, row, attempts, calls)


def _reaching(cell: Cell, attempts: Sequence[AttemptRow]) -> list[AttemptRow]:
    """Those that a provider has counted: not where nobody was reached, nor torn down before a word."""
    if cell.fault.nowhere is None and "reset" not in cell.fault.settings:
        return list(attempts)
    failing = cell.failing.partition("/")[2]
    return [attempt for attempt in attempts if attempt.model != failing or attempt.status == "ok"]


def _judge_money(cell: Cell, row: Any, attempts: Sequence[AttemptRow], calls: list[Call]) -> None:
    """To the nano where the provider has told its count; else as near as a guess can be."""
    spent = sum(attempt.cost_nanos or 0 for attempt in attempts)
    cell.check(row.cost_nanos == spent, f"row costs {row.cost_nanos}, its attempts {spent}")
    for attempt, call in zip(_reaching(cell, attempts), calls, strict=False):
        least = most = call.cost_nanos
        if attempt.usage_estimated:
            # A framing of a few tokens that only the provider sees, and a token more or less of what it said.
            least, most = least - _GUESS_NANOS, most + _GUESS_NANOS
        if attempt.status != "ok" and not _is_countable(cell, call):
            least -= call.tokens_sent * OUT_USD * 1000
        if call.fault == "error" and not call.tokens_sent:  # some have told the prompt's tokens by then
            most = max(most, call.prompt_tokens * IN_USD * 1000)
        charged = attempt.cost_nanos or 0
        cell.check(
            least <= charged <= most,
            f"{attempt.model} ({attempt.status}) costs {charged}, its provider says {call.cost_nanos} "
            f"for {call.billed.prompt} and {call.billed.completion} tokens",
        )


def _is_countable(cell: Cell, call: Call) -> bool:
    """Whether what a failed call has said was heard and can be counted: not in half a JSON, nor behind it."""
    return cell.stream and call.fault != "malformed"
