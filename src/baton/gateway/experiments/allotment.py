"""Which of the 10 000 places each arm holds: a growing arm keeps all it has, and takes what is free."""

from collections.abc import Iterator, Mapping, Sequence

PLACES = 10_000
"""Of a user's hash: a hundredth of a percent each."""

_A_PERCENT = PLACES // 100
_EXACT = 1e-6

Ranges = tuple[tuple[int, int], ...]
"""Ascending, each from its first place to before its second."""


def places_of(share: float) -> int:
    """How many places a share in percent is.

    Raises:
        ValueError: it has more than two decimals.
    """
    places = round(share * _A_PERCENT)
    if abs(places - share * _A_PERCENT) > _EXACT:
        raise ValueError(share)
    return places


def allotted(wanted: Mapping[str, int], before: Mapping[str, Ranges]) -> dict[str, Ranges]:
    """Who holds which places. `wanted`: how many, by arm, no more than there are; `before`: what they held.

    An arm that shrinks gives its last places away; one that grows keeps its own and takes the lowest that
    nobody holds. So nobody leaves an arm whose share is not lowered.
    """
    kept = {name: _first(before.get(name, ()), places) for name, places in wanted.items()}
    free = list(_free([each for ranges in kept.values() for each in ranges]))
    for name, places in wanted.items():
        missing = places - _number(kept[name])
        taken = _first(free, missing)
        free = _without(free, missing)
        kept[name] = _joined([*kept[name], *taken])
    return kept


def _number(ranges: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in ranges)


def _first(ranges: Sequence[tuple[int, int]], places: int) -> Ranges:
    """The first so many places of some ranges."""
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if places <= 0:
            break
        found.append((start, min(end, start + places)))
        places -= end - start
    return tuple(found)


def _without(ranges: Sequence[tuple[int, int]], places: int) -> list[tuple[int, int]]:
    """What is left of them behind those."""
    left: list[tuple[int, int]] = []
    for start, end in ranges:
        taken = min(places, end - start)
        places -= taken
        if start + taken < end:
            left.append((start + taken, end))
    return left


def _free(held: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in sorted(held):
        if at < start:
            yield at, start
        at = end
    if at < PLACES:
        yield at, PLACES


def _joined(ranges: Sequence[tuple[int, int]]) -> Ranges:
    """The same in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
