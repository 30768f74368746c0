"""Simulated: a provider that needs no key and no network. Deterministic answers, and every way to fail.

Model names say how to behave: see `manner`. It answers in process by `transport`, over HTTP by `server`.
"""

from baton.core.dialect import Dialect
from baton.core.provider import Auth, LimitHeaders, ProviderSpec, Service, WaitForm
from baton.upstream.providers.simulated.models import MODELS, SimulatedModel

__all__ = ["MODELS", "SPEC", "SimulatedModel"]

SPEC = ProviderSpec(
    name="simulated",
    title="Simulated",
    base_url="simulated:",
    also=frozenset({Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, Dialect.GOOGLE}),
    services=frozenset(Service),
    auth=Auth(required=False),
    # All that `refusals` may write.
    limits=(
        LimitHeaders(),
        LimitHeaders(
            remaining="x-ratelimit-remaining", reset="x-ratelimit-reset", reset_form=WaitForm.UNIX_MS
        ),
    ),
    waits={r"try again in ((?:\d+(?:\.\d+)?[a-z]+)+)": "refusals.py"},
    local=True,
)
