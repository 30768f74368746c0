"""The index against looking at everything."""

import random
from collections import OrderedDict

import numpy as np
import pytest

from baton.gateway.cache.semantic.index import ENTRY_BYTES, VectorIndex
from baton.gateway.cache.semantic.partition import BLOCK_ROWS, CANDIDATES

DIMENSIONS = 24
PLENTY = 1 << 30


def vectors(count: int, seed: int = 0, dimensions: int = DIMENSIONS) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(6))
def test_any_course_of_inserts_and_removes_finds_what_looking_at_everything_finds(seed: int) -> None:
    """Whatever has come and gone, the nearest entries of a small partition are the nearest there are."""
    rng = random.Random(seed)
    index = VectorIndex(DIMENSIONS, PLENTY)
    kept: dict[bytes, OrderedDict[str, np.ndarray]] = {b"one": OrderedDict(), b"other": OrderedDict()}
    for step, vector in enumerate(vectors(700, seed)):
        name = rng.choice([b"one", b"other"])
        if kept[name] and rng.random() < 0.45:
            gone = rng.choice(list(kept[name]))
            assert index.remove(gone)
            assert not index.remove(gone)
            del kept[name][gone]
        else:
            assert index.insert(name, f"{step}", vector) == ()
            kept[name][f"{step}"] = vector
        if step % 7:
            continue
        asked = vectors(1, seed=seed * 1000 + step)[0]
        for partition, held in kept.items():
            assert index.size_of(partition) == len(held) <= CANDIDATES
            found = index.nearest(partition, asked, least=0.1, most=5)
            true = sorted(((float(each @ asked), entry) for entry, each in held.items()), reverse=True)[:5]
            expected = [cosine for cosine, _ in true if cosine >= 0.1]
            assert [each.cosine for each in found] == pytest.approx(expected, abs=2e-3)
            assert all(float(held[each.id] @ asked) == pytest.approx(each.cosine, abs=2e-3) for each in found)
    assert len(index) == sum(map(len, kept.values()))


def test_a_neighbour_among_ten_thousand_is_found() -> None:
    """Beyond what is compared exactly, and over the borders of blocks, near ones are still found."""
    count, dimensions = 2 * BLOCK_ROWS + 1000, 96
    all_of_them = vectors(count, dimensions=dimensions)
    index = VectorIndex(dimensions, PLENTY)
    for number, vector in enumerate(all_of_them):
        index.insert(b"one", str(number), vector)
    rng = np.random.default_rng(1)
    for number in rng.integers(0, count, 100):
        noise = rng.standard_normal(dimensions)
        asked = all_of_them[number] + 0.5 * noise / np.linalg.norm(noise)
        nearest = index.nearest(b"one", asked.astype(np.float32), least=0.7, most=1)
        assert [each.id for each in nearest] == [str(int(np.argmax(all_of_them @ asked)))]
    for number in range(0, count, 2):
        index.remove(str(number))
    assert index.nearest(b"one", all_of_them[501], least=0.99)[0].id == "501"
    assert not index.nearest(b"one", all_of_them[500], least=0.99)


def test_who_was_not_used_longest_makes_room() -> None:
    """At the bound the entries go whose turn is longest ago; being found and touched counts as being used."""
    index = VectorIndex(DIMENSIONS, PLENTY, most_entries=3)
    four = vectors(4)
    for name, vector in zip("abc", four, strict=False):
        assert index.insert(b"one", name, vector) == ()
    index.touch("a")
    assert index.insert(b"other", "d", four[3]) == ("b",)
    assert "a" in index
    assert "b" not in index
    assert index.insert(b"one", "a", four[3]) == ()
    assert index.nearest(b"one", four[3], least=0.9)[0].id == "a"
    assert len(index) == 3


def test_bytes_stay_below_their_bound() -> None:
    """However many come, in however many partitions, no more is held than was allowed; and all of it goes."""
    most = 400_000
    index = VectorIndex(DIMENSIONS, most)
    rng = random.Random(0)
    inside: set[str] = set()
    for number, vector in enumerate(vectors(3000)):
        inside.add(str(number))
        inside -= set(index.insert(bytes([rng.randrange(40)]), str(number), vector))
        assert index.bytes_held <= most
    assert len(index) == len(inside) > 300
    for each in list(inside):
        index.remove(each)
    assert index.bytes_held == 0


def test_what_does_not_fit_alone_is_not_kept() -> None:
    """An index too small for one entry says so instead of going round for ever."""
    index = VectorIndex(DIMENSIONS, ENTRY_BYTES)
    assert index.insert(b"one", "a", vectors(1)[0]) == ("a",)
    assert len(index) == 0


@pytest.mark.parametrize(
    "bad", [[0.0] * DIMENSIONS, [1.0] * 3, [float("nan")] * DIMENSIONS, [float("inf")] * DIMENSIONS]
)
def test_what_has_no_direction_is_refused(bad: list[float]) -> None:
    """A vector that is near to nothing is neither kept nor looked for."""
    index = VectorIndex(DIMENSIONS, PLENTY)
    with pytest.raises(ValueError, match="vector"):
        index.insert(b"one", "a", bad)
    with pytest.raises(ValueError, match="vector"):
        index.nearest(b"one", bad, least=0.0)
    assert len(index) == 0


def test_partitions_know_nothing_of_each_other() -> None:
    """The same vector in another partition is not found."""
    index = VectorIndex(DIMENSIONS, PLENTY)
    vector = vectors(1)[0]
    index.insert(b"one", "a", vector)
    assert index.nearest(b"other", vector, least=-1.0) == ()
    assert index.nearest(b"one", vector, least=0.999)[0].id == "a"
