"""Models as records, in a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from baton.catalog.kind import model_kind
from baton.catalog.model import Model
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.clock import SystemClock
from baton.core.errors import Invalid
from baton.records.audit.entry import Actor
from baton.records.store import Records
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.notices import Notices
from baton.storage.settings import StorageSettings
from tests.records.audit.keeping import SCRIBE

PACKAGED = packaged_models(DEFAULT_TIERS)
ADA = Actor(id="ada", source="192.0.2.1")


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[Records[Model]]:
    """The catalog's records, empty."""
    async with Database(StorageSettings(url=f"sqlite:///{tmp_path / 'baton.db'}")) as database:
        await schema.upgrade(database)
        async with (
            Notices(database, every_s=3600) as notices,
            Records(model_kind(DEFAULT_TIERS), database, notices, SystemClock(), SCRIBE) as records,
        ):
            yield records


async def test_the_packaged_models_are_stored_and_read_back_as_they_are(models: Records[Model]) -> None:
    """Nothing of a row is lost in the database, and seeding again changes nothing."""
    await models.seed(PACKAGED)
    assert {record.key: record.value for record in models.list()} == {model.id: model for model in PACKAGED}
    assert (await models.seed(PACKAGED)).effective == ()


async def test_an_admins_price_outlives_a_refresh(models: Records[Model]) -> None:
    """A later seed brings its other changes and leaves the edited row alone."""
    await models.seed(PACKAGED)
    record = models.get("openai/gpt-4o")
    await models.put(replace(record.value, quality=0.5), ADA, record.revision)
    await models.seed([replace(model, quality=0.7) for model in PACKAGED])
    assert models.get("openai/gpt-4o").value.quality == 0.5
    assert models.get("openai/gpt-4o-mini").value.quality == 0.7


@pytest.mark.parametrize(
    "wrong",
    [
        {"tier_access": frozenset({"gold"})},
        {"quality": 1.5},
        {"name": "two words"},
        {"speed_tier": "warp"},
    ],
)
async def test_a_row_made_in_code_is_checked_too(models: Records[Model], wrong: dict[str, object]) -> None:
    """What an admin may not write, code may not store either."""
    with pytest.raises(Invalid):
        await models.put(replace(PACKAGED[0], **wrong), ADA, None)
    assert models.list() == ()


async def test_the_longest_name_is_still_a_key(models: Records[Model]) -> None:
    """Provider and name at their limits fit a record's key."""
    longest = Model(provider="p" * 64, name="n" * 190)
    assert (await models.put(longest, ADA, None)).key == longest.id
