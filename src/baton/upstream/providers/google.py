"""Google AI Studio. Models differ by its guides on thinking, thought signatures and function calling."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import Auth, KnownMessage, ModelClasses, ProviderSpec, Quirks, Rates, ThinkingHabit

_SINCE_3 = r"gemini-(?:[3-9]|[1-9]\d)|gemini-(?:pro|flash|flash-lite)-latest$"
_THINKING = (
    ThinkingHabit(models=r"gemini-(?:3(?:\.\d+)?-pro|[4-9]|pro-latest)", levels=("low", "medium", "high")),
    ThinkingHabit(models=_SINCE_3, levels=("minimal", "low", "medium", "high")),
    ThinkingHabit(models=r"gemini-2\.5-pro", least=128, most=32_768, can_rest=False),
    ThinkingHabit(models=r"gemini-2\.5-flash", least=512, most=24_576),
    ThinkingHabit(models=r"gemini-(?:1|2\.0)"),
)
SPEC = ProviderSpec(
    name="google",
    title="Google Gemini",
    base_url="https://generativelanguage.googleapis.com",
    dialect=Dialect.GOOGLE,
    aliases=("gemini",),
    key_names=("GOOGLE_AI_STUDIO_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"),
    auth=Auth(header="x-goog-api-key", scheme=""),
    quirks=Quirks(thinking=_THINKING, strict_signatures=_SINCE_3, media_results=_SINCE_3),
    messages=(KnownMessage(Kind.CONTEXT_LENGTH, "token count .*exceeds", "google-gemini/gemini-cli#6678"),),
    waits={r"retry in ((?:\d+(?:\.\d+)?[a-z]+)+)": "recording google-22cb1ef41c"},
    capabilities=frozenset({"streaming", "tools", "json", "vision", "audio"}),
    free_rates=Rates(requests_per_minute=15, tokens_per_minute=1_000_000, requests_per_day=1500),
    classes=ModelClasses(default="gemini-3.8-flash", cheap="gemini-3.5-flash-lite", premium="gemini-4-argon"),
)
