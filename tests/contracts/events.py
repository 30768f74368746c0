"""Server-sent events read a second way: slowly, line by line, as the WHATWG HTML standard words it (9.2.6).

It shares nothing with Baton's reader, so that the two can be held against each other.
"""

import re
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\n|\r")


class Event(NamedTuple):
    """One dispatched event."""

    name: str
    data: str


def read_events(stream: bytes, *, keep_last: bool = True) -> list[Event]:
    """The events of a whole stream. `keep_last`: one that the end cuts off before its blank line counts,
    as Baton's reader has it; the standard discards it."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    *lines, last = _LINE_END.split(text)
    if keep_last:
        lines += [last, ""]
    events: list[Event] = []
    name, data = "", ""
    for line in lines:
        if line == "":
            if data:
                events.append(Event(name or "message", data[:-1]))
            name, data = "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data += value + "\n"
        elif field == "event":
            name = value
    return events
