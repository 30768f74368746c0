"""Whose things somebody may reach."""

import pytest

from baton.access.identity.ownership import Thing, reach, reach_of, require_own
from baton.core.caller import Caller
from baton.core.errors import NotFound

SEES_ALL = {
    Thing.INTERACTION: {"admin", "analyst"},
    Thing.FEEDBACK: {"admin"},
    Thing.KEY: {"admin"},
    Thing.ACCOUNT: {"admin"},
}


def caller(*roles: str) -> Caller:
    return Caller(user_id="ada", key_id="k", tier="free", roles=frozenset({"user", *roles}))


@pytest.mark.parametrize("thing", Thing)
@pytest.mark.parametrize("role", ["user", "strategist", "reviewer", "analyst", "admin"])
def test_everybody_reaches_their_own_and_few_reach_more(thing: Thing, role: str) -> None:
    """Own things always; an analyst everybody's interactions, an admin everything; else it is not there."""
    asks = caller(role)
    require_own(asks, thing, "ada")
    assert reach_of(asks, thing, "ada") == "ada"
    if role in SEES_ALL[thing]:
        require_own(asks, thing, "bob")
        assert (reach(asks, thing), reach_of(asks, thing, None)) == (None, None)
        assert reach_of(asks, thing, "bob") == "bob"
        return
    assert (reach(asks, thing), reach_of(asks, thing, None)) == ("ada", "ada")
    with pytest.raises(NotFound):
        require_own(asks, thing, "bob")
    with pytest.raises(NotFound):
        reach_of(asks, thing, "bob")
