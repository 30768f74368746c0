"""What every test of the judgement starts from."""

import pytest

from baton.gateway.cache.semantic.judgement import Judge, load_judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    """The shipped one."""
    return load_judge()
