"""Changing users, looking for them, and taking them away."""

import pytest
from msgspec import structs

from baton.access.identity.entities import KeyWish, UserChange, UserWish
from baton.access.identity.lists import UsersWanted
from baton.access.identity.project import ProjectRole, ProjectWish
from baton.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from tests.access.identity.conftest import ADMIN, Process


async def nowhere(user_id: str) -> bool:
    """A ledger in which nobody is."""
    return False


async def everywhere(user_id: str) -> bool:
    """A ledger in which everybody is."""
    return True


async def test_a_user_becomes_what_is_wished_for(anywhere: Process) -> None:
    """What is named changes, the rest stays; each change counts the revision up, no change does not."""
    wish = UserWish(name="Ada", email=" Ada@Example.ORG ", locale="de-CH", subject="sso|1")
    ada = await anywhere.identities.create_user(wish, ADMIN)
    assert (ada.email, ada.locale, ada.subject, ada.revision) == ("ada@example.org", "de-CH", "sso|1", 1)
    change = UserChange(tier="pro", roles=frozenset({"user", "analyst"}), email=None)
    changed = await anywhere.identities.change_user(ada.id, change, ADMIN, ada.revision)
    expected = structs.replace(ada, tier="pro", roles=frozenset({"user", "analyst"}), email=None, revision=2)
    assert changed == expected == await anywhere.identities.user(ada.id)
    assert await anywhere.identities.change_user(ada.id, change, ADMIN) == changed
    with pytest.raises(Conflict) as stale:
        await anywhere.identities.change_user(ada.id, UserChange(name="Eve"), ADMIN, 1)
    assert stale.value.code == "revision_conflict"
    with pytest.raises(NotFound):
        await anywhere.identities.change_user("nobody", change, ADMIN)


async def test_nobody_shares_an_address_or_a_subject(anywhere: Process) -> None:
    """In any case of letters; one's own is no conflict, and one that was given up is free."""
    ada = await anywhere.identities.create_user(
        UserWish(name="Ada", email="ada@example.org", subject="1"), ADMIN
    )
    bob = await anywhere.identities.create_user(UserWish(name="Bob"), ADMIN)
    for change, code in (
        (UserChange(email="ADA@example.org"), "email_taken"),
        (UserChange(subject="1"), "subject_taken"),
    ):
        with pytest.raises(Conflict) as taken:
            await anywhere.identities.change_user(bob.id, change, ADMIN)
        assert taken.value.code == code
    await anywhere.identities.change_user(ada.id, UserChange(name="A.", email="ada@example.org"), ADMIN)
    await anywhere.identities.change_user(ada.id, UserChange(email=None), ADMIN)
    await anywhere.identities.change_user(bob.id, UserChange(email="ada@example.org"), ADMIN)


async def test_what_nobody_can_be_is_refused_by_field(anywhere: Process) -> None:
    """A role that does not exist, none at all, an address without a host, a locale that is a sentence."""
    ada = await anywhere.identities.create_user(UserWish(name="Ada"), ADMIN)
    for change, param in (
        (UserChange(name=" "), "name"),
        (UserChange(tier=""), "tier"),
        (UserChange(roles=frozenset({"king"})), "roles"),
        (UserChange(roles=frozenset()), "roles"),
        (UserChange(email="ada"), "email"),
        (UserChange(email="a b@c"), "email"),
        (UserChange(email="a@" + "b" * 254), "email"),
        (UserChange(locale="in German, please"), "locale"),
        (UserChange(subject=""), "subject"),
    ):
        with pytest.raises(Invalid) as refusal:
            await anywhere.identities.change_user(ada.id, change, ADMIN)
        assert refusal.value.param == param
    assert await anywhere.identities.user(ada.id) == ada


async def test_a_disabled_users_keys_are_refused_until_they_are_enabled(anywhere: Process) -> None:
    """At once, whatever the key; their roles are theirs again afterwards."""
    ada = await anywhere.identities.create_user(UserWish(name="Ada"), ADMIN)
    made = await anywhere.identities.create_key(KeyWish(name="k", user_id=ada.id), ADMIN)
    off = await anywhere.identities.change_user(ada.id, UserChange(disabled=True), ADMIN)
    assert off.disabled_at_ms == int(anywhere.clock.now * 1000)
    with pytest.raises(Unauthenticated):
        anywhere.keyring.authenticate(made.secret)
    assert anywhere.keyring.caller(ada.id, "session") is None
    anywhere.clock.now += 60
    again = await anywhere.identities.change_user(ada.id, UserChange(disabled=True), ADMIN)
    assert again.disabled_at_ms == off.disabled_at_ms
    await anywhere.identities.change_user(ada.id, UserChange(disabled=False), ADMIN)
    assert anywhere.keyring.authenticate(made.secret).user_id == ada.id
    caller = anywhere.keyring.caller(ada.id, "session")
    assert caller is not None
    assert (caller.key_id, caller.tier, caller.roles) == ("session", "free", {"user"})


