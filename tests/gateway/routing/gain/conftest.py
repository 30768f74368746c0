"""The packaged model, loaded once."""

import pytest

from baton.gateway.routing.gain.model import GainModel, load_gain_model


@pytest.fixture(scope="session")
def gain_model() -> GainModel:
    return load_gain_model()
