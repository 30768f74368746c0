"""Models as records: edited by admins at run time, audited, undoable."""

from baton.catalog.model import Model
from baton.catalog.tiers import Tiers
from baton.core.errors import Invalid
from baton.records.kind import RecordKind


def model_kind(tiers: Tiers) -> RecordKind[Model]:
    """The kind `model`; its key is `provider/name`.

    Rows are seeded by whoever opens the records, `seed(records, [*packaged_models(tiers), *more])`: the
    simulated provider's models, or a test's, are simply more of them.
    """

    def check(model: Model) -> None:
        strangers = sorted(model.tier_access - set(tiers.names))
        if strangers:
            raise Invalid(
                f"There is no tier {strangers[0]!r}. There are: {', '.join(tiers.names)}.", param="tierAccess"
            )

    return RecordKind(name="model", type=Model, key=lambda model: model.id, check=check)
