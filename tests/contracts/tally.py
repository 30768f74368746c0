"""A plugin of pytest: the run says how many recorded exchanges it used (decision 28)."""

from typing import Any

import pytest

from tests.contracts import recordings

_KEY = "recorded_exchanges"


class Tally:
    """Ids of the exchanges that were used, in this process and, under xdist, in the workers."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker is done; it has sent what it used."""
        self.used.update(getattr(node, "workeroutput", {}).get(_KEY, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker sends what it used; a lone process keeps it."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_KEY] = sorted(recordings.USED)
        self.used.update(recordings.USED)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line at the end."""
        there = "" if recordings.present() else " (there are none: see BATON_TEST_DATA)"
        terminalreporter.write_line(f"recorded exchanges used: {len(self.used)}{there}")


def pytest_configure(config: pytest.Config) -> None:
    """One tally for a run."""
    config.pluginmanager.register(Tally(), "recorded-exchanges-tally")
