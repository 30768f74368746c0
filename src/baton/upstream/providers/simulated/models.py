"""The simulated provider's models, as plain data for whoever lists models."""

from msgspec import Struct

from baton.core.provider import Service

CONTEXT_WINDOW = 128_000
MAX_OUTPUT_TOKENS = 16_384


class SimulatedModel(Struct, frozen=True, kw_only=True):
    """One model; each costs nothing."""

    name: str
    title: str
    description: str
    capabilities: frozenset[str] = frozenset({"text", "streaming", "tools", "json", "vision", "reasoning"})
    service: Service | None = None
    """What it serves in place of chat."""
    context_window: int | None = CONTEXT_WINDOW
    """Tokens of prompt and answer together."""
    max_output_tokens: int | None = MAX_OUTPUT_TOKENS
    input_price: int = 0
    """Nano-USD per one million tokens."""
    output_price: int = 0
    """Nano-USD per one million tokens."""


def _beside_chat(service: Service, name: str, description: str) -> SimulatedModel:
    return SimulatedModel(
        name=name,
        title=f"{name.capitalize()} (simulated)",
        description=description,
        capabilities=frozenset({service.value}),
        service=service,
        context_window=None,
        max_output_tokens=None,
    )


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
    _beside_chat(
        Service.EMBEDDINGS,
        "embedding",
        "Unit vectors, near for near texts; `dimensions` says how long.",
    ),
    _beside_chat(Service.IMAGES, "image", "Small pictures of coloured squares, equal for equal prompts."),
    _beside_chat(Service.TRANSCRIPTIONS, "transcription", "Says how long a recording is, and its name."),
    _beside_chat(Service.MODERATIONS, "moderation", "Flags a text in the categories that it names."),
)
