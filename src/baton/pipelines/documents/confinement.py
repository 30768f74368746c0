"""What the child gives up before it looks at a file. For the child alone: there is no way back."""

import ctypes
import math
import resource
import signal

from baton.pipelines.documents.limits import Limits

_GRACE_S = 1
"""After which a child ends by itself that should have been ended; its parent may be gone."""
_STANDARD = 3
"""Descriptors that are open: input, output, and errors that nobody hears."""
_NO_NEW_PRIVILEGES = 38
"""`PR_SET_NO_NEW_PRIVS` of Linux' prctl(2)."""


def confine(limits: Limits) -> None:
    """Bound memory, processor time and time; no file is written, no core left, no process begun (but by
    root), and no right gained by a program with more of them."""
    ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _most(resource.RLIMIT_AS, limits.memory_bytes)
    _most(resource.RLIMIT_CPU, math.ceil(limits.seconds) + _GRACE_S)
    for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        _most(what, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE_S)


def shut() -> None:
    """From now on nothing can be opened: no file, no socket, no library."""
    _most(resource.RLIMIT_NOFILE, _STANDARD)


def _most(what: int, limit: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(what, (limit, limit))
