"""Where a Baton keeps answers that it gives again."""

from typing import Any

import pytest

from tests.chaos.conftest import soon
from tests.chaos.street import Street
from tests.redis_server import RedisServer

PLACES = ("memory", "redis", "database")


async def kept_for_all(street: Street) -> None:
    """Return once it gives what is kept: of Redis, once that agrees with the database."""
    others = street.baton.app.cache.others
    await soon(lambda: others is None or others.agreed)


def place_of(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The settings of the place that a fixture was asked for. Redis stays as it is: each Baton has keys of
    its own, and what counts in an emptied one waits three seconds for others."""
    place: str = request.param
    settings: dict[str, Any] = {"cache_provider": place}
    if place == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        settings["redis_url"] = server.url
    return settings
