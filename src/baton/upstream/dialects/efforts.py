"""How much a model shall think: words and budgets in tokens, by one table for all dialects."""

_BUDGETS = {
    "none": 0,
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 32768,
}
"""Effort → tokens. 1024 is the least that Anthropic takes, 24576 and 32768 the most of Google's 2.5 Flash and
Pro (their guides on thinking)."""


def budget_of(effort: str) -> int:
    """The tokens that an effort stands for; an unknown word counts as `medium`."""
    return _BUDGETS.get(effort, _BUDGETS["medium"])


def effort_of(budget_tokens: int) -> str:
    """The least effort that is not below a budget; a budget below 0 leaves it to the model: `medium`."""
    if budget_tokens < 0:
        return "medium"
    return next((word for word, tokens in _BUDGETS.items() if tokens >= budget_tokens), "xhigh")
