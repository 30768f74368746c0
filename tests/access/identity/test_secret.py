"""The root of all hashes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from baton.access.identity.secret import SecretRoot, load_secret
from baton.core.errors import Invalid, Unavailable
from baton.storage import private_file
from tests.access.identity.conftest import mode, names


async def test_the_first_start_makes_a_secret_that_later_starts_find(data_dir: Path) -> None:
    """One file, for the owner only, the same key for a purpose ever after."""
    first = await load_secret(data_dir, None)
    again = await load_secret(data_dir, None)
    assert first.derive("a") == again.derive("a")
    assert mode(data_dir / "secret.key") == 0o600
    assert mode(data_dir) == 0o700
    assert names(data_dir) == ["secret.key"]


async def test_two_folders_have_two_secrets(tmp_path: Path) -> None:
    """Nothing is fixed, nothing is shared."""
    first, second = await load_secret(tmp_path / "a", None), await load_secret(tmp_path / "b", None)
    assert first.derive("a") != second.derive("a")


def test_each_purpose_has_its_own_key() -> None:
    """A key for one purpose tells nothing of another's."""
    root = SecretRoot("a secret that is long enough")
    assert len(root.derive("a")) == 32
    assert root.derive("a") != root.derive("b")
    assert "secret that" not in repr(root)


async def test_a_given_secret_wins_and_needs_no_file(data_dir: Path) -> None:
    """With BATON_SECRET_KEY set the data folder isn't touched."""
    given = await load_secret(data_dir, "a secret that is long enough\n")
    assert given.derive("a") == SecretRoot("a secret that is long enough").derive("a")
    assert names(data_dir) == []


async def test_a_given_secret_that_makes_the_stored_keys_useless_is_told(data_dir: Path) -> None:
    """Who sets another secret later reads why every key is refused."""
    await load_secret(data_dir, None)
    same = (data_dir / "secret.key").read_text()
    with capture_logs() as logs:
        await load_secret(data_dir, same)
    assert logs == []
    with capture_logs() as logs:
        await load_secret(data_dir, "a secret that is long enough")
    assert [log["event"] for log in logs] == ["secret_key_differs"]


async def test_a_secret_that_can_be_guessed_is_refused(data_dir: Path) -> None:
    """The refusal names the setting and not the secret."""
    with pytest.raises(Invalid) as refusal:
        await load_secret(data_dir, "tooshort")
    assert refusal.value.param == "BATON_SECRET_KEY"
    assert "tooshort" not in refusal.value.message


async def test_a_file_that_holds_no_secret_stops_the_start(tmp_path: Path) -> None:
    """It is neither used nor replaced: every key would be lost."""
    (tmp_path / "secret.key").write_bytes(b"\xff\n")
    with pytest.raises(Unavailable):
        await load_secret(tmp_path, None)
    (tmp_path / "secret.key").write_bytes(b"")
    with pytest.raises(Unavailable):
        await load_secret(tmp_path, None)
    assert (tmp_path / "secret.key").read_bytes() == b""


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The message says which file, and why."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as refusal:
        await load_secret(tmp_path / "file" / "data", None)
    assert "secret.key" in refusal.value.message


async def test_starts_at_the_same_moment_find_one_secret(tmp_path: Path) -> None:
    """Whoever comes second reads the first one's file, whole."""

    def race(number: int) -> list[bytes]:
        path = tmp_path / str(number) / "secret.key"
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda n: private_file.make_once(path, bytes([n]) * 4096), range(8)))

    for number in range(20):
        found = await asyncio.to_thread(race, number)
        assert len(set(found)) == 1
        assert names(tmp_path / str(number)) == ["secret.key"]


def test_a_replaced_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    """Also where the file it replaces was not."""
    path = tmp_path / "first-admin-key"
    path.write_text("old")
    path.chmod(0o644)
    private_file.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o600
