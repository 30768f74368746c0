"""What is left of an English word without its endings, and whether one word is a slip of the other."""

_VOWELS = frozenset("aeiouy")


def stem(word: str) -> str:
    """The same for the forms of most words: `filter`, `filters`, `filtered`, `filtering`."""
    if len(word) <= 3:
        return word
    if word.endswith("ies") or word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base is not word and len(base) >= 3 and not _VOWELS.isdisjoint(base):
            word = base
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def without_degree(word: str) -> tuple[str, tuple[str, ...]]:
    """`est`, `er` or nothing, and what may have stood before it: `large` and others for `largest`."""
    for ending in ("est", "er"):
        plain = word.removesuffix(ending)
        if plain is not word and len(plain) > 2:
            return ending, (plain, plain + "e", plain[:-1])
    return "", ()


def is_slip(one: str, other: str) -> bool:
    """Whether one letter was left out, doubled, mistaken, or changed places with its neighbour.

    Never the first letter, and never in words of fewer than five letters: those are too often other words.
    """
    if len(one) > len(other):
        one, other = other, one
    if len(one) < 4 or len(other) < 5 or len(other) - len(one) > 1 or one[0] != other[0]:
        return False
    at = next((index for index in range(len(one)) if one[index] != other[index]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    if one[at + 1 :] == other[at + 1 :]:
        return True
    return one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
