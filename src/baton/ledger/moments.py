"""Times in ids: an interaction's id begins with its time, so its order is the order of time."""


def id_from(at_ms: int) -> str:
    """What every id of that millisecond (Unix) or later is not before."""
    digits = f"{max(at_ms, 0):012x}"
    return f"{digits[:8]}-{digits[8:]}"
