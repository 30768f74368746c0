"""Scripted conversations: a TOML or JSON file that says what is answered to what.

```toml
[[scripts]]
name = "refund"                       # asked for as `scripted;script=refund`, or among all by `scripted`

[[scripts.lines]]
when = "where is my order"            # within the last thing the user said, whatever its case
calls = [{ name = "find_order", arguments = { id = 7 } }]

[[scripts.lines]]
after_tool = "find_order"             # the last message is this tool's result
says = "It is on its way."

[[scripts.lines]]
turn = 3                              # the user's third turn
settings = "latency=2000;fault=503;times=1"
says = "Sorry for the wait."
```

The first line whose every condition holds is spoken; a line without conditions always may.
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from baton.core.errors import Invalid
from baton.core.messages import Message, Role, ToolCall, ToolResult
from baton.upstream.providers.simulated.manner import Manner, Mode, read_manner, settings_of


class ScriptedCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call in a line."""

    name: str
    arguments: dict[str, Any] = {}


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer, and the conditions under which it is given."""

    when: str | None = None
    turn: Annotated[int, Meta(ge=1)] | None = None
    after_tool: str | None = None
    says: str = ""
    reasoning: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    settings: str = ""
    """As in a model's name: latency, pace, fault."""

    def fits(self, messages: tuple[Message, ...]) -> bool:
        """Whether every condition holds."""
        turns = [message for message in messages if message.role is Role.USER]
        last = turns[-1].text if turns else ""
        return (
            (self.when is None or self.when.casefold() in last.casefold())
            and (self.turn is None or self.turn == len(turns))
            and (self.after_tool is None or self.after_tool in _tools_answered(messages))
        )

    def manner(self) -> Manner:
        """How the line is spoken.

        Raises:
            Invalid: its settings make no sense.
        """
        return read_manner(Mode.SCRIPTED, settings_of(self.settings))


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """One conversation."""

    name: str
    lines: Annotated[tuple[Line, ...], Meta(min_length=1)]


class Scripts(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of conversations."""

    scripts: tuple[Script, ...] = ()

    def line(self, name: str | None, messages: tuple[Message, ...]) -> Line | None:
        """The line to speak; from the script of that name, or from whichever has one."""
        for script in self.scripts:
            if name is None or script.name == name:
                for line in script.lines:
                    if line.fits(messages):
                        return line
        return None


def read_scripts(data: bytes, *, toml: bool) -> Scripts:
    """Read a file's content.

    Raises:
        Invalid: not TOML/JSON, an unknown or missing field, settings that make no sense; says where.
    """
    try:
        decode = msgspec.toml.decode if toml else msgspec.json.decode
        scripts = decode(data, type=Scripts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"the scripts cannot be read: {error}") from error
    for script in scripts.scripts:
        for at, line in enumerate(script.lines):
            try:
                line.manner()
            except Invalid as error:
                raise Invalid(f"script '{script.name}', line {at + 1}: {error.message}") from error
    return scripts


def load_scripts(path: Path) -> Scripts:
    """Read a `.toml` or `.json` file; for the start of a program, it blocks.

    Raises:
        Invalid: it cannot be opened, or `read_scripts`' reasons; names the file.
    """
    try:
        return read_scripts(path.read_bytes(), toml=path.suffix == ".toml")
    except OSError as error:
        raise Invalid(f"the scripts file {path} cannot be opened: {error.strerror}") from error
    except Invalid as error:
        raise Invalid(f"{path}: {error.message}") from error


def _tools_answered(messages: tuple[Message, ...]) -> set[str]:
    """Names of the tools whose results end the conversation."""
    calls = {
        part.id: part.name for message in messages for part in message.parts if isinstance(part, ToolCall)
    }
    names: set[str] = set()
    for message in reversed(messages):
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        if not results:
            break
        names.update(part.name or calls.get(part.call_id, "") for part in results)
    return names
