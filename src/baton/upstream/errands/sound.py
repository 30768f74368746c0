"""How long a recording can be, as far as its bytes tell: what it may cost before anybody has heard it."""

import struct

HEAD_BYTES = 4096
"""What of a recording is looked at."""

_LOWEST_BYTES_PER_S = 750
"""6 kbit/s, Opus's lowest (RFC 6716, section 2.1.1), below those of the other formats that are taken. Silence
can be packed tighter than that: its bill is then above its hold."""

_LEAST_S = 10
"""What the provider that rounds up most charges at least (Groq's price page)."""

_MOST_S = 1_000_000
"""Eleven days: beyond it a figure is a mistake, or a trick."""

_PLAIN = frozenset({1, 3})
"""Samples as they are, whole numbers or floats (RFC 2361); the rest is packed."""

_FORMAT = struct.Struct("<HHIIHH")


def most_seconds(head: bytes, size: int) -> int:
    """Seconds that a recording lasts at most. `head`: what it begins with; `size`: of all of it, bytes."""
    rate = _plain_rate(head) or _LOWEST_BYTES_PER_S
    return min(max(_LEAST_S, -(-size // rate)), _MOST_S)


def _plain_rate(head: bytes) -> int:
    """Bytes per second of a WAVE file whose samples are not packed; 0: it is none."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return 0
    at = 12
    while at + 8 + _FORMAT.size <= len(head):
        (length,) = struct.unpack_from("<I", head, at + 4)
        if head[at : at + 4] == b"fmt ":
            kind, channels, samples, _, _, bits = _FORMAT.unpack_from(head, at + 8)
            return channels * samples * bits // 8 if kind in _PLAIN else 0
        at += 8 + length + length % 2
    return 0
