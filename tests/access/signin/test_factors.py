"""The second factor."""

import asyncio

import pytest
from pyotp.totp import TOTP

from baton.access.signin.entities import Present
from baton.access.signin.memory_throttle import MemoryThrottle
from baton.core.errors import BatonError, Conflict, Forbidden, Unauthenticated
from baton.storage import schema
from baton.storage.database import Database
from tests.access.identity.conftest import SetClock
from tests.access.signin.conftest import AWAY, HOME, PASSWORD, App, House, receiving
from tests.databases import Place


async def owing(house: House) -> Present:
    """Somebody who has shown their password."""
    return await house.present(await house.sign_in())


async def shows(house: House, code: str) -> bool:
    """Whether a code completes a sign-in."""
    present = await owing(house)
    try:
        opened = await house.reception.door.show_factor(present, code, HOME)
    except Forbidden:
        return False
    return opened.session.complete


@pytest.fixture
async def app(house: House) -> App:
    """Of somebody who has enrolled it."""
    await house.person()
    return await house.enrol(await house.sign_in())


async def test_a_code_is_good_once(house: House, app: App) -> None:
    """Neither it, nor one from before it, is taken again; the next one is."""
    before, code = app.code(-1), app.code()
    assert await shows(house, code)
    assert not await shows(house, code)
    assert not await shows(house, before)
    house.clock.now += 30
    assert await shows(house, app.code())


async def test_the_code_that_enrolled_is_used_up(house: House) -> None:
    """Whoever looked over the shoulder then cannot sign in with it."""
    await house.person()
    present = await house.present(await house.sign_in())
    begun = await house.reception.account.begin_factor(present, PASSWORD, HOME)
    code = App(TOTP(begun.secret), house.clock).code()
    await house.reception.account.confirm_factor(present, code, HOME)
    assert not await shows(house, code)


async def test_a_clock_may_be_half_a_minute_off(house: House, app: App) -> None:
    """One step before and one after are taken, two are not."""
    house.clock.now += 300
    assert not await shows(house, app.code(-2))
    assert not await shows(house, app.code(2))
    assert await shows(house, app.code(-1))
    assert await shows(house, app.code(1))


@pytest.mark.parametrize("written", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "000 00", "\ud800"])
async def test_what_is_no_code_is_refused(house: House, app: App, written: str) -> None:
    """As a wrong code, not as an error of ours."""
    assert not await shows(house, written)


async def test_blanks_in_a_code_do_not_matter(house: House, app: App) -> None:
    """Apps show it in two groups."""
    code = app.code()
    assert await shows(house, f" {code[:3]} {code[3:]} ")


async def test_of_two_who_present_a_code_one_gets_in(place: Place, clock: SetClock) -> None:
    """Also in two processes at the same moment: the database decides."""
    async with Database(place.settings) as one, Database(place.settings) as two:
        await schema.upgrade(one)
        async with receiving(one, clock) as here, receiving(two, clock, MemoryThrottle(clock)) as there:
            await here.person()
            app = await here.enrol(await here.sign_in())
            for _ in range(3):
                house_and_present = [(house, await owing(house)) for house in (here, there, here, there)]
                code = app.code()
                results = await asyncio.gather(
                    *(
                        house.reception.door.show_factor(present, code, AWAY)
                        for house, present in house_and_present
                    ),
                    return_exceptions=True,
                )
                refused = [each for each in results if isinstance(each, BaseException)]
                assert len(refused) == 3
                assert all(isinstance(each, BatonError) for each in refused)
                clock.now += 3600


async def test_a_recovery_code_is_good_once(house: House, app: App) -> None:
    """However it is written; nine are left, and each of them is good."""
    assert len(set(app.codes)) == 10
    first, *rest = app.codes
    assert await shows(house, f" {first.replace('-', ' ').upper()}")
    assert not await shows(house, first)
    state = await house.reception.account.factor((await owing(house)).user.id)
    assert state.recovery_codes == 9
    for code in rest:
        assert await shows(house, code)


async def test_another_users_recovery_code_is_none(house: House, app: App) -> None:
    """Codes are their owner's."""
    await house.person("bob@example.com")
    bob = await house.enrol(await house.sign_in("bob@example.com"))
    assert not await shows(house, bob.codes[0])
    assert await shows(house, app.codes[0])


async def test_new_recovery_codes_replace_the_old(house: House, app: App) -> None:
    """What lies on the old sheet of paper is worth nothing any more."""
    present = await house.present(
        await house.reception.door.show_factor(await owing(house), app.code(), HOME)
    )
    fresh = await house.reception.account.renew_codes(present, HOME)
    assert not await shows(house, app.codes[0])
    assert await shows(house, fresh[0])


async def test_enrolling_asks_for_the_password_and_for_a_code(house: House) -> None:
    """Until the code came the factor does not count; a browser left open cannot enrol one."""
    await house.person()
    opened = await house.sign_in()
    present = await house.present(opened)
    account = house.reception.account
    with pytest.raises(Forbidden) as refused:
        await account.begin_factor(present, "wrong horse battery", HOME)
    assert refused.value.code == "wrong_password"
    with pytest.raises(Conflict):
        await account.confirm_factor(present, "000000", HOME)
    await account.begin_factor(present, PASSWORD, HOME)
    with pytest.raises(Forbidden):
        await account.confirm_factor(present, "000000", HOME)
    assert (await house.sign_in()).session.complete


async def test_enrolling_ends_the_other_sessions(house: House) -> None:
    """And the one that enrolled goes on under a new token; a second enrolment is refused."""
    await house.person()
    other, own = await house.sign_in(visitor=AWAY), await house.sign_in()
    app = await house.enrol(own)
    for gone in (other, own):
        with pytest.raises(Unauthenticated):
            await house.present(gone)
    assert app.opened is not None
    present = await house.present(app.opened)
    assert house.reception.sessions.fresh(present.session)
    with pytest.raises(Conflict):
        await house.reception.account.begin_factor(present, PASSWORD, HOME)


async def test_removing_asks_for_the_password_and_a_code(house: House, app: App) -> None:
    """Neither alone will do; afterwards the password alone opens, and no recovery code is left."""
    present = await house.present(
        await house.reception.door.show_factor(await owing(house), app.code(), HOME)
    )
    account = house.reception.account
    with pytest.raises(Forbidden) as refused:
        await account.remove_factor(present, "wrong horse battery", app.codes[0], HOME)
    assert refused.value.code == "wrong_password"
    with pytest.raises(Forbidden) as refused:
        await account.remove_factor(present, PASSWORD, "000000", HOME)
    assert refused.value.code == "invalid_code"
    after = await account.remove_factor(present, PASSWORD, app.codes[0], HOME)
    assert (await house.sign_in()).session.complete
    state = await account.factor(after.session.user_id)
    assert (state.enrolled_at_ms, state.recovery_codes) == (None, 0)


async def test_a_factor_that_was_shown_is_fresh_for_ten_minutes(house: House, app: App) -> None:
    """Then it has to be shown again."""
    sessions = house.reception.sessions
    opened = await house.reception.door.show_factor(await owing(house), app.code(), HOME)
    assert sessions.fresh(opened.session)
    house.clock.now += 600
    present = await house.present(opened)
    assert not sessions.fresh(present.session)
    again = await house.reception.door.show_factor(present, app.code(), HOME)
    assert sessions.fresh((await house.present(again)).session)
