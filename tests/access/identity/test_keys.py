"""What a key may, and how it changes."""

import pytest
from msgspec import structs

from baton.access.identity.entities import KeyChange, KeyWish, UserChange, UserWish
from baton.access.identity.lists import KeysWanted
from baton.core.caller import SCOPES, BudgetPeriod, Caller, KeyBudget, KeyLimits
from baton.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.access.identity.conftest import ADMIN, MASTER_KEY, Process

NARROW = KeyWish(
    name="k",
    user_id="",
    scopes=frozenset({"chat", "read"}),
    models=frozenset({"acme/*", "gpt-4o"}),
    limits=KeyLimits(requests_per_minute=7, tokens_per_day=1_000_000),
    budget=KeyBudget(nanos=1_500_000_000, period=BudgetPeriod.MONTH),
)


async def owner(process: Process, *roles: str) -> str:
    wish = UserWish(name="Ada", tier="pro", roles=frozenset({"user", *roles}))
    return (await process.identities.create_user(wish, ADMIN)).id


def lets_in(process: Process, secret: str) -> Caller | None:
    try:
        return process.keyring.authenticate(secret)
    except Unauthenticated:
        return None


async def make(process: Process, wish: KeyWish = NARROW, *roles: str) -> tuple[str, str]:
    """A key of a new user: its id and its secret."""
    fields = {name: getattr(wish, name) for name in wish.__struct_fields__}
    made = await process.identities.create_key(
        KeyWish(**{**fields, "user_id": await owner(process, *roles)}), ADMIN
    )
    return made.key.id, made.secret


async def test_a_caller_carries_what_was_set_for_the_key(anywhere: Process) -> None:
    """Scopes, models, limits and budget as stored; all scopes and no more where nothing is said."""
    _, secret = await make(anywhere)
    caller = anywhere.keyring.authenticate(secret)
    assert (caller.scopes, caller.models) == ({"chat", "read"}, {"acme/*", "gpt-4o"})
    assert (caller.limits, caller.budget) == (NARROW.limits, NARROW.budget)
    _, secret = await make(anywhere, KeyWish(name="k", user_id=""))
    caller = anywhere.keyring.authenticate(secret)
    assert (caller.scopes, caller.models) == (SCOPES - {"admin"}, None)
    assert (caller.limits, caller.budget) == (None, None)


async def test_an_admins_key_is_an_admins_only_with_that_scope(anywhere: Process) -> None:
    """A chat key of an admin is a user's key, and the scope alone makes nobody an admin."""
    chat = KeyWish(name="k", user_id="", scopes=frozenset({"chat"}))
    both = KeyWish(name="k", user_id="", scopes=frozenset({"chat", "admin"}))
    for wish, roles, is_admin in (
        (chat, ["admin"], False),
        (both, ["admin"], True),
        (KeyWish(name="k", user_id=""), ["admin"], True),
        (both, [], False),
    ):
        _, secret = await make(anywhere, wish, *roles)
        caller = anywhere.keyring.authenticate(secret)
        assert (caller.is_admin, "admin" in caller.scopes) == (is_admin, is_admin), wish


async def test_the_installations_own_keys_have_no_rate_limit(anywhere: Process) -> None:
    """The first admin's key until one is set for it; the key of the environment always."""
    [key] = await anywhere.identities.keys()
    assert key.limits == KeyLimits(unlimited=True)
    assert anywhere.keyring.authenticate(MASTER_KEY).limits == KeyLimits(unlimited=True)


async def test_a_key_changes_while_it_is_in_use(anywhere: Process) -> None:
    """What is named changes at once, the rest stays; a stale revision and a revoked key are refused."""
    key_id, secret = await make(anywhere)
    change = KeyChange(name="new", models=None, limits=KeyLimits(unlimited=True), tier="master")
    changed = await anywhere.identities.change_key(key_id, change, ADMIN, 1)
    caller = anywhere.keyring.authenticate(secret)
    assert (caller.models, caller.limits, caller.tier) == (None, KeyLimits(unlimited=True), "master")
    assert (caller.scopes, caller.budget) == (NARROW.scopes, NARROW.budget)
    assert (changed.name, changed.revision) == ("new", 2)
    assert await anywhere.identities.change_key(key_id, change, ADMIN) == changed
    with pytest.raises(Conflict) as stale:
        await anywhere.identities.change_key(key_id, KeyChange(name="x"), ADMIN, 1)
    assert stale.value.code == "revision_conflict"
    await anywhere.identities.revoke_key(key_id, ADMIN)
    with pytest.raises(Conflict) as revoked:
        await anywhere.identities.change_key(key_id, KeyChange(name="x"), ADMIN)
    assert revoked.value.code == "key_revoked"
    with pytest.raises(NotFound):
        await anywhere.identities.change_key("none", change, ADMIN)


