"""Into which arm a user is drawn: by a hash, at once, and the same each time."""

from bisect import bisect_right
from collections.abc import Iterable
from hashlib import blake2b

from msgspec import Struct
from msgspec.structs import replace

from baton.core.caller import Caller
from baton.core.request import Options
from baton.gateway.experiments.allotment import PLACES
from baton.gateway.experiments.experiment import Arm, Experiment, Status
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.rules.use_cases import Aim
from baton.gateway.routing.terms import Override, Source, Trial

_HASH_BYTES = 8
"""2**64 over 10 000 places: no place is likelier than another by more than 10**-15."""


class _Drawn(Struct, frozen=True):
    """A running experiment, as requests see it."""

    key: bytes
    use_cases: frozenset[str]
    tiers: frozenset[str]
    agents: frozenset[str]
    prompts: frozenset[str]
    edges: tuple[int, ...]
    """First places of stretches, ascending, the first of them 0."""
    trials: tuple[Trial | None, ...]
    """Of each stretch."""

    def is_about(self, ask: Ask) -> bool:
        """Whether a request is in its scope."""
        return (
            (not self.use_cases or ask.use_case in self.use_cases)
            and (not self.tiers or ask.tier in self.tiers)
            and (not self.agents or ask.agent in self.agents)
            and (not self.prompts or ask.prompt_tried in self.prompts)
        )

    def trial_of(self, user_id: str) -> Trial | None:
        """A user's part in it."""
        digest = blake2b(user_id.encode(), digest_size=_HASH_BYTES, key=self.key).digest()
        place = int.from_bytes(digest, "big") % PLACES
        return self.trials[bisect_right(self.edges, place) - 1]


class Draws:
    """Looks up who takes part in what: pure, but for the experiments in force."""

    def __init__(self, secret: bytes) -> None:
        """`secret`: at most 64 bytes; nobody without it knows who will be in which arm."""
        self._secret = secret
        self._running: tuple[_Drawn, ...] = ()
        self._prompts: frozenset[str] = frozenset()
        """Whose versions are tried."""

    def follow(self, experiments: Iterable[Experiment]) -> None:
        """Take over what runs, in this order."""
        self._running = tuple(self._drawn(each) for each in experiments if each.status is Status.RUNNING)
        self._prompts = frozenset[str]().union(*(each.prompts for each in self._running))

    def trial_of(self, user_id: str, ask: Ask) -> Trial | None:
        """The first experiment about this request in one of whose arms the user is; None: there is none.

        Experiments have hashes of their own, so being in an arm of one says nothing of the arm in another.
        """
        for each in self._running:
            if each.is_about(ask) and user_id:
                trial = each.trial_of(user_id)
                if trial is not None:
                    return trial
        return None

    def version_of(self, caller: Caller, options: Options, prompt: str) -> str | None:
        """The version of a prompt, `name@version`, that is tried on a caller's request which leaves that to
        Baton; None: the one in production."""
        if prompt not in self._prompts:
            return None
        ask = Ask(tier=caller.tier, use_case=options.use_case, agent=options.agent, prompt_tried=prompt)
        trial = self.trial_of(caller.user_id, ask)
        return None if trial is None else trial.prompt

    def _drawn(self, experiment: Experiment) -> _Drawn:
        scope = experiment.scope
        stretches = _stretches(experiment)
        own = b"\0".join(part.encode() for part in (experiment.name, experiment.salt))
        return _Drawn(
            key=blake2b(own, key=self._secret).digest(),
            use_cases=frozenset(scope.use_cases),
            tiers=frozenset(scope.tiers),
            agents=frozenset(scope.agents),
            prompts=frozenset(scope.prompts),
            edges=tuple(stretches),
            trials=tuple(stretches.values()),
        )


def _stretches(experiment: Experiment) -> dict[int, Trial | None]:
    """What each place means, by the first place of those that mean the same, ascending."""
    phase = experiment.phase
    found: dict[int, Trial | None] = {0: None}
    held = [(range_, arm) for arm in experiment.arms if arm.stopped is None for range_ in arm.ranges]
    for (start, end), arm in sorted(held, key=lambda each: each[0]):
        found[start] = _trial(experiment, phase, arm)
        found[end] = None  # unless the next begins there
    return found


def _trial(experiment: Experiment, phase: str, arm: Arm) -> Trial:
    trial = Trial(
        experiment=experiment.name,
        arm=arm.name,
        phase=phase,
        prompt=arm.prompt,
        of_prompts=bool(experiment.scope.prompts),
    )
    if not arm.models and arm.rule is None:
        return trial
    rule = arm.rule
    override = Override(
        source=Source.EXPERIMENT,
        whose=trial.whose[0].upper() + trial.whose[1:],
        table=arm.models if rule is None else (*rule.preferred, *rule.fallbacks),
        aim=Aim.BALANCED if rule is None else rule.aim,
        in_place=rule is not None,
    )
    return replace(trial, override=override)
