"""Users, keys and the first admin."""

import asyncio
import re
import sys
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from baton.access.identity.entities import KeyWish, UserWish
from baton.access.identity.first_admin import ensure_first_admin, read_first_key
from baton.core.errors import Invalid, NotFound, Unavailable
from baton.records.audit.entry import AuditFilter
from baton.records.audit.tables import AUDIT_ENTRIES
from baton.records.audit.trail import Trail
from tests.access.identity.conftest import ADMIN, Process, SetClock, mode, names, start
from tests.records.audit.keeping import KEYS


async def test_the_first_start_makes_an_admin_and_tells_the_key_once(here: Process, data_dir: Path) -> None:
    """The key is given back, lies in a file for the owner only, and lets its bearer in as admin."""
    key = await ensure_first_admin(here.identities, data_dir)
    assert key is not None
    assert re.fullmatch(r"bk-[A-Za-z0-9_-]{43}", key)
    caller = here.keyring.authenticate(key)
    assert caller.tier == "master"
    assert caller.roles == {"user", "admin"}
    assert await read_first_key(data_dir) == key
    assert mode(data_dir / "first-admin-key") == 0o600
    assert await ensure_first_admin(here.identities, data_dir) is None
    assert await read_first_key(data_dir) == key


async def test_an_admin_whose_key_cannot_be_kept_is_not_made(here: Process, data_dir: Path) -> None:
    """A full or foreign folder stops the start; the next start begins anew."""
    (data_dir / "first-admin-key").mkdir()
    with pytest.raises(Unavailable):
        await ensure_first_admin(here.identities, data_dir)
    assert await here.identities.users() == ()
    assert [name for name in names(data_dir) if name.startswith(".")] == []
    (data_dir / "first-admin-key").rmdir()
    assert await ensure_first_admin(here.identities, data_dir) is not None


async def test_processes_that_start_together_make_one_admin(data_dir: Path) -> None:
    """One secret, one admin, one key told by exactly one of them, and it works for all."""
    program = f"""
import asyncio, sys
from pathlib import Path
from baton.access.identity.first_admin import ensure_first_admin
from tests.access.identity.conftest import SetClock, start

async def main():
    data_dir = Path({str(data_dir)!r})
    print("ready", flush=True)
    sys.stdin.readline()
    async with start(data_dir, SetClock()) as process:
        print(await ensure_first_admin(process.identities, data_dir))

asyncio.run(main())
"""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    told = [out.decode().strip() for out, _ in said]
    assert told.count("None") == 2, said
    [key] = [each for each in told if each != "None"]
    assert await read_first_key(data_dir) == key
    async with start(data_dir, SetClock()) as here:
        assert here.keyring.authenticate(key).is_admin
        assert len(await here.identities.users()) == 1


async def test_a_key_stands_nowhere_but_in_its_answer(here: Process, data_dir: Path) -> None:
    """Neither the key nor its random part is in the database or its journal; a hint is."""
    user = await here.identities.create_user(UserWish(name="Ada"), ADMIN)
    made = await here.identities.create_key(KeyWish(name="k", user_id=user.id), ADMIN)
    for name in names(data_dir):
        assert made.secret[9:-4].encode() not in (data_dir / name).read_bytes()
    [key] = await here.identities.keys()
    assert key == made.key
    assert key.hint == f"{made.secret[:8]}…{made.secret[-4:]}"


async def test_keys_are_listed_by_user_and_stay_listed_when_revoked(here: Process, clock: SetClock) -> None:
    """Revoking tells when; doing it again does not move the time."""
    ada = await here.identities.create_user(UserWish(name="Ada"), ADMIN)
    bob = await here.identities.create_user(UserWish(name="Bob"), ADMIN)
    first = await here.identities.create_key(KeyWish(name="a", user_id=ada.id), ADMIN)
    await here.identities.create_key(KeyWish(name="b", user_id=bob.id), ADMIN)
    revoked = await here.identities.revoke_key(first.key.id, ADMIN)
    assert revoked.revoked_at_ms == int(clock.now * 1000)
    clock.now += 60
    assert await here.identities.revoke_key(first.key.id, ADMIN) == revoked
    assert await here.identities.keys(ada.id) == (revoked,)
    assert [key.name for key in await here.identities.keys()] == ["a", "b"]


async def test_wishes_that_make_no_sense_are_refused_by_field(here: Process, clock: SetClock) -> None:
    """Nothing is made of them."""
    user = await here.identities.create_user(UserWish(name="Ada"), ADMIN)
    past = int(clock.now * 1000)
    for wish, param in [
        (KeyWish(name=" ", user_id=user.id), "name"),
        (KeyWish(name="x" * 256, user_id=user.id), "name"),
        (KeyWish(name="k", user_id=user.id, tier=""), "tier"),
        (KeyWish(name="k", user_id=user.id, expires_at_ms=past), "expires_at"),
    ]:
        with pytest.raises(Invalid) as refusal:
            await here.identities.create_key(wish, ADMIN)
        assert refusal.value.param == param
    for wish in (UserWish(name=""), UserWish(name="Bob", tier="")):
        with pytest.raises(Invalid):
            await here.identities.create_user(wish, ADMIN)
    with pytest.raises(NotFound):
        await here.identities.create_key(KeyWish(name="k", user_id="nobody"), ADMIN)
    with pytest.raises(NotFound):
        await here.identities.revoke_key("no key", ADMIN)
    assert await here.identities.keys() == ()


async def test_identity_is_audited_without_names_or_secrets(here: Process) -> None:
    """Each user and key made, each key revoked; a name is sealed under its person's key, no digest there."""
    wish = UserWish(name="Ada Lovelace", email="al@example.org", locale="en-GB", subject="sso|1815")
    user = await here.identities.create_user(wish, ADMIN)
    made = await here.identities.create_key(KeyWish(name="Ada's laptop", user_id=user.id), ADMIN)
    await here.identities.revoke_key(made.key.id, ADMIN)
    await here.identities.revoke_key(made.key.id, ADMIN)
    entries = (await Trail(here.database, KEYS).page(AuditFilter(actor_id="admin"))).entries
    assert [(each.action, each.kind, each.key) for each in entries] == [
        ("revoke", "api_key", made.key.id),
        ("create", "api_key", made.key.id),
        ("create", "user", user.id),
    ]
    assert b"digest" not in msgspec.json.encode(entries)
    assert entries[2].after is not None
    assert msgspec.json.decode(entries[2].after)["name"] == "Ada Lovelace"
    assert b'"name":"Ada\'s laptop"' in bytes(entries[1].after or b"")
    async with here.database.read() as connection:
        stored = str((await connection.execute(select(AUDIT_ENTRIES))).all())
    for told in ("Lovelace", "al@example.org", "en-GB", "1815", "laptop"):
        assert told not in stored


async def test_the_first_key_can_be_missing(tmp_path: Path) -> None:
    """Before the first start, or when somebody took it away, it is said so."""
    with pytest.raises(NotFound):
        await read_first_key(tmp_path)
