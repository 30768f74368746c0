"""Anthropic. Limit headers: rate-limits guide; errors: errors guide."""

from baton.core.dialect import Dialect
from baton.core.provider import Auth, LimitHeaders, ModelClasses, ProviderSpec, WaitForm

SPEC = ProviderSpec(
    name="anthropic",
    title="Anthropic",
    base_url="https://api.anthropic.com",
    dialect=Dialect.ANTHROPIC,
    aliases=("claude",),
    key_names=("CLAUDE_API_KEY",),
    auth=Auth(header="x-api-key", scheme=""),
    headers={"anthropic-version": "2023-06-01"},
    limits=LimitHeaders(
        remaining="anthropic-ratelimit-{}-remaining",
        reset="anthropic-ratelimit-{}-reset",
        reset_form=WaitForm.RFC3339,
    ),
    classes=ModelClasses(default="claude-sonnet-5-5", cheap="claude-haiku-5-5", premium="claude-opus-5-5"),
)
