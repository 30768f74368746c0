"""Which of a provider's models is meant by a class of work; edited at run time, as models are."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from baton.catalog.model import ModelName, ProviderName
from baton.core.provider import ModelClasses, ProviderSpec
from baton.records.kind import RecordKind


class ProviderClasses(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The names of one provider's models, without the provider's."""

    provider: ProviderName
    default: ModelName
    cheap: ModelName
    premium: ModelName


def classes_kind() -> RecordKind[ProviderClasses]:
    """The kind `model_classes`; its key is the provider's name."""
    return RecordKind(name="model_classes", type=ProviderClasses, key=lambda classes: classes.provider)


def declared_classes(specs: Iterable[ProviderSpec]) -> list[ProviderClasses]:
    """What the providers' declarations say, to begin with."""
    return [
        ProviderClasses(
            provider=spec.name,
            default=spec.classes.default,
            cheap=spec.classes.cheap,
            premium=spec.classes.premium,
        )
        for spec in specs
        if spec.classes is not None
    ]


def with_classes(specs: Iterable[ProviderSpec], rows: Iterable[ProviderClasses]) -> tuple[ProviderSpec, ...]:
    """The declarations with the classes of the rows; a provider without a row has none."""
    stored = {
        row.provider: ModelClasses(default=row.default, cheap=row.cheap, premium=row.premium) for row in rows
    }
    return tuple(replace(spec, classes=stored.get(spec.name)) for spec in specs)
