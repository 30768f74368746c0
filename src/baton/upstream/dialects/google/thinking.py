"""How much a model shall think, by a level or a budget as the model has it; whether its thoughts come."""

from typing import Any

from baton.core.losses import Feature, Losses
from baton.core.provider import Quirks, ThinkingHabit
from baton.core.request import ReasoningWish, Showing
from baton.upstream.dialects.efforts import budget_of, effort_of


def write_thinking(wish: ReasoningWish, quirks: Quirks, model: str, losses: Losses) -> dict[str, Any]:
    """The wish as settings of a generation. A model that does not think refuses them."""
    habit = quirks.thinking_of(model)
    if habit is not None and not habit.thinks:
        _drop(wish, losses)
        return {}
    said = _amount(wish, habit, losses)
    if wish.show is not Showing.NONE:
        if wish.show is not Showing.AUTO:
            losses.adjust(Feature.REASONING_SHOWN)
        said["includeThoughts"] = not wish.rests and said.get("thinkingBudget") != 0
    return {"thinkingConfig": said} if said else {}


def _drop(wish: ReasoningWish, losses: Losses) -> None:
    if wish.effort is not None:
        losses.drop(Feature.REASONING_EFFORT)
    if wish.budget_tokens is not None:
        losses.drop(Feature.REASONING_BUDGET)
    if wish.show is not Showing.NONE and not wish.rests:
        losses.drop(Feature.REASONING_SHOWN)


def _amount(wish: ReasoningWish, habit: ThinkingHabit | None, losses: Losses) -> dict[str, Any]:
    """How much to think; nothing where that is the model's affair."""
    effort, budget = wish.effort, wish.budget_tokens
    if effort is None and budget is None:
        return {}
    levels = () if habit is None else habit.levels
    if budget is not None and budget < 0:  # as much as the model thinks fit
        return {} if levels else {"thinkingBudget": -1}
    wished = Feature.REASONING_EFFORT if effort is not None else Feature.REASONING_BUDGET
    if levels:
        word = effort if effort is not None else effort_of(budget or 0)
        level = _level(word, levels)
        if level != word or budget is not None:
            losses.adjust(wished, level)
        return {"thinkingLevel": level.upper()}
    wanted = budget if budget is not None else budget_of(effort or "")
    within = wanted if habit is None else habit.budget(wanted)
    if within != wanted or budget is None:
        losses.adjust(wished, str(within))
    return {"thinkingBudget": within}


def _level(effort: str, levels: tuple[str, ...]) -> str:
    """The level that is nearest to an effort, not below it where there is one."""
    wanted = budget_of(effort)
    return next((level for level in levels if budget_of(level) >= wanted), levels[-1])
