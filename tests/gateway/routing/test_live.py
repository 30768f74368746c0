"""The router over rows that change."""

from baton.catalog.live import LiveCatalog
from baton.core.clock import SystemClock
from baton.core.provider import Auth, ProviderSpec
from baton.gateway.routing.live import LiveRouter
from baton.upstream.directory import Directory, ProviderSettings
from tests.gateway.routing.landscape import ask, model

SPECS = tuple(
    ProviderSpec(name=name, title=name, base_url="http://127.0.0.1:9", auth=Auth(required=False))
    for name in ("a", "b")
)


def test_a_changed_row_counts_from_the_next_request_on() -> None:
    """The same router while nothing changes; after a change, named and chosen models follow it."""
    catalog = LiveCatalog([model("a/x", quality=0.5), model("b/y", quality=0.4)], SPECS, SystemClock())
    router = LiveRouter(
        catalog, Directory(SPECS, {name: ProviderSettings(keys=("k",)) for name in ("a", "b")}), frozenset()
    )
    first = router.current()
    assert router.current() is first
    assert router.decide_for("auto", ask()).chosen.offer.id == "a/x"
    assert router.decide_for("Y", ask()).chosen.offer.id == "b/y"
    catalog.replace([model("a/x", quality=0.5), model("b/z", quality=0.9, aliases=("y",))])
    assert router.current() is not first
    assert router.decide_for("auto", ask()).chosen.offer.id == "b/z"
    assert router.decide_for("y", ask()).chosen.offer.id == "b/z"
