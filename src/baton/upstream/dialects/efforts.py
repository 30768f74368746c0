"""How much a model shall think: words and budgets in tokens, by one table for all dialects."""

from collections.abc import Mapping

from baton.core.losses import Feature, Losses
from baton.core.request import ReasoningWish

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


def effort_among(wish: ReasoningWish | None, others: Mapping[str, str | None], losses: Losses) -> str | None:
    """The word for how much to think, of a dialect that knows no budgets; a budget in tokens becomes one.

    `others`: what words that it does not know become; None: there is none.
    """
    if wish is None:
        return None
    said = wish.effort
    if said is None and wish.budget_tokens is not None:
        said = effort_of(wish.budget_tokens)
    word = None if said is None else others.get(said, said)
    if wish.budget_tokens is not None:
        if word is None or wish.effort is not None:
            losses.drop(Feature.REASONING_BUDGET)
        else:
            losses.adjust(Feature.REASONING_BUDGET, word)
    if wish.effort is not None and word != wish.effort:
        if word is None:
            losses.drop(Feature.REASONING_EFFORT)
        else:
            losses.adjust(Feature.REASONING_EFFORT, word)
    return word
