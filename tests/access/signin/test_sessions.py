"""Sessions."""

import pytest

from baton.access.identity.tables import USERS
from baton.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tests.access.signin.conftest import AWAY, HOME, OPERATOR, PASSWORD, House


async def test_a_session_ends_unused_and_ends_anyway(house: House) -> None:
    """After an hour without use, and after a day however much it is used."""
    await house.person()
    left, used = await house.sign_in(), await house.sign_in()
    for _ in range(47):
        house.clock.now += 1800
        assert (await house.present(used)).session.id == used.session.id
    with pytest.raises(Unauthenticated):
        await house.present(left)
    house.clock.now += 1800
    with pytest.raises(Unauthenticated) as refused:
        await house.present(used)
    assert refused.value.code == "session_ended"


async def test_a_second_factor_is_owed_for_ten_minutes(house: House) -> None:
    """Then the password has to be shown again."""
    await house.person()
    await house.enrol(await house.sign_in())
    owing = await house.sign_in()
    house.clock.now += 599
    await house.present(owing)
    house.clock.now += 1
    with pytest.raises(Unauthenticated):
        await house.present(owing)


async def test_unknown_tokens_are_nobodys(house: House) -> None:
    """Whatever is presented: refused in the same words."""
    await house.person()
    opened = await house.sign_in()
    for token in ("", "x", opened.session.id, opened.session.digest.hex(), "x" * 100_000, opened.token[:-1]):
        with pytest.raises(Unauthenticated):
            await house.present(type(opened)(session=opened.session, token=token))


async def test_own_sessions_are_listed_and_ended(house: House) -> None:
    """Where each was begun; one can be ended, another user's cannot, and none of theirs is listed."""
    ada, bob = await house.person(), await house.person("bob@example.com")
    here, there = await house.sign_in(), await house.sign_in(visitor=AWAY)
    others = await house.sign_in("bob@example.com")
    sessions = house.reception.sessions
    listed = await sessions.of(ada.id)
    assert [(each.id, each.seen.address, each.seen.agent) for each in listed] == [
        (here.session.id, HOME.address, HOME.agent),
        (there.session.id, AWAY.address, AWAY.agent),
    ]
    with pytest.raises(NotFound):
        await sessions.end(ada.id, others.session.id, OPERATOR)
    await sessions.end(ada.id, there.session.id, OPERATOR)
    with pytest.raises(Unauthenticated):
        await house.present(there)
    assert await sessions.end_all(ada.id, OPERATOR) == 1
    with pytest.raises(Unauthenticated):
        await house.present(here)
    assert [each.id for each in await sessions.of(bob.id)] == [others.session.id]


async def test_a_disabled_user_has_no_session(house: House) -> None:
    """From the moment on, in whatever process."""
    ada = await house.person()
    opened = await house.sign_in()
    async with house.reception.ground.database.write() as connection:
        await connection.execute(USERS.update().where(USERS.c.id == ada.id).values(disabled_at_ms=1))
    with pytest.raises(Unauthenticated):
        await house.present(opened)


async def test_a_changed_password_ends_all_sessions_but_this(house: House) -> None:
    """This one goes on under a new token; the old password opens no longer."""
    await house.person()
    own, other = await house.sign_in(), await house.sign_in(visitor=AWAY)
    present = await house.present(own)
    account = house.reception.account
    with pytest.raises(Forbidden):
        await account.change_password(present, "wrong horse battery", "another long password", HOME)
    with pytest.raises(Invalid):
        await account.change_password(present, PASSWORD, "short", HOME)
    after = await account.change_password(present, PASSWORD, "another long password", HOME)
    for gone in (own, other):
        with pytest.raises(Unauthenticated):
            await house.present(gone)
    assert (await house.present(after)).session.id == own.session.id
    with pytest.raises(Unauthenticated):
        await house.sign_in()
    await house.sign_in(password="another long password")


async def test_a_password_set_by_the_operator_ends_all_sessions(house: House) -> None:
    """Whoever had taken the account over is out."""
    ada = await house.person()
    opened = await house.sign_in()
    await house.reception.invitations.set_password(ada.id, "another long password", OPERATOR)
    with pytest.raises(Unauthenticated):
        await house.present(opened)


async def test_an_invitation_is_good_once(house: House) -> None:
    """It chooses the password, signs in, and is used up; looking at it does not use it up."""
    ada = await house.person()
    invitations = house.reception.invitations
    before = await house.sign_in()
    made = await invitations.invite(ada.id, OPERATOR)
    assert made.invitation.name == "ada@example.com"
    assert await invitations.look(made.token) == made.invitation
    with pytest.raises(Invalid):
        await invitations.accept(made.token, "short", HOME)
    opened = await invitations.accept(made.token, "another long password", HOME)
    assert (await house.present(opened)).user.id == ada.id
    with pytest.raises(Unauthenticated):
        await house.present(before)
    for again in (invitations.look(made.token), invitations.accept(made.token, "a third long one", HOME)):
        with pytest.raises(NotFound):
            await again


async def test_an_invitation_ends(house: House) -> None:
    """After three days, by a later one, and by a password that is set otherwise."""
    ada = await house.person()
    invitations = house.reception.invitations
    first = await invitations.invite(ada.id, OPERATOR)
    second = await invitations.invite(ada.id, OPERATOR)
    with pytest.raises(NotFound):
        await invitations.look(first.token)
    house.clock.now += 72 * 3600
    with pytest.raises(NotFound):
        await invitations.look(second.token)
    third = await invitations.invite(ada.id, OPERATOR)
    await invitations.set_password(ada.id, PASSWORD, OPERATOR)
    with pytest.raises(NotFound):
        await invitations.look(third.token)


async def test_an_invitation_does_not_pass_the_second_factor_by(house: House) -> None:
    """Who has the link alone, of a user with a second factor, owes it; an admin can take it away."""
    ada = await house.person()
    await house.enrol(await house.sign_in())
    invitations = house.reception.invitations
    made = await invitations.invite(ada.id, OPERATOR)
    assert not (await invitations.accept(made.token, PASSWORD, HOME)).session.complete
    await invitations.reset_factor(ada.id, OPERATOR)
    assert (await house.sign_in()).session.complete
    with pytest.raises(NotFound):
        await invitations.reset_factor(ada.id, OPERATOR)


async def test_a_name_is_one_persons(house: House) -> None:
    """However it is written; a person may get another one."""
    await house.person()
    bob = await house.person("bob@example.com")
    invitations = house.reception.invitations
    with pytest.raises(Conflict):
        await invitations.invite(bob.id, OPERATOR, "ADA@example.com")
    assert (await invitations.invite(bob.id, OPERATOR, " Robert ")).invitation.name == "Robert"
    assert (await house.sign_in("robert")).session.user_id == bob.id
    with pytest.raises(NotFound):
        await invitations.invite("nobody", OPERATOR)
    for name in ("", " ", "x" * 129, "a\0b", "\ufdfa" * 100):
        with pytest.raises(Invalid):
            await invitations.invite(bob.id, OPERATOR, name or " ")
