"""What the room's tests share."""

import pytest

from baton.quality.checks.checks import Checks, packaged_checks


@pytest.fixture(scope="session")
def checks() -> Checks:
    """The checks that are shipped."""
    return packaged_checks()
