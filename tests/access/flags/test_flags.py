"""For whom a flag is on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.access.flags.flag import MULTI_LLM, PACKAGED, ROUTER_V2, Flag
from baton.access.flags.flags import Flags
from baton.access.flags.held import HeldFlags
from baton.core.caller import Caller
from baton.core.errors import Conflict

KEY = b"k" * 32
USERS = [f"user-{number}" for number in range(4000)]


def caller(user: str = "ada", tier: str = "free") -> Caller:
    return Caller(user_id=user, key_id="k", tier=tier, roles=frozenset())


def flags(*rows: Flag, held: HeldFlags | None = None, key: bytes = KEY) -> Flags:
    found = Flags(key) if held is None else Flags(key, held)
    found.follow(rows)
    return found


def multi(**fields: object) -> Flag:
    return Flag(name=MULTI_LLM, **fields)  # pyright: ignore[reportArgumentType]


def having(percentage: float, name: str = MULTI_LLM, key: bytes = KEY) -> set[str]:
    """The users for whom it is on."""
    found = flags(Flag(name=name, percentage=percentage), key=key)
    return {user for user in USERS if found.on(name, caller(user))}


def test_what_is_not_said_is_on() -> None:
    """For a new installation, and for a flag that nothing is known of."""
    assert all(flags(*PACKAGED).on(flag.name, caller()) for flag in PACKAGED)
    assert flags().on(MULTI_LLM, caller())


def test_either_word_switches_it_off() -> None:
    """For everybody, or for a tier; a tier's word does not switch on what is off for all."""
    assert not flags(multi(enabled=False)).on(MULTI_LLM, caller())
    found = flags(multi(off_for_tiers=frozenset({"free"})))
    assert not found.on(MULTI_LLM, caller())
    assert found.on(MULTI_LLM, caller(tier="pro"))
    assert not flags(multi(percentage=0)).on(MULTI_LLM, caller())


@given(low=st.floats(0, 100), more=st.floats(0, 100))
def test_a_raised_share_takes_nobody_away(low: float, more: float) -> None:
    """Who has it keeps it, whatever it is raised to."""
    assert having(low) <= having(max(low, more))


def test_a_share_is_about_as_large_as_said_and_always_the_same() -> None:
    """A quarter of 4000 is 1000 ± 4 standard deviations; others for another flag, or another key."""
    quarter = having(25)
    assert abs(len(quarter) - 1000) < 4 * 27.4
    assert quarter == having(25)
    for other in (having(25, ROUTER_V2), having(25, key=b"j" * 32)):
        assert 0.15 < len(quarter & other) / len(quarter) < 0.35


def test_the_environment_wins_over_the_records() -> None:
    """Where it says something; what it says of one tier leaves the others as they are."""
    held = HeldFlags(multi_llm=True, multi_llm_tiers={"pro": True, "free": False}, router_v2=False)
    found = flags(
        multi(enabled=False, off_for_tiers=frozenset({"pro", "expert"})), Flag(name=ROUTER_V2), held=held
    )
    on = {tier: found.on(MULTI_LLM, caller(tier=tier)) for tier in ("free", "pro", "expert", "master")}
    assert on == {"free": False, "pro": True, "expert": False, "master": True}
    assert not found.on(ROUTER_V2, caller())


@given(
    st.builds(
        HeldFlags,
        multi_llm=st.none() | st.booleans(),
        multi_llm_tiers=st.dictionaries(st.sampled_from(("free", "pro")), st.booleans()),
        router_v2=st.none() | st.booleans(),
    ),
    st.sampled_from((MULTI_LLM, ROUTER_V2)),
    st.booleans(),
    st.frozensets(st.sampled_from(("free", "pro", "expert"))),
)
def test_what_may_be_changed_is_what_comes_to_pass(
    held: HeldFlags, name: str, enabled: bool, tiers: frozenset[str]
) -> None:
    """A change is refused exactly where the environment would make something else of it."""
    wanted = Flag(name=name, enabled=enabled, off_for_tiers=tiers)
    if held.over(wanted) == wanted:
        held.check(wanted)
        return
    with pytest.raises(Conflict) as raised:
        held.check(wanted)
    assert held.variables(name)
    assert all(variable in raised.value.message for variable in held.variables(name))
