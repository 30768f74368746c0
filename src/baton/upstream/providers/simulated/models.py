"""The simulated provider's models, as plain data for whoever lists models."""

from msgspec import Struct

CONTEXT_WINDOW = 128_000
MAX_OUTPUT_TOKENS = 16_384


class SimulatedModel(Struct, frozen=True, kw_only=True):
    """One model; each costs nothing."""

    name: str
    title: str
    description: str
    capabilities: frozenset[str] = frozenset({"text", "streaming", "tools", "json", "vision", "reasoning"})
    context_window: int = CONTEXT_WINDOW
    """Tokens of prompt and answer together."""
    max_output_tokens: int = MAX_OUTPUT_TOKENS
    input_price: int = 0
    """Nano-USD per one million tokens."""
    output_price: int = 0
    """Nano-USD per one million tokens."""


MODELS = (
    SimulatedModel(
        name="echo",
        title="Echo (simulated)",
        description="Gives back what the user said, and says that no real model was asked.",
    ),
    SimulatedModel(
        name="lorem",
        title="Lorem (simulated)",
        description="Words without meaning, the same for the same prompt.",
    ),
    SimulatedModel(
        name="json",
        title="JSON (simulated)",
        description="JSON that is true to the schema that the request asks for.",
    ),
    SimulatedModel(
        name="tools",
        title="Tools (simulated)",
        description="Calls the tools it is offered, then quotes what they brought back.",
    ),
    SimulatedModel(
        name="scripted",
        title="Scripted (simulated)",
        description="Answers by a file of scripted conversations.",
    ),
)
