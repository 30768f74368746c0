"""Simulated: a provider that needs no key and no network. Deterministic answers, and every way to fail.

Model names say how to behave: see `manner`. It answers in process by `transport`, over HTTP by `server`.
"""

from baton.core.dialect import Dialect
from baton.core.provider import Auth, ProviderSpec, Service
from baton.upstream.providers.simulated.models import MODELS, SimulatedModel

__all__ = ["MODELS", "SPEC", "SimulatedModel"]

SPEC = ProviderSpec(
    name="simulated",
    title="Simulated",
    base_url="simulated:",
    also=frozenset({Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, Dialect.GOOGLE}),
    services=frozenset(Service),
    auth=Auth(required=False),
    local=True,
)
