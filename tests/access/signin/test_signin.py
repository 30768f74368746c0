"""The door."""

import asyncio
import time
from statistics import median

import pytest
from sqlalchemy import select

from baton.access.identity import rows
from baton.access.identity.tables import USERS
from baton.access.signin.entities import Visitor
from baton.access.signin.passwords import Cost, Passwords
from baton.access.signin.tables import LOGINS
from baton.core.errors import Forbidden, NotFound, TooMany, Unauthenticated
from baton.records.audit.tables import AUDIT_ENTRIES
from tests.access.signin.conftest import AWAY, HOME, OPERATOR, PASSWORD, House


async def wrong(house: House, visitor: Visitor = HOME, name: str = "ada@example.com") -> str:
    """What a wrong password gets: the code of the refusal."""
    with pytest.raises((Unauthenticated, TooMany)) as refused:
        await house.sign_in(name, "wrong horse battery", visitor)
    return str(refused.value.code)


async def actions(house: House) -> list[tuple[str, str]]:
    """What the audit has: each action and who acted."""
    query = select(AUDIT_ENTRIES.c.action, AUDIT_ENTRIES.c.actor_id).order_by(AUDIT_ENTRIES.c.id)
    async with house.reception.ground.database.read() as connection:
        return [(row.action, row.actor_id) for row in await connection.execute(query)]


async def test_the_right_password_opens(house: House) -> None:
    """By the name however it is written; the session is found by its token, and whose it is."""
    ada = await house.person("Ada@Example.com")
    opened = await house.sign_in(" ADA@example.COM ")
    present = await house.present(opened)
    assert present.user.id == ada.id
    assert opened.session.complete
    assert opened.device is not None


