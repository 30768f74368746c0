"""A hundred thousand interactions decided again, twice each, while the loop has others to serve."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from sqlalchemy import insert

from baton.app import App, open_app
from baton.cli.main import COLLECT_AFTER
from baton.core.caller import Caller
from baton.core.ids import UuidV7
from baton.core.task import TaskType
from baton.gateway.routing.decision import AUTO, Ask
from baton.gateway.routing.noted import Notes
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.ledger.past import Period
from baton.ledger.tables import INTERACTIONS
from baton.settings import load
from baton.upstream.directory import declared
from baton.watch.backtest.backtests import MOST_ROWS, Wish
from baton.watch.backtest.proposal import Proposal
from baton.watch.backtest.report import Report
from benchmarks.figures import figure
from benchmarks.measuring import BATON, FULL, Run
from benchmarks.systems.recorder import Lateness

# docs/backtest.md says where they come from.
SECONDS = 60.0
LATE_MS = 50.0

_PART = "backtest"
_ASKS = 2000
"""Different ones; each is asked many times over."""

_USERS = 500
_AT_ONCE = 500
_USE_CASES = ("chat", "analysis", "greeting", "simple_completion", None)
_PROVIDERS = ("OPENAI", "ANTHROPIC", "GOOGLE", "XAI", "DEEPSEEK")


def backtest(run: Run) -> None:
    """One over the most rows that are looked at; nobody is asked for real."""
    if BATON in run.systems:
        uvloop.run(_measure(run, MOST_ROWS if run.effort is FULL else MOST_ROWS // 10))


async def _measure(run: Run, rows: int) -> None:
    environment = {f"{name}_API_KEY": "no-key-of-anybody" for name in _PROVIDERS}
    folder = run.stage.folder("backtest")
    settings = load(environment, declared(), overrides={"data_dir": folder, "probe_every": 0})
    async with open_app(settings) as app:
        run.console.print(f"  {_PART}: writing {rows} rows", style="dim")
        period = await _fill(app, rows)
        rules = (
            UseCaseRule(use_case="chat", preferred=("openai/gpt-4o-mini",)),
            UseCaseRule(use_case="analysis", preferred=("anthropic/claude-3-5-haiku-20241022",)),
        )
        run.console.print(f"  {_PART}: decided again", style="dim")
        # As `baton serve` has it.
        gc.set_threshold(COLLECT_AFTER)
        gc.collect()
        gc.freeze()
        busy, idle = Lateness(), Lateness()
        async with _watched(busy):
            began_s = time.perf_counter()
            report = await app.backtests.hold(Wish(proposal=Proposal(rules=rules), period=period))
            took_s = time.perf_counter() - began_s
        async with _watched(idle):
            await asyncio.sleep(took_s)
    _show(run, report, took_s, busy, idle)


@asynccontextmanager
async def _watched(lateness: Lateness) -> AsyncGenerator[None]:
    watch = asyncio.create_task(lateness.run())
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def _show(run: Run, report: Report, took_s: float, busy: Lateness, idle: Lateness) -> None:
    note = f"{report.control.replayed} decided again, {report.moved} moved"
    what = f"{report.coverage.examined} interactions"
    run.figures.append(figure(_PART, what, BATON, "s", [took_s], at_most=SECONDS, note=note))
    for what, share, most in (("at most", 1.0, LATE_MS), ("99 of 100", 0.99, None)):
        late, usual = busy.ms(share), idle.ms(share)
        note = f"late {late:.1f} ms, with nothing to do {usual:.1f} ms"
        beyond = [max(0.0, late - usual)]
        told = f"the loop late beyond idle, {what}"
        run.figures.append(figure(_PART, told, BATON, "ms", beyond, at_most=most, note=note))


async def _fill(app: App, rows: int) -> Period:
    made = list(_rows(app, rows))
    for start in range(0, rows, _AT_ONCE):
        async with app.store.database.write() as connection:
            await connection.execute(insert(INTERACTIONS), made[start : start + _AT_ONCE])
    return Period(since_ms=made[0]["at_ms"], until_ms=made[-1]["at_ms"] + 1)


def _rows(app: App, count: int) -> Iterator[dict[str, Any]]:
    """As the gateway leaves them: most decided by the router, one of five named by its caller."""
    rng = random.Random(1)
    new_id = UuidV7()
    asked = [_asked(app, rng) for _ in range(_ASKS)]
    for _ in range(count):
        ask, model, routing = rng.choice(asked)
        named = rng.random() < 0.2
        prompt, completion = rng.randint(50, 4000), rng.randint(10, 1500)
        provider, _, name = (rng.choice(asked)[1] if named else model).partition("/")
        id = new_id()
        zeros = dict.fromkeys(_COUNTS, 0)
        yield {
            **zeros,
            "id": id,
            "at_ms": int(id[:8] + id[9:13], 16),
            "tenant": "default",
            "user_id": f"user-{rng.randrange(_USERS)}",
            "key_id": "key",
            "tier": "master",
            "use_case": ask.use_case,
            "route": "/v1/chat/completions",
            "dialect": "openai",
            "requested_model": f"{provider}/{name}" if named else AUTO,
            "stream": False,
            "estimated_prompt_tokens": prompt,
            "status": "ok",
            "http_status": 200,
            "provider": provider,
            "model": name,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "usage_estimated": False,
            "cost_nanos": prompt * 500 + completion * 1500,
            "unpriced": False,
            "latency_ms": rng.randint(200, 9000),
            "attempts": 1,
            "fell_back": False,
            "type": "chat",
            "pricing": "priced",
            "task_type": None if ask.task is None else ask.task.value,
            "complexity": ask.complexity,
            "routing": None if named else routing,
        }


def _asked(app: App, rng: random.Random) -> tuple[Ask, str, str | None]:
    ask = Ask(
        tier="master",
        needs=frozenset({"text"}),
        input_tokens=rng.randint(50, 4000),
        use_case=rng.choice(_USE_CASES),
        task=rng.choice(list(TaskType)),
        complexity=round(rng.random(), 3),
    )
    caller = Caller(user_id="nobody", key_id="key", tier="master", roles=frozenset())
    decision = app.router.decide_as(caller, AUTO, ask)
    return ask, decision.chosen.offer.id, Notes().of(decision)


_COUNTS = (
    *("cached_tokens", "cache_write_tokens", "cache_write_long_tokens", "reasoning_tokens"),
    *("audio_in_tokens", "audio_out_tokens", "image_in_tokens", "image_out_tokens"),
    *("cost_input_nanos", "cost_output_nanos", "generated_chars", "retries", "saved_nanos", "saved_ms"),
)
