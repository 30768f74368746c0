"""How much a model shall think: a level or a budget, as the model has it."""

from typing import Any

from baton.core.losses import Feature, Losses
from baton.core.provider import Quirks
from baton.core.request import ReasoningWish
from baton.upstream.dialects.efforts import budget_of, effort_of


def write_thinking(wish: ReasoningWish, quirks: Quirks, model: str, losses: Losses) -> dict[str, Any]:
    """The wish as settings of a generation; thoughts are asked for wherever the model shall think."""
    if wish.effort is None and wish.budget_tokens is None:
        return {"thinkingConfig": {"includeThoughts": True}}
    habits = quirks.thinking_of(model)
    if wish.budget_tokens is not None and wish.budget_tokens < 0:  # as much as the model thinks fit
        own = {} if habits is not None and habits.levels else {"thinkingBudget": -1}
        return {"thinkingConfig": {"includeThoughts": True, **own}}
    wished = Feature.REASONING_EFFORT if wish.effort is not None else Feature.REASONING_BUDGET
    if habits is not None and not habits.thinks:
        losses.drop(wished)
        return {}
    if habits is not None and habits.levels:
        effort = wish.effort if wish.effort is not None else effort_of(wish.budget_tokens or 0)
        level = _level(effort, habits.levels)
        if level != effort or wish.budget_tokens is not None:
            losses.adjust(wished, level)
        return {"thinkingConfig": {"includeThoughts": effort != "none", "thinkingLevel": level.upper()}}
    budget = wish.budget_tokens if wish.budget_tokens is not None else budget_of(wish.effort or "")
    within = budget if habits is None else habits.budget(budget)
    if within != budget or wish.budget_tokens is None:
        losses.adjust(wished, str(within))
    return {"thinkingConfig": {"includeThoughts": within != 0, "thinkingBudget": within}}


def _level(effort: str, levels: tuple[str, ...]) -> str:
    """The level that is nearest to an effort, not below it where there is one."""
    wanted = budget_of(effort)
    return next((level for level in levels if budget_of(level) >= wanted), levels[-1])
