"""The items of an answer being written: one behind the other, each with an id of its own."""

import re
from typing import Any

from msgspec import Struct

_ID_CHARS = 36
"""Of the answer's id in the ids of its items: those may have 64."""

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")

Event = dict[str, Any]
"""One event of a stream, but for its number."""


class Item(Struct):
    """An item under way."""

    at: int
    """Its place in the output."""
    fields: dict[str, Any]
    pieces: list[str]
    """Of the text, the arguments or the thought that grows."""
    part: dict[str, Any] | None = None
    """Of a message: the part that grows."""

    def about(self, kind: str) -> Event:
        """An event about the item."""
        return {"type": kind, "item_id": self.fields["id"], "output_index": self.at}

    def within(self, kind: str) -> Event:
        """An event about the part at a message's end."""
        return self.about(kind) | {"content_index": len(self.fields["content"]) - 1}

    @property
    def done(self) -> Event:
        """The event that it is whole."""
        return {"type": "response.output_item.done", "output_index": self.at, "item": self.fields}


class Output:
    """All items."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._stem = "0"

    def of(self, answer_id: str) -> None:
        """From now on the items' ids are made of this one: the same answer has the same ids."""
        self._stem = _UNFIT.sub("", answer_id.removeprefix("resp_"))[-_ID_CHARS:]

    def new_id(self, kind: str) -> str:
        """The id of the next item."""
        return f"{kind}_{self._stem}_{len(self.items)}"

    def open(self, fields: dict[str, Any]) -> tuple[Item, Event]:
        """A new item at the end. The event has it as it is now."""
        item = Item(len(self.items), fields, [])
        self.items.append(fields)
        empty: Event = {name: [] for name in ("content", "summary") if name in fields}
        return item, {"type": "response.output_item.added", "output_index": item.at, "item": fields | empty}

    def add(self, fields: Any) -> list[Event]:
        """An item that is whole from the beginning."""
        at = len(self.items)
        self.items.append(fields)
        return [
            {"type": f"response.output_item.{step}", "output_index": at, "item": fields}
            for step in ("added", "done")
        ]
