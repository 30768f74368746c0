"""Many records changed by one function."""

import pytest
from msgspec import structs

from baton.core.errors import Invalid
from baton.records.kind import Origin
from baton.records.store import Records
from tests.records.conftest import ADA, BOB, Instrument


def tuned(value: Instrument) -> Instrument:
    return structs.replace(value, strings=6) if value.strings == 4 else value


async def test_all_that_the_function_changes_are_changed_and_no_others(
    instruments: Records[Instrument],
) -> None:
    """New revisions for those that differ, none for the rest; what is deleted stays deleted."""
    await instruments.seed(
        [Instrument(name="viola"), Instrument(name="cello"), Instrument(name="lute", strings=15)]
    )
    await instruments.delete("cello", BOB, 1)
    assert await instruments.change_all(tuned, ADA, dry_run=True) == ("viola",)
    assert instruments.get("viola").value.strings == 4
    assert await instruments.change_all(tuned, ADA) == ("viola",)
    changed = instruments.get("viola")
    assert (changed.value.strings, changed.revision, changed.origin) == (6, 2, Origin.ADMIN)
    assert instruments.get("lute").revision == 1
    assert "cello" not in instruments.snapshot
    assert await instruments.change_all(tuned, ADA) == ()
    assert (await instruments.undo("viola", ADA, 2)).value.strings == 4


async def test_one_that_may_not_be_stored_stops_them_all(instruments: Records[Instrument]) -> None:
    """All or nothing, and a key is not changed this way."""
    await instruments.seed([Instrument(name="cello"), Instrument(name="viola")])
    with pytest.raises(Invalid):
        await instruments.change_all(
            lambda value: structs.replace(value, strings=-1 if value.name == "viola" else 5), ADA
        )
    with pytest.raises(Invalid):
        await instruments.change_all(lambda value: structs.replace(value, name=f"{value.name} 2"), ADA)
    assert [record.revision for record in instruments.list()] == [1, 1]