async def test_a_wrong_one_does_not_whoever_it_is(house: House) -> None:
    """The same words for a wrong password, an unknown name, an invited and a disabled user."""
    await house.person()
    invited = await house.person("eve@example.com")
    async with house.reception.ground.database.write() as connection:
        await connection.execute(
            LOGINS.update().where(LOGINS.c.user_id == invited.id).values(password_hash=None)
        )
    gone = await house.person("bob@example.com")
    async with house.reception.ground.database.write() as connection:
        await connection.execute(USERS.update().where(USERS.c.id == gone.id).values(disabled_at_ms=1))
    said: set[str] = set()
    for name, password in (
        ("ada@example.com", "wrong horse battery"),
        ("nobody@example.com", PASSWORD),
        ("eve@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("", PASSWORD),
        ("ada@example.com", ""),
    ):
        with pytest.raises(Unauthenticated) as refused:
            await house.sign_in(name, password)
        said.add(f"{refused.value.code} {refused.value.message}")
    assert len(said) == 1


async def test_strangers_cannot_lock_an_account(house: House) -> None:
    """While one network fails without end, its owner signs in from another, and from a browser that is known
    also from the very same network."""
    await house.person()
    known = await house.sign_in()
    assert known.device is not None
    codes = [await wrong(house) for _ in range(7)]
    assert codes == ["invalid_credentials"] * 5 + ["too_many_attempts"] * 2
    with pytest.raises(TooMany):
        await house.sign_in()
    assert (await house.sign_in(visitor=AWAY)).session.complete
    at_home = Visitor(address=HOME.address, device=known.device)
    assert (await house.sign_in(visitor=at_home)).device is None


async def test_a_browser_that_is_known_is_slowed_by_its_own_failures(house: House) -> None:
    """A stolen mark is no way to guess on; and it is good for one account alone."""
    await house.person()
    await house.person("bob@example.com")
    device = (await house.sign_in()).device
    thief = Visitor(address="203.0.113.5", device=device)
    codes = [await wrong(house, thief) for _ in range(11)]
    assert codes[-1] == "too_many_attempts"
    assert codes[9] == "invalid_credentials"
    codes = [await wrong(house, thief, "bob@example.com") for _ in range(6)]
    assert codes[-1] == "too_many_attempts"


async def test_an_unknown_name_is_slowed_like_a_known_one(house: House) -> None:
    """Nobody learns from waits who has an account."""
    await house.person()
    known = [await wrong(house, HOME) for _ in range(7)]
    unknown = [await wrong(house, AWAY, "nobody@example.com") for _ in range(7)]
    assert known == unknown


async def test_an_unknown_name_takes_as_long_as_a_known_one(house: House) -> None:
    """The password is reckoned for both; the difference of medians is a fraction of one reckoning."""
    await house.person()
    spent: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
    for turn in range(15):
        for name, times in spent.items():
            began = time.process_time()
            await wrong(house, Visitor(address=f"192.0.2.{turn}"), name)
            times.append(time.process_time() - began)
    known, unknown = (median(times) for times in spent.values())
    assert abs(known - unknown) < 0.5 * min(known, unknown)


async def test_of_a_crowd_of_guesses_at_once_few_are_looked_at(house: House) -> None:
    """Guesses side by side get no further than one after the other."""
    await house.person()
    codes = await asyncio.gather(*(wrong(house) for _ in range(40)))
    assert codes.count("invalid_credentials") == 5


async def test_the_operator_can_forgive(house: House) -> None:
    """After `unlock` the account may be tried again from everywhere."""
    ada = await house.person()
    for _ in range(6):
        await wrong(house)
    house.clock.now += 0.5
    await house.reception.invitations.unlock(ada.id, OPERATOR)
    assert (await house.sign_in()).session.complete
    with pytest.raises(NotFound):
        await house.reception.invitations.unlock("nobody", OPERATOR)


async def test_a_password_changed_meanwhile_does_not_open(house: House) -> None:
    """Whoever signs in with the old password at the moment of its change is not let in by it."""
    ada = await house.person()
    door, invitations = house.reception.door, house.reception.invitations
    for turn in range(5):
        before, after = f"password number {turn}", f"password number {turn + 1}"
        await invitations.set_password(ada.id, before, OPERATOR)
        results = await asyncio.gather(
            invitations.set_password(ada.id, after, OPERATOR),
            door.sign_in("ada@example.com", before, HOME),
            return_exceptions=True,
        )
        opened = results[1]
        if not isinstance(opened, BaseException):  # it came first, and was ended by the change
            with pytest.raises(Unauthenticated):
                await house.present(opened)


async def test_a_hash_is_renewed_at_a_sign_in(house: House) -> None:
    """Once a guess costs more, each password does after its next use."""
    ada = await house.person()
    async with Passwords(Cost(memory_kib=64, rounds=1)) as cheap:
        weak = await cheap.hash(PASSWORD)
    async with house.reception.ground.database.write() as connection:
        await connection.execute(LOGINS.update().values(password_hash=weak))
    await house.sign_in()
    login = await house.reception.invitations.login(ada.id)
    assert login is not None
    assert "m=19456" in str(login.password_hash)
    await house.sign_in()


async def test_everything_is_in_the_audit_and_no_name(house: House) -> None:
    """Good and bad sign-ins, from whom; what was typed as a name or a password is not."""
    ada = await house.person()
    await house.sign_in()
    await wrong(house)
    await wrong(house, name="my secret password")
    assert await actions(house) == [
        ("set_password", "operator"),
        ("sign_in", ada.id),
        ("wrong_password", "nobody"),
        ("wrong_password", "nobody"),
    ]
    async with house.reception.ground.database.read() as connection:
        text = str((await connection.execute(select(AUDIT_ENTRIES))).all())
    assert "my secret" not in text
    assert "ada@" not in text
    assert HOME.address not in text


async def test_a_user_who_is_deleted_leaves_nothing_to_sign_in_with(house: House) -> None:
    """Name, password, factor and sessions go with their user."""
    ada = await house.person()
    opened = await house.sign_in()
    await house.enrol(opened)
    async with house.reception.ground.database.write() as connection:
        await rows.delete_user(connection, ada.id)
    with pytest.raises(Unauthenticated):
        await house.sign_in()
    assert await house.reception.invitations.login(ada.id) is None


async def test_a_second_factor_is_owed_before_anything_else(house: House) -> None:
    """With the password alone a session is not complete; with the code it is, under another token."""
    await house.person()
    app = await house.enrol(await house.sign_in())
    owing = await house.sign_in()
    assert not owing.session.complete
    assert owing.device is None
    present = await house.present(owing)
    with pytest.raises(Forbidden) as refused:
        await house.reception.door.show_factor(present, "000000", HOME)
    assert refused.value.code == "invalid_code"
    opened = await house.reception.door.show_factor(present, app.code(), HOME)
    assert opened.session.complete
    assert opened.device is not None
    assert opened.session.factor_at_ms is not None
    with pytest.raises(Unauthenticated):
        await house.present(owing)


async def test_second_factors_are_counted_by_themselves(house: House) -> None:
    """Guessing codes is slowed down, however often the password is shown in between; who does it elsewhere
    slows down nobody at home."""
    await house.person()
    app = await house.enrol(await house.sign_in())
    codes: list[str | None] = []
    for _ in range(7):
        present = await house.present(await house.sign_in(visitor=AWAY))
        with pytest.raises((Forbidden, TooMany)) as refused:
            await house.reception.door.show_factor(present, "000000", AWAY)
        codes.append(refused.value.code)
    assert codes == ["invalid_code"] * 5 + ["too_many_attempts"] * 2
    present = await house.present(await house.sign_in())
    assert (await house.reception.door.show_factor(present, app.code(), HOME)).session.complete


async def test_codes_cannot_be_guessed_from_a_thousand_networks(house: House) -> None:
    """Strangers who have the password share one allowance; a known browser has its own."""
    await house.person()
    app = await house.enrol(await house.sign_in())
    present = await house.present(await house.sign_in())
    device = (await house.reception.door.show_factor(present, app.code(), HOME)).device
    house.clock.now += 30
    codes: list[str | None] = []
    for number in range(60):
        visitor = Visitor(address=f"203.0.113.{number}")
        present = await house.present(await house.sign_in(visitor=visitor))
        with pytest.raises((Forbidden, TooMany)) as refused:
            await house.reception.door.show_factor(present, "000000", visitor)
        codes.append(refused.value.code)
    assert codes.count("invalid_code") == 50
    known = Visitor(address="203.0.113.99", device=device)
    present = await house.present(await house.sign_in(visitor=known))
    assert (await house.reception.door.show_factor(present, app.code(), known)).session.complete


async def test_the_browser_of_an_invitation_is_known(house: House) -> None:
    """Who chose a password there signs in there, whatever strangers of the same network have failed at."""
    user = await house.person()
    invited = await house.reception.invitations.invite(user.id, OPERATOR)
    opened = await house.reception.invitations.accept(invited.token, PASSWORD, HOME)
    assert opened.device is not None
    for _ in range(7):
        await wrong(house)
    with pytest.raises(TooMany):
        await house.sign_in()
    assert (await house.sign_in(visitor=Visitor(address=HOME.address, device=opened.device))).session.complete
