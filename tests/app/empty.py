"""A plugin of pytest: empty places, of each kind."""

from pathlib import Path

import pytest

from baton.settings import Settings
from tests.app.ground import settings_of
from tests.databases import KINDS


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where nothing is: a folder that is not there yet, and a database without tables."""
    folder = tmp_path / "empty"
    if request.param == "sqlite":
        return settings_of(folder, f"sqlite:///{folder / 'baton.db'}")
    return settings_of(folder, request.getfixturevalue("postgres").new_database())
