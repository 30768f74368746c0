"""A plugin of pytest: a run says what each of its long proofs proved, and what it found on the way."""

import inspect
from typing import Any

import pytest

FOUND = "found"
"""The name under which a proof records its figures, with pytest's `record_property`."""

_PROMISE = "promise"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every long proof carry its promise to the summary: the first sentence of its docstring."""
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("soak") is not None:
            promise = (inspect.getdoc(item.function) or item.name).partition(".")[0]
            item.user_properties.append((_PROMISE, " ".join(promise.split())))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each proof that holds, with its cases and its time."""
    for report in terminalreporter.getreports("passed"):
        told = dict(report.user_properties)
        if report.when != "call" or _PROMISE not in told:
            continue
        name = report.nodeid.rpartition("::")[2]
        terminalreporter.write_line(f"proved in {report.duration:.0f} s by {name}: {told[_PROMISE]}.")
        if FOUND in told:
            terminalreporter.write_line(f"    {told[FOUND]}")