async def test_the_first_admin_stays(anywhere: Process) -> None:
    """Neither disabled, nor without the role, nor deleted; everything else of them changes like anybody's."""
    first = (await anywhere.identities.users())[0]
    other = await anywhere.identities.create_user(UserWish(name="B", roles=frozenset({"admin"})), ADMIN)
    for change in (UserChange(disabled=True), UserChange(roles=frozenset({"user"}))):
        with pytest.raises(Conflict) as refusal:
            await anywhere.identities.change_user(first.id, change, ADMIN)
        assert refusal.value.code == "first_admin"
        await anywhere.identities.change_user(other.id, change, ADMIN)
    with pytest.raises(Conflict) as refusal:
        await anywhere.identities.delete_user(first.id, ADMIN, nowhere)
    assert refusal.value.code == "first_admin"
    renamed = await anywhere.identities.change_user(first.id, UserChange(name="Root"), ADMIN)
    assert (renamed.name, renamed.is_admin) == ("Root", True)


async def test_only_who_left_no_trace_is_deleted(anywhere: Process) -> None:
    """Not while enabled, in the ledger, or owner of a project; then with keys and memberships."""
    identities, projects = anywhere.identities, anywhere.projects
    first = (await identities.users())[0]
    ada = await identities.create_user(UserWish(name="Ada"), ADMIN)
    made = await identities.create_key(KeyWish(name="k", user_id=ada.id), ADMIN)
    owned = await projects.create(ProjectWish(name="P", owner_id=ada.id), ADMIN)

    async def refused(code: str) -> None:
        with pytest.raises(Conflict) as refusal:
            await identities.delete_user(ada.id, ADMIN, everywhere if code == "user_in_ledger" else nowhere)
        assert refusal.value.code == code

    await refused("user_enabled")
    await identities.change_user(ada.id, UserChange(disabled=True), ADMIN)
    await refused("user_in_ledger")
    await refused("user_owns_projects")
    await projects.put_member(owned.id, first.id, ProjectRole.OWNER, ADMIN)
    await projects.put_member(owned.id, ada.id, ProjectRole.VIEWER, ADMIN)
    await identities.delete_user(ada.id, ADMIN, nowhere)
    with pytest.raises(NotFound):
        await identities.user(ada.id)
    with pytest.raises(NotFound):
        await identities.key(made.key.id)
    assert list((await projects.one(owned.id)).members) == [first.id]


async def test_users_are_found_by_word_and_by_what_they_are(anywhere: Process) -> None:
    """Name and address in any case, the beginning of the id, role, tier, disabled; a page at a time."""
    identities = anywhere.identities
    ada = await identities.create_user(
        UserWish(name="Ada Lovelace", email="al@example.org", roles=frozenset({"user", "analyst"})), ADMIN
    )
    bob = await identities.create_user(UserWish(name="Bob_50%", tier="pro"), ADMIN)
    await identities.change_user(bob.id, UserChange(disabled=True), ADMIN)
    for wanted, names in (
        (UsersWanted(word="LOVE"), {"Ada Lovelace"}),
        (UsersWanted(word="Example.org"), {"Ada Lovelace"}),
        (UsersWanted(word=ada.id), {"Ada Lovelace"}),
        (UsersWanted(word="_50%"), {"Bob_50%"}),
        (UsersWanted(word="a_a"), set[str]()),
        (UsersWanted(role="analyst"), {"Ada Lovelace"}),
        (UsersWanted(role="admin"), {"admin"}),
        (UsersWanted(tier="pro"), {"Bob_50%"}),
        (UsersWanted(disabled=True), {"Bob_50%"}),
        (UsersWanted(disabled=False), {"admin", "Ada Lovelace"}),
        (UsersWanted(after=ada.id), {"Bob_50%"}),
        (UsersWanted(limit=1), {"admin"}),
    ):
        assert {user.name for user in await identities.find_users(wanted)} == names, wanted
