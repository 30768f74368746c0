"""A plugin of pytest: the collector of cycles as the command has it, and it never looks at what imports made.

Looking through hundreds of thousands of objects that stay took a fifth of each Baton's start in a test.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from baton.cli.main import COLLECT_AFTER


def pytest_collection_finish() -> None:
    """Every test is imported now."""
    gc.set_threshold(COLLECT_AFTER)
    _settle()


@contextmanager
def young() -> Iterator[None]:
    """Only what is made inside is looked at, and of what was made before nothing."""
    _settle()
    try:
        yield
    finally:
        gc.unfreeze()
        _settle()


def _settle() -> None:
    gc.collect()
    gc.freeze()
