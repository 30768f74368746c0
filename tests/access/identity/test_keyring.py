"""Who is let in."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.access.identity.entities import KeyWish, UserWish
from baton.access.identity.keyring import Keyring
from baton.access.identity.last_use import LastUse
from baton.access.identity.mint import KeyMint
from baton.access.identity.secret import SecretRoot
from baton.core.errors import Unauthenticated, Unavailable
from tests.access.identity.conftest import ADMIN, MASTER_KEY, Process, SetClock, start

PATIENCE_S = 10.0


async def make_key(process: Process, expires_at_ms: int | None = None) -> tuple[str, str]:
    """A key of a new user: its id and the key."""
    user = await process.identities.create_user(UserWish(name="Ada", tier="pro"), ADMIN)
    wish = KeyWish(name="k", user_id=user.id, expires_at_ms=expires_at_ms)
    made = await process.identities.create_key(wish, ADMIN)
    return made.key.id, made.secret


def refusal(keyring: Keyring, presented: str | None) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        keyring.authenticate(presented)
    return caught.value


async def test_a_key_tells_who_its_caller_is(here: Process) -> None:
    """The key's tier is `free` unless given; None means the user's; the roles are the user's."""
    key_id, secret = await make_key(here)
    caller = here.keyring.authenticate(secret)
    [user] = await here.identities.users()
    assert (caller.user_id, caller.key_id, caller.tier) == (user.id, key_id, "free")
    assert caller.roles == {"user"}
    assert not caller.is_admin
    made = await here.identities.create_key(KeyWish(name="k", user_id=user.id, tier=None), ADMIN)
    assert here.keyring.authenticate(made.secret).tier == "pro"


async def test_no_key_and_a_wrong_key_are_told_apart(here: Process) -> None:
    """Two codes, one status, and never a word of what was presented."""
    _, secret = await make_key(here)
    for missing in (None, ""):
        assert refusal(here.keyring, missing).code == "missing_api_key"
    for wrong in ("sk-other", secret[:-1], secret + "x", secret.swapcase(), "x" * 100_000, "\udc80"):
        error = refusal(here.keyring, wrong)
        assert (error.status, error.code) == (401, "invalid_api_key")
        assert wrong not in error.message


async def test_a_key_expires_on_its_moment(here: Process, clock: SetClock) -> None:
    """Good until just before, refused from then on, without any reload."""
    _, secret = await make_key(here, expires_at_ms=int(clock.now * 1000) + 60_000)
    clock.now += 59.999
    here.keyring.authenticate(secret)
    clock.now += 0.001
    assert refusal(here.keyring, secret).code == "invalid_api_key"


async def test_what_another_process_makes_and_revokes_is_noticed(
    here: Process, data_dir: Path, clock: SetClock
) -> None:
    """The command line writes to the database, and the running server follows by itself."""
    changed = asyncio.Event()

    async def on_change() -> None:
        changed.set()

    here.notices.subscribe("identity", on_change)  # after the keyring's own
    async with start(data_dir, clock) as there:
        key_id, secret = await make_key(there)
        there.keyring.authenticate(secret)
        async with asyncio.timeout(PATIENCE_S):
            while not _lets_in(here.keyring, secret):
                changed.clear()
                await changed.wait()
        await there.identities.revoke_key(key_id, ADMIN)
        refusal(there.keyring, secret)
        async with asyncio.timeout(PATIENCE_S):
            while _lets_in(here.keyring, secret):
                changed.clear()
                await changed.wait()


def _lets_in(keyring: Keyring, secret: str) -> bool:
    with contextlib.suppress(Unauthenticated):
        keyring.authenticate(secret)
        return True
    return False


async def test_the_master_key_is_the_first_admins(here: Process) -> None:
    """It works once there is an admin, and is nowhere in the database."""
    refusal(here.keyring, MASTER_KEY)

    async def keep(key: str) -> None:
        pass

    made = await here.identities.make_first_admin(keep)
    assert made is not None
    caller = here.keyring.authenticate(MASTER_KEY)
    own = here.keyring.authenticate(made.secret)
    assert (caller.user_id, caller.tier, caller.roles) == (own.user_id, "master", own.roles)
    assert caller.is_admin
    assert caller.key_id == "master"
    assert [key.name for key in await here.identities.keys()] == ["first admin key"]


async def test_keys_not_loaded_are_no_reason_to_call_a_caller_a_stranger(here: Process) -> None:
    """With the database away at start the answer is 503, never 401; opening again helps."""
    _, secret = await make_key(here)
    await here.database.close()
    mint = KeyMint(SecretRoot("a secret that is long enough"))
    keyring = Keyring(here.database, here.notices, mint, here.clock)
    with pytest.raises(Unavailable):
        await keyring.open()
    with pytest.raises(Unavailable):
        keyring.authenticate(secret)
    await here.database.open()
    async with keyring:
        refusal(keyring, secret)  # another root: another digest


async def test_a_database_that_goes_away_shuts_nobody_out(here: Process) -> None:
    """The keys that are known stay good."""
    _, secret = await make_key(here)
    await here.database.close()
    await here.notices.poll()
    here.keyring.authenticate(secret)


async def test_the_last_use_is_written_beside_the_requests(here: Process, clock: SetClock) -> None:
    """A key's last use reaches the list at the next writing, and at the end; never backwards."""
    key_id, secret = await make_key(here)

    async def last_use() -> int | None:
        return {key.id: key.last_used_at_ms for key in await here.identities.keys()}[key_id]

    async with LastUse(here.database, here.keyring, every_s=3600) as uses:
        here.keyring.authenticate(secret)
        assert await last_use() is None
        await uses.flush()
        assert await last_use() == int(clock.now * 1000)
        clock.now -= 10
        here.keyring.authenticate(secret)
        await uses.flush()
        assert await last_use() == int((clock.now + 10) * 1000)
        clock.now += 60
        here.keyring.authenticate(secret)
    assert await last_use() == int(clock.now * 1000)


async def test_a_last_use_waits_for_a_database_that_is_away(here: Process, clock: SetClock) -> None:
    """It is written when the database is back."""
    _, secret = await make_key(here)
    uses = LastUse(here.database, here.keyring)
    here.keyring.authenticate(secret)
    await here.database.close()
    await uses.flush()
    await here.database.open()
    await uses.flush()
    assert [key.last_used_at_ms for key in await here.identities.keys()] == [int(clock.now * 1000)]


@given(st.text(max_size=100), st.text(max_size=100))
def test_only_the_same_key_has_the_same_digest(one: str, other: str) -> None:
    """For any text a header can hold, and under one root only."""
    mint = KeyMint(SecretRoot("a secret that is long enough"))
    assert (mint.digest(one) == mint.digest(other)) == (one == other)
    assert mint.digest(one) != KeyMint(SecretRoot("another that is long enough")).digest(one)
