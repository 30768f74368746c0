"""Many records at once: what Baton brings along, and what an admin brings back."""

import asyncio
from collections.abc import Iterable

import pytest

from baton.core.errors import Invalid
from baton.records.audit.entry import AuditFilter
from baton.records.audit.trail import Trail
from baton.records.kind import Origin
from baton.records.store import Records
from tests.records.audit.keeping import KEYS
from tests.records.conftest import ADA, INSTRUMENTS, Instrument, Process

VIOLA, CELLO, LUTE = Instrument(name="viola"), Instrument(name="cello"), Instrument(name="lute", strings=13)


def array(values: Iterable[Instrument]) -> bytes:
    """As JSON."""
    return f"[{','.join(map(INSTRUMENTS.encode, values))}]".encode()


async def test_a_seed_brings_what_is_missing_and_refreshes_its_own(instruments: Records[Instrument]) -> None:
    """A new release's data reaches every record that no admin has touched."""
    first = await instruments.seed([VIOLA, CELLO])
    assert first.created == ("viola", "cello")
    second = await instruments.seed([Instrument(name="viola", strings=5), CELLO, LUTE])
    assert (second.created, second.changed, second.unchanged) == (("lute",), ("viola",), ("cello",))
    viola = instruments.get("viola")
    assert (viola.value.strings, viola.revision, viola.origin) == (5, 2, Origin.SEED)
    assert instruments.get("cello").revision == 1


async def test_a_seed_never_overwrites_an_admin(instruments: Records[Instrument]) -> None:
    """Changed, deleted, or made by an admin: it stays so, start after start."""
    await instruments.seed([VIOLA, CELLO])
    await instruments.put(Instrument(name="viola", strings=7), ADA, 1)
    await instruments.delete("cello", ADA, 1)
    await instruments.put(Instrument(name="lute", strings=6), ADA, None)
    for _ in range(2):
        diff = await instruments.seed([Instrument(name="viola", strings=5), CELLO, LUTE])
        assert diff.kept == ("viola", "cello", "lute")
    assert {key: record.value.strings for key, record in instruments.snapshot.items()} == {
        "lute": 6,
        "viola": 7,
    }


async def test_undoing_the_own_change_hands_the_record_back_to_the_seed(
    instruments: Records[Instrument],
) -> None:
    """As if it had never been changed; but undoing what a seed did is an admin's decision."""
    await instruments.seed([VIOLA])
    await instruments.put(Instrument(name="viola", strings=7), ADA, 1)
    await instruments.undo("viola", ADA, 2)
    assert (await instruments.seed([Instrument(name="viola", strings=5)])).changed == ("viola",)
    await instruments.undo("viola", ADA, 4)
    assert instruments.get("viola").value.strings == 4
    assert (await instruments.seed([Instrument(name="viola", strings=5)])).kept == ("viola",)


async def test_a_seed_without_news_writes_nothing(here: Process, instruments: Records[Instrument]) -> None:
    """An ordinary start leaves no revision, no audit row and takes no write lock."""
    await instruments.seed([VIOLA, CELLO])
    before = await Trail(here.database, KEYS).page(AuditFilter())
    async with here.database.write():
        diff = await asyncio.wait_for(instruments.seed([VIOLA, CELLO]), 1)
    assert diff.effective == ()
    assert await Trail(here.database, KEYS).page(AuditFilter()) == before


async def test_processes_that_start_together_seed_once(here: Process, there: Process) -> None:
    """Each key gets one revision, whoever comes first."""
    await asyncio.gather(*(each.instruments.seed([VIOLA, CELLO, LUTE]) for each in (here, there)))
    for key in ("viola", "cello", "lute"):
        assert len(await here.instruments.history(key)) == 1


async def test_an_import_tells_beforehand_what_it_will_do(instruments: Records[Instrument]) -> None:
    """The dry run's answer is the import's own, and it changes nothing."""
    await instruments.put(VIOLA, ADA, None)
    await instruments.put(CELLO, ADA, None)
    values = [VIOLA, Instrument(name="cello", strings=5), LUTE]
    planned = await instruments.import_all(values, ADA, dry_run=True)
    assert (planned.created, planned.changed, planned.unchanged) == (("lute",), ("cello",), ("viola",))
    assert [(each.before, each.after) for each in planned.effective] == [(CELLO, values[1]), (None, LUTE)]
    assert instruments.export() == (CELLO, VIOLA)
    assert await instruments.import_all(values, ADA) == planned
    assert instruments.export() == (values[1], LUTE, VIOLA)
    assert instruments.get("viola").revision == 1


async def test_an_import_with_one_wrong_value_imports_none(instruments: Records[Instrument]) -> None:
    """The refusal names which one; so does one of two equal keys."""
    with pytest.raises(Invalid) as refusal:
        await instruments.import_all([VIOLA, Instrument(name="cello", strings=-1)], ADA)
    assert refusal.value.param == "[1].strings"
    with pytest.raises(Invalid) as refusal:
        await instruments.import_all([VIOLA, LUTE, VIOLA], ADA)
    assert refusal.value.param == "[2]"
    assert instruments.list() == ()


async def test_an_export_can_be_imported(instruments: Records[Instrument]) -> None:
    """As JSON and back: nothing differs, secrets included; a deleted record comes back."""
    await instruments.put(Instrument(name="viola", lock_code="4711"), ADA, None)
    await instruments.put(LUTE, ADA, None)
    text = array(instruments.export())
    await instruments.delete("viola", ADA, 1)
    diff = await instruments.import_all(INSTRUMENTS.decode_all(text), ADA)
    assert (diff.created, diff.unchanged) == (("viola",), ("lute",))
    assert array(instruments.export()) == text


def test_a_list_that_cannot_be_read_names_the_place() -> None:
    """The path of the first wrong field, and no Python."""
    with pytest.raises(Invalid) as refusal:
        INSTRUMENTS.decode_all(b'[{"name": "viola"}, {"name": "lute", "strings": "many"}]')
    assert refusal.value.param == "[1].strings"
    with pytest.raises(Invalid):
        INSTRUMENTS.decode_all(b"[{]")
