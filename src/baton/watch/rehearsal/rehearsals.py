"""Rehearsing an outage: the same requests twice over, with it and without, while Baton serves on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from structlog.contextvars import bound_contextvars

from baton.core.caller import Caller
from baton.core.errors import Conflict, Invalid, Refused
from baton.core.failures import RULES
from baton.core.ids import UuidV7
from baton.gateway.routing.decision import AUTO
from baton.watch.rehearsal.asking import Asking, Outcome
from baton.watch.rehearsal.leaping import Apart, LeapingClock
from baton.watch.rehearsal.report import Line, Report, lines_of, verdict_of
from baton.watch.rehearsal.scenario import Question, Scenario
from baton.watch.rehearsal.stage import Configuration, Stage

MOST_S = 60.0
"""How long one may take, in real time."""

MOST_MODELS = 8
"""That are asked besides `auto` where nobody says which."""

_KEPT = {kind.value for kind, rule in RULES.items() if not rule.falls_back}
"""Failures after which no other model is asked."""

Named = Callable[[int], Awaitable[Sequence[str]]]
"""What callers have named most in the last days, so many at most."""


class Wish(Struct, frozen=True, kw_only=True):
    """An outage as somebody asks for it."""

    down: tuple[str, ...]
    """Providers, by name or alias."""
    fault: str
    lasts_s: float
    models: tuple[str, ...]
    """Empty: `auto` and those that are asked for of late."""
    requests: int
    stream: bool | None
    """None: whole and streamed."""


class Rehearsals:
    """Holds them, one at a time."""

    def __init__(self, configuration: Configuration, named: Named) -> None:
        self._configuration = configuration
        self._catalog = configuration.catalog
        self._directory = configuration.directory
        self._named = named
        self.under_way = False
        """Whether one is being held."""

    async def hold(self, caller: Caller, wish: Wish) -> Report:
        """Rehearse an outage as `caller` would live through it; cancelled, it ends at once.

        Raises:
            Conflict: another one is under way.
            Invalid: it makes no sense, or takes too long.
            NotFound: there is no such provider or model.
        """
        if self.under_way:
            raise Conflict("Another rehearsal is under way; hold yours once it has ended.")
        self.under_way = True
        try:
            scenario = await self._scenario(wish)
            async with asyncio.timeout(MOST_S):
                usual, outage = await self._play(scenario, caller)
        except TimeoutError:
            raise Invalid(
                f"It took longer than {MOST_S:.0f} s; ask fewer models, or fewer requests of each.",
                code="rehearsal_too_long",
            ) from None
        finally:
            self.under_way = False
        lines = lines_of(scenario, usual, outage)
        return Report(
            scenario=scenario,
            lines=lines,
            verdict=verdict_of(scenario, lines),
            advice=self._advice(scenario, lines),
        )

    async def _play(self, scenario: Scenario, caller: Caller) -> tuple[list[Outcome], list[Outcome]]:
        """Without the outage, then with it."""
        configuration = self._configuration

        async def work(clock: LeapingClock) -> tuple[list[Outcome], list[Outcome]]:
            with bound_contextvars(rehearsal=True):  # its breakers' warnings are not about anybody's provider
                return (
                    await _side(configuration, scenario, caller, clock, fails=False),
                    await _side(configuration, scenario, caller, clock, fails=True),
                )

        return await Apart().run(work)

    async def _scenario(self, wish: Wish) -> Scenario:
        ways = (False, True) if wish.stream is None else (wish.stream,)
        models = self._asked_for(wish.models) if wish.models else await self._usual_models()
        scenario = Scenario(
            down=tuple(dict.fromkeys(self._provider(word) for word in wish.down)),
            fault=wish.fault,
            lasts_s=wish.lasts_s,
            questions=tuple(Question(model, stream) for model in models for stream in ways),
            requests=wish.requests,
        )
        scenario.check()
        return scenario

    def _provider(self, word: str) -> str:
        """The configured provider that a word means."""
        spec = self._catalog.current().provider(word)
        if spec is None:
            raise Invalid(f"There is no provider '{word[:80]}'.", param="down")
        missing = self._directory[spec.name].missing
        if missing is not None:
            raise Invalid(
                f"{spec.name} is not configured, so nobody would miss it; {missing} would change that.",
                param="down",
            )
        return spec.name

    def _asked_for(self, models: tuple[str, ...]) -> tuple[str, ...]:
        """The same, each once; raises where one means nothing."""
        catalog = self._catalog.current()
        for name in models:
            if name != AUTO:
                catalog.resolve(name)
        return tuple(dict.fromkeys(models))

    async def _usual_models(self) -> tuple[str, ...]:
        """`auto`, and the models that callers name, or else each provider's usual one."""
        known = [name for name in await self._named(MOST_MODELS) if name != AUTO and self._serves(name)]
        if not known:
            known = [name for name in sorted(self._directory.configured) if self._serves(name)]
        return (AUTO, *known[:MOST_MODELS])

    def _serves(self, name: str) -> bool:
        """Whether a name means a model to chat with at a provider that is configured."""
        try:
            model = self._catalog.current().resolve(name).model
        except Refused:
            return False
        return model.provider in self._directory.configured and "text" in model.capabilities

    def _advice(self, scenario: Scenario, lines: Sequence[Line]) -> tuple[str, ...]:
        """What would have helped those that failed because of the outage."""
        if all(line.outage.served >= line.usual.served for line in lines):
            return ()
        policy = self._configuration.policy
        if not policy.fallback:
            return ("BATON_FALLBACK is off: switched on, other models are asked where one fails.",)
        others = self._directory.configured - policy.stand_ins - set(scenario.down)
        if not others:
            missing = [
                each.missing
                for each in self._directory
                if each.missing is not None and each.spec.classes is not None
            ]
            return (f"Nobody else is configured. Set the key of another provider: {', '.join(missing)}.",)
        kept = sorted({each.example.kind for line in lines for each in line.failures} & _KEPT)
        if kept:
            return (
                f"After {' and '.join(kept)} nobody else is asked, for the request itself is at fault; "
                "`x-baton-fallback-on: filter` has another model asked whose filter may think otherwise.",
            )
        return (
            f"{', '.join(sorted(others))} could be asked, but did not serve all of these: see what each "
            "failure says, and which models the caller's tier leaves.",
        )


async def _side(
    configuration: Configuration,
    scenario: Scenario,
    caller: Caller,
    clock: LeapingClock,
    *,
    fails: bool,
) -> list[Outcome]:
    """The whole schedule on a stage of its own."""
    async with Stage(configuration, clock) as stage:
        if fails:
            for provider in scenario.down:
                stage.behave(provider, scenario.fault)
        async with asyncio.TaskGroup() as group:
            recovery = group.create_task(_recover(stage, scenario))
            outcomes = await Asking(stage, caller, clock, UuidV7()).all(scenario.schedule())
            recovery.cancel()
        return outcomes


async def _recover(stage: Stage, scenario: Scenario) -> None:
    """The outage ends."""
    await asyncio.sleep(scenario.lasts_s)
    for provider in scenario.down:
        stage.behave(provider)
