"""What is sealed."""

import pytest

from baton.access.signin.seal import Seal
from baton.core.errors import Unavailable

KEY = bytes(range(32))


def test_what_is_sealed_opens_for_its_owner_alone() -> None:
    """Another owner, another key, or one bit changed anywhere: it does not open."""
    sealed = Seal(KEY).close(b"a secret", "ada")
    assert Seal(KEY).open(sealed, "ada") == b"a secret"
    assert b"secret" not in sealed
    wrong = [(Seal(KEY), sealed, "bob"), (Seal(bytes(32)), sealed, "ada"), (Seal(KEY), b"", "ada")]
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        wrong.append((Seal(KEY), bytes(changed), "ada"))
    for seal, text, owner in wrong:
        with pytest.raises(Unavailable):
            seal.open(text, owner)


def test_the_same_text_is_sealed_differently_each_time() -> None:
    """Nobody can see that two people have the same secret."""
    seal = Seal(KEY)
    assert seal.close(b"a secret", "ada") != seal.close(b"a secret", "ada")