async def test_a_key_that_can_mean_nothing_is_refused_by_field(anywhere: Process) -> None:
    """Unknown or no scopes, no or blank models, limits below 1, a debt for a budget, a past expiry."""
    key_id, _ = await make(anywhere)
    past = int(anywhere.clock.now * 1000)
    for change, param in (
        (KeyChange(scopes=frozenset({"everything"})), "scopes"),
        (KeyChange(scopes=frozenset()), "scopes"),
        (KeyChange(models=frozenset()), "models"),
        (KeyChange(models=frozenset({"a b"})), "models"),
        (KeyChange(models=frozenset(f"m{number}" for number in range(65))), "models"),
        (KeyChange(limits=KeyLimits(tokens_per_minute=0)), "limits.tokens_per_minute"),
        (KeyChange(budget=KeyBudget(nanos=-1, period=BudgetPeriod.DAY)), "budget.usd"),
        (KeyChange(expires_at_ms=past), "expires_at"),
        (KeyChange(tier=""), "tier"),
    ):
        with pytest.raises(Invalid) as refusal:
            await anywhere.identities.change_key(key_id, change, ADMIN)
        assert refusal.value.param == param


async def test_a_rotated_key_lets_both_secrets_in_until_the_moment(anywhere: Process) -> None:
    """The old one ends on its moment without any reload; the key's id, rights and last use are the same."""
    key_id, old = await make(anywhere)
    made = await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=3600)
    assert made.key.hint == f"{made.secret[:8]}…{made.secret[-4:]}"
    assert lets_in(anywhere, made.secret) is not None
    now, before = lets_in(anywhere, made.secret), lets_in(anywhere, old)
    assert now is not None
    assert before == structs.replace(now, scopes=now.scopes - {"account", "admin"}, replaced=True)
    anywhere.clock.now += 3599.999
    assert lets_in(anywhere, old) is not None
    anywhere.clock.now += 0.001
    assert lets_in(anywhere, old) is None
    assert lets_in(anywhere, made.secret) is not None


async def test_only_the_newest_two_secrets_of_a_key_can_be_good(anywhere: Process) -> None:
    """A second rotation ends the first secret; one without overlap ends both at once; revoking ends all."""
    key_id, first = await make(anywhere)
    second = (await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=3600)).secret
    third = (await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=3600)).secret
    assert [lets_in(anywhere, each) is not None for each in (first, second, third)] == [False, True, True]
    fourth = (await anywhere.identities.rotate_key(key_id, ADMIN)).secret
    assert [lets_in(anywhere, each) is not None for each in (second, third, fourth)] == [False, False, True]
    fifth = (await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=3600)).secret
    await anywhere.identities.revoke_key(key_id, ADMIN)
    assert [lets_in(anywhere, each) for each in (fourth, fifth)] == [None, None]
    with pytest.raises(Conflict):
        await anywhere.identities.rotate_key(key_id, ADMIN)


async def test_rotation_prolongs_nothing(anywhere: Process) -> None:
    """The overlap ends with the key's expiry, an expired key gets no secret, and 30 days are the most."""
    key_id, old = await make(anywhere)
    until = int(anywhere.clock.now * 1000) + 60_000
    await anywhere.identities.change_key(key_id, KeyChange(expires_at_ms=until), ADMIN)
    await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=3600)
    for overlap_s in (-1, 30 * 86_400 + 1):
        with pytest.raises(Invalid):
            await anywhere.identities.rotate_key(key_id, ADMIN, overlap_s=overlap_s)
    anywhere.clock.now += 60
    assert lets_in(anywhere, old) is None
    with pytest.raises(Conflict) as expired:
        await anywhere.identities.rotate_key(key_id, ADMIN)
    assert expired.value.code == "key_expired"


async def test_a_change_of_a_user_reaches_their_keys(anywhere: Process) -> None:
    """Roles and tier are the user's of this moment."""
    user_id = await owner(anywhere)
    wish = KeyWish(name="k", user_id=user_id, tier=None)
    secret = (await anywhere.identities.create_key(wish, ADMIN)).secret
    change = UserChange(tier="expert", roles=frozenset({"analyst"}))
    await anywhere.identities.change_user(user_id, change, ADMIN)
    caller = anywhere.keyring.authenticate(secret)
    assert (caller.tier, caller.roles) == ("expert", {"analyst"})


async def test_keys_are_found_by_word_owner_and_state(anywhere: Process) -> None:
    """In the name, by the beginning of the id, by what is shown of the key; active or not."""
    one, secret = await make(anywhere)
    two, _ = await make(anywhere, KeyWish(name="Robot", user_id=""))
    three, _ = await make(anywhere, KeyWish(name="Old", user_id=""))
    await anywhere.identities.revoke_key(two, ADMIN)
    soon = int(anywhere.clock.now * 1000) + 1000
    await anywhere.identities.change_key(three, KeyChange(expires_at_ms=soon), ADMIN)
    anywhere.clock.now += 1
    user_id = anywhere.keyring.authenticate(secret).user_id
    first = (await anywhere.identities.keys())[0].id
    for wanted, ids in (
        (KeysWanted(word="robo"), {two}),
        (KeysWanted(word=one), {one}),
        (KeysWanted(word=secret[-4:]), {one}),
        (KeysWanted(user_id=user_id), {one}),
        (KeysWanted(active=False), {two, three}),
        (KeysWanted(active=True), {one, first}),
        (KeysWanted(after=two), {three}),
    ):
        assert {key.id for key in await anywhere.identities.find_keys(wanted)} == ids, wanted
