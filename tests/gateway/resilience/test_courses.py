"""How patient a call is with each of the models that it may ask."""

from typing import Any

import pytest

from baton.catalog.live import LiveCatalog
from baton.core.clock import SystemClock
from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.provider import Auth, ProviderSpec
from baton.core.request import Options, Outline
from baton.gateway.opening import Arrival
from baton.gateway.resilience.courses import Courses
from baton.gateway.resilience.deadline import Limits
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.alternatives import Alternatives
from baton.gateway.routing.live import LiveRouter
from baton.upstream.directory import Directory, ProviderSettings
from tests.gateway.routing.landscape import ask, model

SPECS = tuple(
    ProviderSpec(name=name, title=name, base_url="http://127.0.0.1:9", auth=Auth(required=False))
    for name in ("a", "b")
)
ARRIVAL = Arrival("0", "/", 0.0)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("requests", "models", "expected"),
    [
        (None, {}, [5, 5]),
        (None, {"a/x": 0}, [0, 5]),
        (None, {"a/x": 1, "b/y": 9}, [1, 9]),
        (3, {"a/x": 0, "b/y": 9}, [3, 3]),
        (0, {"a/x": 4}, [0, 0]),
    ],
)
def test_each_leg_has_its_own_models_retries(
    requests: int | None, models: dict[str, int], expected: list[int], stream: bool
) -> None:
    """The request's own wish first, then each model's row, then the installation's, whose pace all keep."""
    rows = [model(name, max_retries=models.get(name)) for name in ("a/x", "b/y")]
    directory = Directory(SPECS, {name: ProviderSettings(keys=("k",)) for name in ("a", "b")})
    router = LiveRouter(LiveCatalog(rows, SPECS, SystemClock()), directory, frozenset())
    courses = Courses(directory, Alternatives(router), lambda _: RetryPolicy(5, base_s=7.0), Limits())
    request: Any = Outline(
        dialect=Dialect.OPENAI,
        model="a/x",
        stream=stream,
        max_tokens=None,
        needs=frozenset(),
        input_chars=1,
        options=Options(max_retries=requests),
    )
    course = courses.of(router.decide_for("a/x", ask()), request, ARRIVAL)
    first = course.leg
    second = course.next(Failure(kind=Kind.SERVER, message="boom"))
    assert second is not None
    assert [first.retry.retries, second.retry.retries] == expected
    assert {first.retry.base_s, second.retry.base_s} == {7.0}
