"""What people and models said in a run: kept so that who has the database alone reads nothing."""

from typing import TypeVar

import msgspec
from msgspec import Raw

from baton.access.signin.seal import Seal

T = TypeVar("T")

PURPOSE = "run content v1"
"""What the key for it is derived for."""


class Content:
    """JSON, sealed; each piece belongs to one place in one run and opens nowhere else."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def close(self, value: object, run_id: str, place: str) -> bytes:
        """A value sealed. `place`: which piece of the run it is."""
        return self._seal.close(msgspec.json.encode(value), f"{run_id}/{place}")

    def open(self, sealed: bytes, run_id: str, place: str, kind: type[T]) -> T:
        """The value again.

        Raises:
            Unavailable: it was sealed under another secret; code `unreadable_secret`.
            msgspec.ValidationError: it is not of that kind.
        """
        return msgspec.json.decode(self._seal.open(sealed, f"{run_id}/{place}"), type=kind)

    def open_if(self, sealed: bytes | None, run_id: str, place: str) -> Raw | None:
        """The JSON again; None where there is none."""
        return None if sealed is None else Raw(self._seal.open(sealed, f"{run_id}/{place}"))
