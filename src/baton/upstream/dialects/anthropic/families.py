"""How Anthropic's models differ from one another, what its API says in words only, and of its limits.

Source: its guides on thinking, effort, structured outputs and mid-conversation system messages, the migration
guides of Opus 5.5, Sonnet 5.5, Haiku 5.5 and Fable 5, and the notes of the releases 4.0.60 and 4.0.67 of
`@ai-sdk/anthropic`. A name that is newer than these lists counts as the newest kind.
"""

from baton.core.failures import Kind
from baton.core.provider import (
    Family,
    KnownMessage,
    LimitHeaders,
    SchemaForm,
    SchemaRule,
    ThinkingHabit,
    WaitForm,
)

_BEFORE_4 = r"claude-(?:2|instant|3)"
_4_0 = r"claude-(?:sonnet|opus)-4-(?:0|20)"
_EFFORTS = ("low", "medium", "high", "xhigh", "max")

THINKING = (
    ThinkingHabit(models=r"claude-(?:2|instant|3(?!-7))"),
    ThinkingHabit(models=r"claude-opus-4-(?:0|1|20)", least=1024, most=24_576),  # 32 000 tokens of answer
    ThinkingHabit(models=r"claude-(?:3-7|sonnet-4-(?:0|5|20)|opus-4-5|haiku-4-5)", least=1024, most=32_768),
    ThinkingHabit(models=r"claude-(?:opus|sonnet)-4-6", levels=("low", "medium", "high", "max")),
    ThinkingHabit(
        models=r"claude-(?:opus-4-[78]|(?:opus|sonnet)-5(?!-5)|(?:sonnet|haiku)-5-5)", levels=_EFFORTS
    ),
    ThinkingHabit(models=r"claude-", levels=_EFFORTS, can_rest=False),
)
FAMILIES = (
    Family(models=f"{_BEFORE_4}|{_4_0}"),
    Family(models=r"claude-(?:opus-4-[15]|sonnet-4-5|haiku-4-5)", one_of_temperature_and_top_p=True),
    Family(
        models=r"claude-(?:opus|sonnet)-4-6",
        one_of_temperature_and_top_p=True,
        takes_prefill=False,
    ),
    Family(models=r"claude-opus-4-7", hides_thoughts=True, fixed_sampling=True, takes_prefill=False),
    Family(
        models=r"claude-opus-4-8",
        hides_thoughts=True,
        fixed_sampling=True,
        takes_prefill=False,
        takes_system_turns=True,
    ),
    Family(
        models=r"claude-sonnet-5(?!-5)",
        thinks_unasked=True,
        hides_thoughts=True,
        fixed_sampling=True,
        takes_prefill=False,
    ),
    Family(
        models=r"claude-(?:opus-5(?!-5)|haiku-5-5|(?:fable|mythos)-5(?!-\d))",
        thinks_unasked=True,
        hides_thoughts=True,
        fixed_sampling=True,
        takes_prefill=False,
        takes_system_turns=True,
    ),
    Family(
        models=r"claude-",
        thinks_unasked=True,
        rest="between_tools",
        hides_thoughts=True,
        fixed_sampling=True,
        takes_prefill=False,
        takes_forced_calls=False,
        takes_system_turns=True,
    ),
)
MESSAGES = (
    KnownMessage(Kind.CONTEXT_LENGTH, r"prompt is too long: \d+ tokens", "anthropics/claude-code#59696"),
    KnownMessage(
        Kind.CONTEXT_LENGTH,
        r"input length and `max_tokens` exceed context limit",
        "docker/docker-agent#569",
    ),
    KnownMessage(Kind.EXHAUSTED, r"credit balance is too low", "anthropics/claude-code#66314"),
    KnownMessage(
        Kind.EXHAUSTED,
        r"^you have reached your specified api usage limits",
        "anthropics/claude-code#38035",
    ),
    KnownMessage(
        Kind.CONTENT_FILTER,
        r"output blocked by content filtering policy",
        "anthropics/claude-code#58367",
    ),
)
LIMITS = (
    LimitHeaders(
        remaining="anthropic-ratelimit-{}-remaining",
        reset="anthropic-ratelimit-{}-reset",
        reset_form=WaitForm.RFC3339,
        names=("requests", "tokens", "input-tokens", "output-tokens"),
    ),
    LimitHeaders(  # of subscriptions: github.com/lidge-jun/opencodex, pull 3809
        remaining="anthropic-ratelimit-unified-{}-status",
        reset="anthropic-ratelimit-unified-{}-reset",
        reset_form=WaitForm.UNIX_S,
        names=("5h", "7d"),
        spent=("rejected",),
    ),
)
SCHEMAS = (
    SchemaRule(
        models=f"{_BEFORE_4}|{_4_0}",
        form=SchemaForm.TOOL,
        source="https://platform.claude.com/docs/en/build-with-claude/structured-outputs",
    ),
)
