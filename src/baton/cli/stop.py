"""Why a command ends before its work is done, and with which exit code."""

DONE = 0
FAILED = 1
"""It could not be done: refused, not found, away; or `doctor` found something broken."""

MISUSED = 2
"""The command line or the settings are wrong; nothing was done."""

INTERRUPTED = 130
"""A second Ctrl-C, or the first where there is nothing to finish."""


class Stop(Exception):
    """Ends the command with one clear sentence on stderr, or several where several things are wrong."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
