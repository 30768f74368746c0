"""What can be asked for, whatever the dialect."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.facts.fact import fingerprint

WRAPPED = ("result", "output", "error", "content", "return_value", "response")
"""Names under which a tool's result is put where it must be an object."""


@dataclass(frozen=True)
class Tool:
    """A tool of the caller's."""

    description: str
    properties: frozenset[str]
    """Paths of all properties in the schema of its arguments."""


@dataclass(frozen=True)
class Result:
    """What a tool gave back."""

    call: int
    """Which of the calls so far it answers; -1: none."""
    said: str
    is_error: bool


@dataclass
class Wish:
    """A request."""

    system: str = ""
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Who said what, in turns, without white space; what tools gave back stands apart."""
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    """Names and parsed arguments of the calls so far."""
    call_ids: list[str] = field(default_factory=list[str])
    results: list[Result] = field(default_factory=list[Result])
    media: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Kind, and URL, file id or fingerprint."""
    thoughts: int = 0
    """How many thoughts are sent back."""
    steps: list[str] = field(default_factory=list[str])
    """Kinds of parts that only this dialect has."""
    tools: dict[str, Tool] = field(default_factory=dict[str, Tool])
    server_tools: list[str] = field(default_factory=list[str])
    choice: tuple[str, tuple[str, ...]] | None = None
    """`auto`, `none`, `required`, or the names that it is restricted to."""
    parallel: bool | None = None
    format: tuple[str, frozenset[str]] | None = None
    """`object` or `schema`, and the schema's properties."""
    sampling: dict[str, Any] = field(default_factory=dict[str, Any])
    """By the names that a caller gets to read when one is lost."""
    thinks: str | None = None
    """How much it shall think: `on` or `off`, where it is said."""
    unknown: list[str] = field(default_factory=list[str])
    """Further fields."""

    def say(self, role: str, text: str) -> None:
        """Somebody says something more."""
        plain = squeezed(text)
        if role == "system":
            self.system += plain
        elif plain and self.said and self.said[-1][0] == role:
            self.said[-1] = (role, self.said[-1][1] + plain)
        elif plain:
            self.said.append((role, plain))

    def call(self, call_id: str, name: str, arguments: Any) -> None:
        """The model calls a tool."""
        self.calls.append((name, arguments))
        self.call_ids.append(call_id)

    def give(self, call_id: str, value: Any, *, is_error: bool = False) -> None:
        """A tool's result."""
        at = [n for n, known in enumerate(self.call_ids) if known == call_id]
        self.results.append(Result(at[-1] if at else -1, meaning(value), is_error))


def squeezed(text: str) -> str:
    """Without white space: texts are joined and parted with more or less of it."""
    return re.sub(r"\s+", "", text)


def meaning(value: Any) -> str:
    """A tool's result however it was wrapped: as text, as an object, under a name."""
    if isinstance(value, str):
        try:
            inside = json.loads(value)
        except ValueError:
            return squeezed(value)
        return meaning(inside) if isinstance(inside, dict | list) else squeezed(value)
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in WRAPPED:
        return meaning(next(iter(value.values())))
    return squeezed(json.dumps(value, sort_keys=True, ensure_ascii=False)) if value else ""


def properties(schema: Any, at: str = "") -> frozenset[str]:
    """Paths of all properties of a JSON Schema, whatever else stands in it; references are followed."""
    return frozenset(_properties(schema, schema, at, 0))


def _properties(schema: Any, root: Any, at: str, depth: int) -> set[str]:
    found: set[str] = set()
    if depth > 12 or not isinstance(schema, dict):
        return found
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target = root
        for step in reference[2:].split("/"):
            target = target.get(step, {}) if isinstance(target, dict) else {}
        found |= _properties(target, root, at, depth + 1)
    for name, inner in (schema.get("properties") or {}).items():
        found.add(f"{at}.{name}")
        found |= _properties(inner, root, f"{at}.{name}", depth + 1)
    found |= _properties(schema.get("items"), root, f"{at}[]", depth + 1)
    for word in ("anyOf", "oneOf", "allOf", "any_of"):
        for inner in schema.get(word) or []:
            found |= _properties(inner, root, at, depth + 1)
    return found


def medium(kind: str, *, url: str | None = None, data: str | None = None) -> tuple[str, str]:
    """A picture, sound or document, by what identifies it."""
    if url is not None and url.startswith("data:"):
        data = url.partition(",")[2]
    return kind, fingerprint(data) if data is not None else url or ""
