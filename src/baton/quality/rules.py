"""How much of the ordinary traffic is judged, and by whom; edited at run time, as models are."""

from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.model import Fraction, Word
from baton.core.errors import Invalid
from baton.gateway.routing.decision import AUTO
from baton.records.kind import RecordKind

DEFAULT = "default"
"""The rule of all use cases that have none of their own, and of requests that name none."""

JUDGING = "quality"
"""The use case that judges' own calls are counted under."""


class QualityRule(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of a use case's answers once they were given."""

    use_case: Word = DEFAULT
    share: Fraction = 0.0
    """Of its answers, those that are judged; 0: none."""
    judge: Annotated[str, Meta(min_length=1, max_length=255)] = AUTO
    """`provider/name` of who judges them; `auto`: one of the cheap ones."""


USUAL = QualityRule()
"""Where nobody says otherwise: nothing is judged."""


def quality_rules_kind() -> RecordKind[QualityRule]:
    """The kind `quality_rules`; its key is the use case, or `default`."""
    return RecordKind(name="quality_rules", type=QualityRule, key=lambda rule: rule.use_case, check=_check)


def _check(rule: QualityRule) -> None:
    if rule.use_case == JUDGING:
        raise Invalid("What judges say is not judged.", param="useCase")
