"""Which of the offered tools a simulated model calls, and with what."""

import hashlib
from typing import Any

import msgspec

from baton.core.errors import Invalid
from baton.core.messages import ToolCall
from baton.core.request import ChatRequest, Tool, ToolChoice, ToolMode
from baton.upstream.providers.simulated.asked import Asked
from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.schemas.document import instance
from baton.upstream.providers.simulated.schemas.merging import Unsatisfiable

_MOST_CALLS = 8  # at once; more tools are often offered than any model would call


def calls(request: ChatRequest, asked: Asked, *, eager: bool, choice: int) -> tuple[ToolCall, ...]:
    """The calls to make; none where the answer is text. `eager`: calls where it is free to.

    A free model answers in text once tools have brought something back, so that a loop of tools ends.

    Raises:
        Invalid: a tool is named that is not offered; a tool's schema cannot be satisfied.
    """
    wish = request.tool_choice or ToolChoice(mode=ToolMode.AUTO)
    offered = [tool for tool in request.tools if isinstance(tool, Tool)]
    if wish.mode is ToolMode.NONE or (wish.mode is ToolMode.AUTO and (not eager or asked.results)):
        return ()
    if unknown := set(wish.names) - {tool.name for tool in offered}:
        raise Invalid(f"the tool '{min(unknown)}' is not among those offered", param="tool_choice")
    if wish.names:
        offered = [tool for tool in offered if tool.name in wish.names]
    several = request.parallel_tool_calls is not False and eager and wish.mode is not ToolMode.NAMED
    chosen = offered[: _MOST_CALLS if several else 1]
    return tuple(_call(tool, asked.seed, choice, place) for place, tool in enumerate(chosen))


def call_id(seed: str, choice: int, place: int) -> str:
    """A tool call's id: made from the conversation, so never the same twice in it."""
    digest = hashlib.blake2b(f"{choice}/{place}/{seed}".encode(), digest_size=12)
    return f"call_{digest.hexdigest()}"


def _call(tool: Tool, seed: str, choice: int, place: int) -> ToolCall:
    schema: Any = msgspec.json.decode(tool.schema) if tool.schema is not None else {}
    arguments: Any = {}
    if schema:
        try:
            arguments = instance(schema, Dice(seed, tool.name, choice))
        except Unsatisfiable as error:
            raise Invalid(f"the parameters of the tool '{tool.name}': {error}", param="tools") from error
    return ToolCall(
        id=call_id(seed, choice, place), name=tool.name, arguments=msgspec.json.encode(arguments).decode()
    )
