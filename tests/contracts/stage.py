"""What stands around each recorded exchange: a Baton whose provider is the replaying one.

A provider that speaks several dialects is set to be asked in the recorded one only, so that callers of all
the others are answered from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from baton.core.dialect import Dialect
from baton.core.provider import ProviderSpec
from baton.upstream.directory import declared
from tests.conftest import serving
from tests.contracts.callers import DIALECTS
from tests.contracts.contract import PROVIDER_KEY, REFUSED_BEFOREHAND, Contract, contract
from tests.contracts.cutting import cut_problems, retold_problems
from tests.contracts.recordings import by_base, recorded, recordings_of
from tests.contracts.refused import error_inside
from tests.contracts.replay import replaying
from tests.contracts.verdict import Aspect, Verdict

PAIRS: tuple[tuple[str, Dialect], ...] = tuple(
    (spec.name, dialect)
    for dialect in DIALECTS
    for spec in declared()
    if dialect in {spec.dialect, *spec.also} and recordings_of(spec.name, dialect)
)
"""Providers that Baton declares, and the dialects they speak, where there is a recording of the two."""


@dataclass(frozen=True)
class Target:
    """Where requests of other dialects are sent."""

    name: str
    """A provider's, as this stage declares it."""
    like: str
    """The declared provider that it resembles."""
    base: str
    model: str
    """As a caller of Baton names it."""


TARGETS = {
    Dialect.OPENAI: Target("tocompletions", "openai", "/v1", "tocompletions/gpt-5.1"),
    Dialect.OPENAI_RESPONSES: Target("toresponses", "openai", "/v1", "toresponses/gpt-5.1"),
    Dialect.ANTHROPIC: Target("tomessages", "anthropic", "", "tomessages/claude-sonnet-4-5"),
    Dialect.GOOGLE: Target("togenerations", "google", "/v1beta", "togenerations/gemini-2.5-flash"),
}


def specs() -> tuple[ProviderSpec, ...]:
    """All declarations, and the targets."""
    shipped = {spec.name: spec for spec in declared()}
    aims = [
        replace(
            shipped[target.like],
            name=target.name,
            dialect=speaks,
            also=frozenset(),
            capabilities=shipped[target.like].capabilities | {"vision", "audio"},
        )
        for speaks, target in TARGETS.items()
        if target.like in shipped
    ]
    return (*shipped.values(), *aims)


def environment(provider: str, dialect: Dialect, replay_url: str, base: str) -> dict[str, str]:
    """Of a Baton whose `provider` and targets are the replaying one: what failed, and what was answered, is
    asked for each time."""
    settings = {"BATON_RETRIES": "0", "BATON_ENABLE_CACHE": "false"}
    settings[f"{provider.upper()}_DIALECT"] = dialect.value
    for name, path in [(provider, base), *((target.name, target.base) for target in TARGETS.values())]:
        settings[f"{name.upper()}_BASE_URL"] = replay_url + path
        settings[f"{name.upper()}_API_KEY"] = PROVIDER_KEY
    return settings


async def judge(
    provider: str, dialect: Dialect, folder: Path, callers: Sequence[Dialect] = DIALECTS
) -> list[Verdict]:
    """Every chat of a provider in a dialect, handed on to callers of these dialects."""
    verdicts: list[Verdict] = []
    known = specs()
    async with replaying() as replay:
        for number, (base, exchanges) in enumerate(by_base(provider, recorded(provider, dialect)).items()):
            settings = environment(provider, dialect, replay.url, base)
            async with (
                serving(settings, folder / f"{provider}-{dialect}-{number}", {}, known) as baton,
                contract(baton, replay) as between,
            ):
                for exchange in exchanges:
                    verdict = await between.judge(exchange) if dialect in callers else Verdict(exchange)
                    verdicts.append(verdict)
                    if exchange.id not in REFUSED_BEFOREHAND:
                        await _judge_abroad(between, verdict, callers)
    for verdict in verdicts:
        _judge_inside(verdict, next(spec for spec in known if spec.name == provider), callers)
    return verdicts


async def _judge_abroad(between: Contract, verdict: Verdict, callers: Sequence[Dialect]) -> None:
    """The answer to callers of other dialects, the request to providers of them."""
    for caller in callers:
        if caller is not verdict.dialect:
            await between.judge_abroad(verdict, caller)
            if verdict.exchange.status == 200:
                await between.judge_request_abroad(verdict, caller, TARGETS[caller].model)


def _judge_inside(verdict: Verdict, spec: ProviderSpec, callers: Sequence[Dialect]) -> None:
    """What sockets have no time for."""
    exchange = verdict.exchange
    for caller in callers:
        if exchange.status != 200:
            continue
        if exchange.streamed and error_inside(exchange) is None:
            verdict.note(Aspect.STREAMED, cut_problems(exchange, spec, caller), caller)
        elif not exchange.streamed:
            verdict.note(Aspect.RETOLD, retold_problems(exchange, spec, caller), caller)
