"""Small regression trees, read as data."""

from collections.abc import Sequence

from msgspec import Struct


class Tree(Struct, frozen=True, array_like=True):
    """A complete binary tree of three questions: the children of node n are 2n + 1 where the measure is at
    most its threshold, else 2n + 2; the seven nodes are followed by eight leaves."""

    measures: tuple[int, ...]
    thresholds: tuple[float, ...]
    leaves: tuple[float, ...]


def total(trees: Sequence[Tree], measured: Sequence[float]) -> float:
    """What the trees say of these measures, together."""
    said = 0.0
    for tree in trees:
        measures, thresholds = tree.measures, tree.thresholds
        node = 1 + (measured[measures[0]] > thresholds[0])
        node += node + 1 + (measured[measures[node]] > thresholds[node])
        node += node + 1 + (measured[measures[node]] > thresholds[node])
        said += tree.leaves[node - 7]
    return said
