"""Which ordinary interactions are judged: a share of each use case's, drawn by a hash."""

from collections.abc import Mapping
from hashlib import blake2b

from baton.core.errors import Invalid

_HASH_BYTES = 8
_PLACES = 1 << (8 * _HASH_BYTES)


class Sampling:
    """Draws interactions: the same ones in every process, and nobody without the key knows which."""

    def __init__(self, secret: bytes, shares: Mapping[str, float], default: float = 0.0) -> None:
        """`secret`: at most 64 bytes; `shares`: by use case, 0 to 1; `default`: of all others.

        Raises:
            Invalid: a share is none.
        """
        for name, share in (*shares.items(), ("default", default)):
            if not 0.0 <= share <= 1.0:  # also of NaN
                raise Invalid(f"The share of {name} is not between 0 and 1.", param=name)
        # A key of its own: who is drawn here must say nothing of who is in which arm of an experiment.
        self._key = blake2b(b"quality sampling", key=secret).digest()
        self._bounds = {name: _bound(share) for name, share in shares.items()}
        self._default = _bound(default)

    def is_drawn(self, interaction_id: str, use_case: str | None) -> bool:
        """Whether an interaction is judged. As a share grows, whatever was drawn stays drawn."""
        digest = blake2b(interaction_id.encode(), digest_size=_HASH_BYTES, key=self._key).digest()
        bound = self._default if use_case is None else self._bounds.get(use_case, self._default)
        return int.from_bytes(digest, "big") < bound


def _bound(share: float) -> int:
    """The first place that is not drawn; exact for 0 and 1."""
    return int(share * _PLACES)
