"""Who does what, by tier and by who can be asked."""

from baton.pipelines.itinerary.casting import Depth, Route, depth_for, packaged_casting
from tests.pipelines.itinerary.troupe import KNOWN

NAMES = ["primary", "gemini_fallback", "claude_fallback", "chatgpt_fallback", "emergency"]


def test_the_routes_are_those_of_the_interface() -> None:
    """Five, by these names; the last needs nobody, and every provider that one names has models."""
    casting = packaged_casting()
    assert [route.name for route in casting.routes] == NAMES
    assert [route.is_emergency for route in casting.routes] == [False] * 4 + [True]
    named = {each for route in casting.routes for each in route.needs(Depth.FULL)}
    assert named == casting.models.keys()
    assert casting.choose(Depth.FULL, frozenset()) is None
    assert casting.part(None, KNOWN).exclude == ()
    assert Route(name="x", generator="a", checker="b").needs(Depth.NONE) == {"a"}


def test_a_tier_has_its_depth() -> None:
    """None, a basic one, and a full one for all above."""
    depths = [depth_for(tier) for tier in ("free", "pro", "expert", "master")]
    assert depths == [Depth.NONE, Depth.BASIC, Depth.FULL, Depth.FULL]
