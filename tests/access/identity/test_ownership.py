"""Whose things somebody may reach."""

import pytest
from msgspec import structs

from baton.access.identity.entities import ApiKey
from baton.access.identity.ownership import Thing, reach, reach_of, require_own_key
from baton.core.caller import Caller
from baton.core.errors import NotFound

SEES_ALL = {
    Thing.INTERACTION: {"admin"},
    Thing.USAGE: {"admin", "analyst"},
    Thing.FEEDBACK: {"admin"},
}


def caller(*roles: str) -> Caller:
    return Caller(user_id="ada", key_id="k", tier="free", roles=frozenset({"user", *roles}))


@pytest.mark.parametrize("thing", Thing)
@pytest.mark.parametrize("role", ["user", "strategist", "reviewer", "analyst", "admin"])
def test_everybody_reaches_their_own_and_few_reach_more(thing: Thing, role: str) -> None:
    """Own things always; an analyst everybody's usage, an admin everything; else it is not there."""
    asks = caller(role)
    assert reach_of(asks, thing, "ada") == "ada"
    if role in SEES_ALL[thing]:
        assert (reach(asks, thing), reach_of(asks, thing, None)) == (None, None)
        assert reach_of(asks, thing, "bob") == "bob"
        return
    assert (reach(asks, thing), reach_of(asks, thing, None)) == ("ada", "ada")
    with pytest.raises(NotFound):
        reach_of(asks, thing, "bob")


@pytest.mark.parametrize("role", ["user", "analyst", "admin"])
def test_keys_are_their_owners_alone(role: str) -> None:
    """Below `/api/me` also for admins, in the words for a key that does not exist."""
    key = ApiKey(id="k", name="k", hint="", user_id="bob", tier=None, created_at_ms=0)
    require_own_key(caller(role), structs.replace(key, user_id="ada"))
    with pytest.raises(NotFound, match="There is no such key"):
        require_own_key(caller(role), key)
