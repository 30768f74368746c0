"""Anthropic. Limit headers: rate-limits guide. What its models take is told in its dialect's folder."""

from baton.core.dialect import Dialect
from baton.core.provider import Auth, ModelClasses, ProviderSpec, Quirks
from baton.upstream.dialects.anthropic.families import FAMILIES, LIMITS, MESSAGES, SCHEMAS, THINKING

SPEC = ProviderSpec(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com",
    dialect=Dialect.ANTHROPIC,
    aliases=("claude",),
    key_names=("CLAUDE_API_KEY",),
    auth=Auth(header="x-api-key", scheme=""),
    headers={"anthropic-version": "2023-06-01"},
    quirks=Quirks(thinking=THINKING, families=FAMILIES),
    limits=LIMITS,
    messages=MESSAGES,
    schemas=SCHEMAS,
    classes=ModelClasses(default="claude-sonnet-5-5", cheap="claude-haiku-5-5", premium="claude-opus-5-5"),
)
