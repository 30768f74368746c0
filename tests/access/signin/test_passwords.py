"""Passwords and their hashes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from baton.access.signin.passwords import LONGEST_BYTES, SHORTEST, Cost, Passwords
from baton.core.errors import Invalid, Unavailable

CHEAP = Cost(memory_kib=64, rounds=1)
"""For tests that say nothing of what a guess costs."""


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with Passwords(CHEAP) as opened:
        yield opened


async def test_a_hash_costs_what_it_should_and_holds_no_password() -> None:
    """argon2id with 19 MiB, two rounds, one lane, and a salt of its own each time."""
    async with Passwords() as passwords:
        first, second = (
            await passwords.hash("correct horse battery"),
            await passwords.hash("correct horse battery"),
        )
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert "horse" not in first


async def test_a_password_is_right_or_not(passwords: Passwords) -> None:
    """Only the same text is; another's case, blanks or beginning are not."""
    stored = await passwords.hash("correct horse battery")
    assert (await passwords.verify(stored, "correct horse battery")).right
    for wrong in (
        "Correct horse battery",
        "correct horse battery ",
        "correct horse",
        "",
        "x" * 5000,
        "\ud800",
    ):
        assert not (await passwords.verify(stored, wrong)).right


async def test_the_same_text_is_the_same_password_however_it_is_composed(passwords: Passwords) -> None:
    """An é of one keyboard is that of another."""
    stored = await passwords.hash("caf\u00e9 au lait s.v.p.")
    assert (await passwords.verify(stored, "cafe\u0301 au lait s.v.p.")).right


async def test_only_length_is_asked_for(passwords: Passwords) -> None:
    """Eleven characters are too few, twelve of any kind will do; more than 1024 bytes are too many."""
    for wrong in ("x" * (SHORTEST - 1), "x" * (LONGEST_BYTES + 1), "é" * (LONGEST_BYTES // 2 + 1)):
        with pytest.raises(Invalid):
            await passwords.hash(wrong)
    for right in ("x" * SHORTEST, "x" * LONGEST_BYTES, "           .", "é" * SHORTEST):
        assert (await passwords.verify(await passwords.hash(right), right)).right


async def test_a_hash_of_another_cost_is_renewed() -> None:
    """A good password gives its hash at today's cost; one that has it already, or a wrong one, gives none."""
    async with Passwords(CHEAP) as before, Passwords(Cost(memory_kib=128, rounds=1)) as today:
        stored = await before.hash("correct horse battery")
        assert (await today.verify(stored, "wrong horse battery")).renewed is None
        renewed = (await today.verify(stored, "correct horse battery")).renewed
        assert renewed is not None
        assert "m=128" in renewed
        assert (await today.verify(renewed, "correct horse battery")).renewed is None


async def test_who_has_no_password_never_has_the_right_one(passwords: Passwords) -> None:
    """Not even the one whose hash stands in for a stranger's."""
    for guess in ("a password that nobody has", "", "correct horse battery"):
        assert not (await passwords.verify(None, guess)).right


async def test_a_crowd_is_told_to_come_again(passwords: Passwords) -> None:
    """Of a thousand at once some are served, and the others refused at once: memory stays bounded."""
    stored = await passwords.hash("correct horse battery")
    attempts = [passwords.verify(stored, "correct horse battery") for _ in range(1000)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    refused = [each for each in results if isinstance(each, Unavailable)]
    assert len(refused) > 0
    assert all(each.retry_after_s for each in refused)
    assert len([each for each in results if not isinstance(each, BaseException) and each.right]) >= 64
    assert (await passwords.verify(stored, "correct horse battery")).right
