"""What was paid for by the piece, as the database keeps it: a JSON object of counts."""

import msgspec

from baton.core.usage import Charge, Usage

UNCOUNTED = "uncounted"
"""Stands for more of it, of which nobody told the amount."""

_COUNTS = msgspec.json.Decoder(dict[str, int])


def charges_text(usage: Usage) -> str | None:
    """What a usage has of it; None: nothing."""
    if not (usage.charges or usage.beside):
        return None
    counts = {charge.value: count for charge, count in usage.charges}
    return msgspec.json.encode(counts | ({UNCOUNTED: 1} if usage.beside else {})).decode()


def with_charges(usage: Usage, text: str | None) -> Usage:
    """The usage with what is stored of it."""
    if text is None:
        return usage
    counts = _COUNTS.decode(text)
    return msgspec.structs.replace(
        usage,
        charges=tuple((charge, counts[charge]) for charge in Charge if charge in counts),
        beside=UNCOUNTED in counts,
    )
