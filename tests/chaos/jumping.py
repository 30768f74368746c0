"""`baton serve` on a machine whose clock is set: back by an hour at SIGUSR1, forward by one at SIGUSR2.

Everything that asks for the time of day gets the wrong one, as with a clock that was really set; what asks
how long something took is not concerned. Run as a module.
"""

import signal
import sys
import time
from types import FrameType

HOUR_S = 3600

_time, _time_ns = time.time, time.time_ns
_offset_s = 0


def _set(number: int, frame: FrameType | None) -> None:
    global _offset_s
    _offset_s += -HOUR_S if number == signal.SIGUSR1 else HOUR_S


def main() -> None:
    """Serve."""
    time.time = lambda: _time() + _offset_s
    time.time_ns = lambda: _time_ns() + _offset_s * 1_000_000_000
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, _set)
    from baton.cli.main import main as baton  # only now: what is imported shall find the wrong clock

    sys.argv[1:] = ["serve"]
    baton()


if __name__ == "__main__":
    main()
