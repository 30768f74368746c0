"""How much the model shall think: an effort or a budget ⇄ the API's several ways to say it.

Older models take a budget, of which the answer's limit must leave something over; they refuse it together
with forced calls, with an answer to be gone on with, and where an open loop of tools began without a signed
thought. Newer ones decide for themselves, by an effort. Source: the API's guides on thinking and effort.
"""

from typing import Any

from msgspec import Struct, structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Reasoning, Role, ToolCall
from baton.core.provider import Family, Quirks, ThinkingHabit
from baton.core.request import ChatRequest, ReasoningWish, Showing, ToolMode
from baton.upstream.dialects.efforts import budget_of, effort_of
from baton.upstream.dialects.wire import Fields

LEAST_BUDGET = 1024
"""Tokens; the API refuses less."""

_USUAL = ThinkingHabit(models="", least=LEAST_BUDGET, most=32_768)
"""Of models that nobody knows, on endpoints that speak this dialect: the older way is the more widespread."""

_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_AS_IT_LIKES = -1
"""A budget that leaves it to the model."""

_DEFAULT_EFFORT = "high"
"""What the API takes where thinking is adaptive and no effort is said."""


class Thinking(Struct, frozen=True, kw_only=True):
    """What a request says of thinking."""

    fields: dict[str, Any] = {}
    """The body's field `thinking`; empty: it is not said."""
    effort: str | None = None
    tokens: int = 0
    """How many of the answer's tokens it may take."""
    on: bool = False


_OFF = Thinking()
_SHOWN, _HIDDEN = "summarized", "omitted"


def read_thinking(thinking: Fields, effort: str | None, unread: list[str]) -> ReasoningWish | None:
    """The wish in a body's `thinking`, and in the effort beside it.

    Who asks for thinking expects to see it, unless it says otherwise. That some of the API's own models hide
    their thoughts by themselves is no wish.
    """
    kind = thinking.text("type")
    budget = thinking.get("budget_tokens", int)
    display = thinking.text("display")
    if display not in (None, _SHOWN, _HIDDEN):
        unread.append(thinking.path("display"))
    unread.extend(thinking.path(name) for name in thinking.rest)
    show = Showing.AUTO if display in (None, _SHOWN) else Showing.NONE
    match kind:
        case "enabled":
            return ReasoningWish(effort=effort, budget_tokens=budget, show=show)
        case "disabled" | "between_tools":
            return ReasoningWish(effort="none")
        case None:
            return None if effort is None else ReasoningWish(effort=effort, show=Showing.NONE)
        case _:
            return ReasoningWish(effort=effort or _DEFAULT_EFFORT, show=show)


def decide(request: ChatRequest, model: str, quirks: Quirks, losses: Losses) -> Thinking:
    """What to say of thinking to a model."""
    habit = quirks.thinking_of(model) or _USUAL
    family = quirks.family_of(model)
    wish = request.reasoning
    if wish is not None and wish.effort is None and wish.budget_tokens is None:
        # Where no thinking is asked for, there are no thoughts to show.
        wish = None if wish.show is Showing.NONE else structs.replace(wish, budget_tokens=_AS_IT_LIKES)
    if wish is None:
        unasked = budget_of(_DEFAULT_EFFORT) if family.thinks_unasked else 0
        return Thinking(tokens=unasked, on=family.thinks_unasked)
    thinking = _decide(wish, request, habit, family, losses)
    if thinking.fields.get("type") not in ("enabled", "adaptive"):
        return thinking
    return structs.replace(thinking, fields=thinking.fields | _display(wish.show, family, losses))


def _display(show: Showing, family: Family, losses: Losses) -> dict[str, str]:
    """Whether thoughts are shown; where they are not, a block without words carries the signature."""
    if show is Showing.NONE:
        if family.known:
            return {"display": _HIDDEN}
        losses.adjust(Feature.REASONING_SHOWN)
        return {}
    if show is not Showing.AUTO:
        losses.adjust(Feature.REASONING_SHOWN)
    return {"display": _SHOWN} if family.hides_thoughts else {}


def _decide(
    wish: ReasoningWish, request: ChatRequest, habit: ThinkingHabit, family: Family, losses: Losses
) -> Thinking:
    """What to say of how much to think."""
    budget = wish.budget_tokens if wish.budget_tokens is not None else budget_of(wish.effort or "")
    feature = Feature.REASONING_EFFORT if wish.budget_tokens is None else Feature.REASONING_BUDGET
    if not habit.thinks:
        if budget:
            losses.drop(feature)
        return _OFF
    if habit.levels:
        return _by_effort(wish.effort or effort_of(budget), feature, habit, family, losses)
    return _by_budget(budget, feature, habit, request, losses)


def _by_effort(
    wanted: str, feature: Feature, habit: ThinkingHabit, family: Family, losses: Losses
) -> Thinking:
    if wanted == "none":
        if not habit.can_rest:
            losses.adjust(feature, habit.levels[0])
            return Thinking(effort=habit.levels[0], tokens=budget_of(habit.levels[0]), on=True)
        return Thinking(fields={"type": family.rest})
    rank = _ORDER.index(wanted) if wanted in _ORDER else _ORDER.index("medium")
    word = next((level for level in habit.levels if _ORDER.index(level) >= rank), habit.levels[-1])
    if word != wanted or feature is Feature.REASONING_BUDGET:
        losses.adjust(feature, word)
    return Thinking(fields={"type": "adaptive"}, effort=word, tokens=budget_of(word), on=True)


def _by_budget(
    wanted: int, feature: Feature, habit: ThinkingHabit, request: ChatRequest, losses: Losses
) -> Thinking:
    if not wanted:
        return Thinking(fields={"type": "disabled"})
    budget = habit.budget(wanted) if wanted > 0 else habit.budget(budget_of("medium"))
    limit = request.max_tokens
    if limit is not None and budget >= limit:
        # The caller's limit stands: what it is to pay for is its affair. A quarter is left for the answer.
        budget = max(LEAST_BUDGET, limit * 3 // 4)
    too_little = limit is not None and limit <= LEAST_BUDGET
    if too_little or _forces_calls(request) or _goes_on(request) or _began_without(request.messages):
        losses.adjust(feature, "none")
        return _OFF
    if feature is Feature.REASONING_EFFORT or budget != wanted:
        losses.adjust(feature, str(budget))
    return Thinking(fields={"type": "enabled", "budget_tokens": budget}, tokens=budget, on=True)


def _forces_calls(request: ChatRequest) -> bool:
    choice = request.tool_choice
    return choice is not None and choice.mode in (ToolMode.REQUIRED, ToolMode.NAMED)


def _goes_on(request: ChatRequest) -> bool:
    return bool(request.messages) and request.messages[-1].role is Role.ASSISTANT


def _began_without(messages: tuple[Message, ...]) -> bool:
    """Whether the open loop of tools has calls of a turn without a thought of this dialect's models."""
    for message in reversed(messages):
        if message.role is Role.USER:
            return False
        if message.role is Role.ASSISTANT and any(isinstance(part, ToolCall) for part in message.parts):
            thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
            if not any(map(_is_own, thoughts)):
                return True
    return False


def _is_own(thought: Reasoning) -> bool:
    marks = (thought.signature, thought.encrypted)
    return any(mark is not None and mark.origin is Dialect.ANTHROPIC for mark in marks)
