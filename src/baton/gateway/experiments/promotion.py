"""What was tried becomes usual: models or a rule for use cases, a version of a prompt in production."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from baton.core.errors import Conflict, Invalid
from baton.gateway.experiments.conduct import stopped
from baton.gateway.experiments.experiment import Arm, Experiment
from baton.gateway.routing.rules.use_cases import MOST_LISTED, UseCaseRule
from baton.prompts.prompt import PRODUCTION, Prompt, split
from baton.records.audit.entry import Actor
from baton.records.kind import Record
from baton.records.store import Records


class Promoted(Struct, frozen=True, kw_only=True):
    """What became of it."""

    experiment: Record[Experiment]
    rules: tuple[Record[UseCaseRule], ...] = ()
    prompts: tuple[Record[Prompt], ...] = ()
    """Each can be undone, and so can the experiment."""


class Promotion:
    """Writes rules, moves labels, and stops experiments."""

    def __init__(
        self, experiments: Records[Experiment], rules: Records[UseCaseRule], prompts: Records[Prompt]
    ) -> None:
        self._experiments = experiments
        self._rules = rules
        self._prompts = prompts

    async def promote(
        self, name: str, arm: str, use_cases: Sequence[str], actor: Actor, expected: int
    ) -> Promoted:
        """Have an arm serve everybody. `use_cases`: for which; none: those of its scope.

        The rules are written first, all or none of them: where the experiment has changed in that moment it
        goes on, and this can be done again.

        Raises:
            Invalid: no use case is meant, or the arm goes the usual way.
            Conflict: another revision of the experiment is current.
            NotFound: there is no such experiment.
        """
        record = self._experiments.get(name)
        if record.revision != expected:
            raise Conflict(
                f"'{name}' is at revision {record.revision}, not {expected}.", code="revision_conflict"
            )
        chosen = record.value.arm(arm)
        if record.value.scope.prompts:
            return await self._put_in_production(record.value, chosen, actor, expected)
        wanted = tuple(use_cases) or record.value.scope.use_cases
        if not wanted:
            raise Invalid("The experiment is about every use case; say which get the rule.", param="useCases")
        rules = [self._rule(chosen, use_case) for use_case in wanted]
        await self._rules.import_all(rules, actor)
        ended = await self._experiments.put(stopped(record.value), actor, expected)
        return Promoted(experiment=ended, rules=tuple(self._rules.get(each.use_case) for each in rules))

    async def _put_in_production(
        self, experiment: Experiment, arm: Arm, actor: Actor, expected: int
    ) -> Promoted:
        if arm.prompt is None:
            raise Invalid(f"The arm {arm.name} goes the usual way already.", param="arm")
        name, version = split(arm.prompt)
        before = self._prompts.get(name)
        after = replace(before.value, labels=before.value.labels | {PRODUCTION: int(version)})
        moved = await self._prompts.put(after, actor, before.revision)
        ended = await self._experiments.put(stopped(experiment), actor, expected)
        return Promoted(experiment=ended, prompts=(moved,))

    def _rule(self, arm: Arm, use_case: str) -> UseCaseRule:
        """What the arm does, as a rule."""
        if arm.rule is not None:
            rule = arm.rule
            return UseCaseRule(
                use_case=use_case, preferred=rule.preferred, fallbacks=rule.fallbacks, aim=rule.aim
            )
        if not arm.models:
            raise Invalid(f"The arm {arm.name} goes the usual way already.", param="arm")
        record = self._rules.snapshot.get(use_case)
        if record is None or not record.value.is_enabled:
            return UseCaseRule(use_case=use_case, preferred=arm.models)
        before = record.value
        behind = tuple(each for each in before.listed if each not in arm.models)
        return UseCaseRule(
            use_case=use_case,
            preferred=arm.models,
            fallbacks=behind[:MOST_LISTED],
            aim=before.aim,
            description=before.description,
        )
