"""All dialects that the simulated provider speaks."""

from baton.upstream.providers.simulated.wire import OPENAI, Wire
from baton.upstream.providers.simulated.wires.anthropic import ANTHROPIC
from baton.upstream.providers.simulated.wires.google import GOOGLE
from baton.upstream.providers.simulated.wires.responses import RESPONSES

WIRES = (OPENAI, RESPONSES, ANTHROPIC, GOOGLE)


def wire_for(path: str) -> Wire | None:
    """The dialect whose chat route this path is."""
    return next((wire for wire in WIRES if path.endswith(wire.path_ends)), None)


def counting_wire_for(path: str) -> Wire | None:
    """The dialect in which tokens are counted at this path."""
    return next((wire for wire in WIRES if wire.tokens and path.endswith(wire.tokens.path_ends)), None)
