"""The page about types of tasks speaks of the model that is shipped."""

from hashlib import sha256

import pytest
from tools.tasks.__main__ import MODEL, PAGE
from tools.tasks.examples import own

from baton.gateway.routing.tasks.model import packaged_model


@pytest.mark.parametrize(
    "said",
    [
        f"`{sha256(MODEL.read_bytes()).hexdigest()[:16]}`",
        f"{MODEL.stat().st_size} bytes",
        f"probability of {packaged_model().sure_from}.",
        f"{len(own())} of our own",
    ],
)
def test_the_page_is_of_this_model(said: str) -> None:
    """Whoever trains anew evaluates anew."""
    assert said in PAGE.read_text(encoding="utf-8")
    assert MODEL.stat().st_size < 1_000_000
