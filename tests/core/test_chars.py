"""Characters by kind, and texts that come in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from baton.core.chars import KEPT_CHARS, KINDS, NO_CHARS, Tally, chars_of
from baton.core.estimate import weight_of

WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(WORDS)
def test_every_character_is_of_one_kind(text: str) -> None:
    """None is counted twice or forgotten."""
    assert sum(chars_of(text)[: len(KINDS)]) == len(text)


def test_kinds_and_neighbours_are_what_they_are_called() -> None:
    """Letters, digits, spaces, marks; accents, scripts, signs, emoji; words, runs of spaces, names."""
    assert chars_of("if  x1:\n éжก—日🎉") == (3, 1, 4, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0)
    assert chars_of("a.b") == (2, 0, 0, 1, *(0,) * 8, 1)


def test_a_long_text_is_judged_by_samples() -> None:
    """And comes out as what it is made of."""
    letters, digits, *rest = chars_of("a1" * 1_000_000)
    assert abs(letters - 1_000_000) < 10_000
    assert abs(digits - 1_000_000) < 10_000
    assert sum(rest) == 0


@given(st.lists(WORDS, max_size=300))
def test_pieces_add_up_to_the_text(pieces: list[str]) -> None:
    """However it was cut: each character counts, and neighbours but for those at a few borders."""
    tally = Tally()
    assert tally.chars == NO_CHARS
    for piece in pieces:
        tally.hear(piece)
    whole = chars_of("".join(pieces))
    assert tally.size == sum(whole[: len(KINDS)])
    assert tally.beginning == "".join(pieces)[:KEPT_CHARS]
    assert tally.chars[: len(KINDS)] == whole[: len(KINDS)]
    lost = [one - other for one, other in zip(whole, tally.chars, strict=True)]
    assert 0 <= sum(lost) <= len(pieces) // 64 + 1


def test_of_a_long_text_only_the_beginning_is_kept() -> None:
    """However long it grows, and wherever it is cut."""
    tally = Tally()
    for number in range(10_000):
        tally.hear(f"{number} ")
    assert tally.beginning == "".join(f"{number} " for number in range(10_000))[:KEPT_CHARS]


def test_scripts_weigh_what_they_take() -> None:
    """A Latin letter one, a Cyrillic one and a half, a Han two."""
    assert [weight_of(text) for text in ("four", "было", "明日", "", "\ud800")] == [4, 6, 4, 0, 1]
