"""What may become of what a request says, as a request or a project requires it of who serves it."""

import re
from collections.abc import Iterable

from baton.core.errors import Invalid

LOCAL = "local"
"""It stays on machines of the house."""

NO_TRAINING = "no-training"
"""No model is trained on it."""

REGION = "region:"
"""Begins the word for a region in which it stays."""

REGION_PATTERN = r"[a-z0-9]{1,16}(?:-[a-z0-9]{1,16}){0,3}"
"""How regions are written: `eu`, `us`, `eu-west-1`; the shorter holds the longer."""

MOST = 8
"""Words in one place."""

DataNeeds = frozenset[str]
"""`local`, `no-training`, `region:eu`: all of them at once."""

NO_DATA_NEEDS: DataNeeds = frozenset()

_MEANT = ("dataneed", "datapolic", "datarequire")
_WORD = re.compile(f"{LOCAL}|{NO_TRAINING}|{REGION}{REGION_PATTERN}")


def is_meant(name: str) -> bool:
    """Whether the name of an option that there is not was meant for these, or for a provider's policy."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    return letters.startswith(_MEANT)


def read_data_needs(words: Iterable[str], param: str) -> DataNeeds:
    """What the words require, in any case.

    Raises:
        Invalid: one of them means nothing, or there are over `MOST`; `param`: where they stand.
    """
    needs = frozenset(word.strip().lower() for word in words)
    for word in sorted(needs):
        if _WORD.fullmatch(word) is None:
            raise Invalid(
                f"{word[:40]!r} is nothing that can be required of a data policy. There are: {LOCAL}, "
                f"{NO_TRAINING}, and a region such as {REGION}eu.",
                param=param,
            )
    if len(needs) > MOST:
        raise Invalid(f"At most {MOST} can be required of a data policy.", param=param)
    return needs
