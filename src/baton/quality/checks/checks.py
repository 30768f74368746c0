"""All checks of an output that need no model."""

from collections.abc import Iterator

from msgspec import Struct

from baton.quality.checks.emptiness import emptiness
from baton.quality.checks.language import wrong_language
from baton.quality.checks.placeholders import Placeholders, packaged_placeholders, placeholder
from baton.quality.checks.prose import prose_of
from baton.quality.checks.refusals import Refusals, packaged_refusals, refused
from baton.quality.checks.shape import too_long, untrue
from baton.quality.checks.steering import Steering, packaged_steering, steers
from baton.quality.checks.tongues import Tongues, packaged_tongues
from baton.quality.checks.truncation import truncated
from baton.quality.objection import Objection
from baton.quality.output import Output
from baton.quality.task import Task


class Checks(Struct, frozen=True):
    """Pure, and quick: no model, no network, nothing kept."""

    tongues: Tongues
    refusals: Refusals
    placeholders: Placeholders
    steering: Steering

    def objections(self, task: Task, output: Output) -> tuple[Objection, ...]:
        """What speaks against an output, at most one of each kind; of an empty one, only that."""
        nothing = emptiness(output)
        return (nothing,) if nothing is not None else tuple(self._found(task, output))

    def _found(self, task: Task, output: Output) -> Iterator[Objection]:
        prose = prose_of(output.text).text
        # A short text is in the language of its question, as far as both together tell.
        language = self.tongues.of(prose) or self.tongues.of(f"{task.asked}\n{prose}")
        looked = (
            refused(task, output, self.refusals),
            untrue(task, output),
            truncated(task, output, self.tongues, language),
            too_long(task, output),
            wrong_language(task, output, self.tongues),
            placeholder(task, output, self.placeholders, language),
            steers(task, output, self.steering),
        )
        return (objection for objection in looked if objection is not None)


def packaged_checks() -> Checks:
    """With the words that are shipped; reads four files, so call it once."""
    return Checks(packaged_tongues(), packaged_refusals(), packaged_placeholders(), packaged_steering())
