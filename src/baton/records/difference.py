"""What putting many values at once would do, found before anything is done."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

from baton.core.errors import Invalid
from baton.records.kind import Origin, RecordKind
from baton.records.rows import RecordRow

T = TypeVar("T", bound=Struct)


class Effect(StrEnum):
    """What happens to one key."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """Differs, but an admin's word stands against a seed."""


class Difference(Struct, Generic[T], frozen=True, kw_only=True):
    """One value beside what is stored; `before` None: nothing live, or nothing that can be read."""

    key: str
    effect: Effect
    before: T | None
    after: T


class Diff(Struct, Generic[T], frozen=True):
    """Many values beside what is stored, in the order they came."""

    differences: tuple[Difference[T], ...]

    @property
    def created(self) -> tuple[str, ...]:
        """Keys that were not there."""
        return self._keys(Effect.CREATED)

    @property
    def changed(self) -> tuple[str, ...]:
        """Keys with another value."""
        return self._keys(Effect.CHANGED)

    @property
    def unchanged(self) -> tuple[str, ...]:
        """Keys with the same value."""
        return self._keys(Effect.UNCHANGED)

    @property
    def kept(self) -> tuple[str, ...]:
        """Keys that a seed leaves as the admin wants them, deleted ones included."""
        return self._keys(Effect.KEPT)

    @property
    def effective(self) -> tuple[Difference[T], ...]:
        """Those that something has to be written for."""
        return tuple(each for each in self.differences if each.effect in (Effect.CREATED, Effect.CHANGED))

    def _keys(self, effect: Effect) -> tuple[str, ...]:
        return tuple(each.key for each in self.differences if each.effect is effect)


def keyed(kind: RecordKind[T], values: Sequence[T]) -> dict[str, T]:
    """The values by key, each checked.

    Raises:
        Invalid: one is wrong, or two have the same key; `param` begins with its index.
    """
    found: dict[str, T] = {}
    for index, value in enumerate(values):
        try:
            key = kind.checked_key(value)
        except Invalid as error:
            param = f"[{index}]" if error.param is None else f"[{index}].{error.param}"
            raise Invalid(error.message, code=error.code, param=param) from error
        if key in found:
            raise Invalid(f"'{key}' is there twice.", code="invalid_record", param=f"[{index}]")
        found[key] = value
    return found


def compare(
    kind: RecordKind[T], stored: dict[str, RecordRow], values: dict[str, T], origin: Origin
) -> Diff[T]:
    """What putting `values` over `stored` does, on behalf of a seed or of an admin."""
    return Diff(
        tuple(_difference(kind, stored.get(key), key, value, origin) for key, value in values.items())
    )


def _difference(
    kind: RecordKind[T], row: RecordRow | None, key: str, value: T, origin: Origin
) -> Difference[T]:
    before = None if row is None or row.deleted else readable(kind, row)
    if before == value:
        effect = Effect.UNCHANGED
    elif row is not None and origin is Origin.SEED and (row.deleted or row.origin is Origin.ADMIN):
        effect = Effect.KEPT
    elif row is None or row.deleted:
        effect = Effect.CREATED
    else:
        effect = Effect.CHANGED
    return Difference(key=key, effect=effect, before=before, after=value)


def readable(kind: RecordKind[T], row: RecordRow) -> T | None:
    """A row's value; None where it is not of today's type."""
    try:
        return kind.decode(row.body)
    except Invalid:
        return None
