"""What is required of data policies, as bodies say it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from baton.core.data_needs import MOST

DataNeedsAsked = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...],
    Field(
        max_length=MOST,
        description="What whoever serves it must state of data: `local`, `no-training`, `region:eu`.",
    ),
]
