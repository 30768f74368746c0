"""Whether thoughts come with an answer: they are asked for as the caller's dialect would have it."""

import json
from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec, Quirks
from baton.upstream.dialects.registry import CODECS
from baton.upstream.providers.anthropic import SPEC as ANTHROPIC
from baton.upstream.providers.google import SPEC as GOOGLE
from tests.upstream.dialects.test_properties import READERS, spec_of

CHAT, RESPONSES = Dialect.OPENAI, Dialect.OPENAI_RESPONSES
MESSAGES, GENERATE = Dialect.ANTHROPIC, Dialect.GOOGLE
SHOWS = ProviderSpec(name="shows", title="Shows", base_url="", quirks=Quirks(takes_thoughts=True))
MODELS = {CHAT: "gpt-x", RESPONSES: "gpt-x", MESSAGES: "claude-opus-4-8", GENERATE: "gemini-3.8-flash"}
SPECS = {CHAT: spec_of(CHAT), RESPONSES: spec_of(RESPONSES), MESSAGES: ANTHROPIC, GENERATE: GOOGLE}

ASKED: dict[Dialect, list[dict[str, Any]]] = {
    RESPONSES: [
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {"reasoning": {"summary": "auto"}},
        {"reasoning": {"generate_summary": "auto"}},
        {"reasoning": {"summary": "of a new kind"}},
    ],
    MESSAGES: [
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        {"thinking": {"type": "adaptive", "display": "summarized"}},
    ],
    GENERATE: [
        {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}},
        {"generation_config": {"thinking_config": {"include_thoughts": True, "thinking_budget": 2000}}},
    ],
}
UNASKED: dict[Dialect, list[dict[str, Any]]] = {
    RESPONSES: [{"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "low", "summary": None}}],
    MESSAGES: [
        {"thinking": {"type": "adaptive", "display": "omitted"}},
        {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}},
        {"output_config": {"effort": "low"}},
    ],
    GENERATE: [
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 2000}}},
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": False}}},
    ],
}
SAID = {MESSAGES: {"max_tokens": 9000}, RESPONSES: {}, GENERATE: {}, CHAT: {}}


def asked(source: Dialect, wish: dict[str, Any]) -> bytes:
    """A caller's body."""
    turn = {"role": "user", "content": "hi"}
    talk: dict[Dialect, Any] = {
        CHAT: {"messages": [turn]},
        RESPONSES: {"input": [turn]},
        MESSAGES: {"messages": [turn]},
        GENERATE: {"contents": [{"parts": [{"text": "hi"}]}]},
    }
    model = {} if source is GENERATE else {"model": "x"}
    return json.dumps({**model, **talk[source], **SAID[source], **wish}).encode()


def told(source: Dialect, target: Dialect, wish: dict[str, Any], **given: Any) -> tuple[Any, Losses]:
    """What of showing thoughts a provider is told, and the losses."""
    losses = Losses()
    spec, model = given.get("spec", SPECS[target]), given.get("model", MODELS[target])
    request = READERS[source](asked(source, wish), False)
    body = json.loads(CODECS[target].write_request(request, model, spec, losses))
    assert losses.features <= {*CODECS[target].cannot, *CODECS[target].adjusts}
    match target:
        case Dialect.GOOGLE:
            return body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts"), losses
        case Dialect.ANTHROPIC:
            return body.get("thinking", {}).get("display"), losses
        case _:
            return body.get("reasoning", {}).get("summary"), losses


YES = {GENERATE: True, MESSAGES: "summarized", RESPONSES: "auto"}
NO = {GENERATE: None, MESSAGES: "omitted", RESPONSES: None}


@pytest.mark.parametrize("target", YES)
@pytest.mark.parametrize(("source", "wish"), [(one, wish) for one in ASKED for wish in ASKED[one]])
def test_who_asks_for_thoughts_is_shown_them(source: Dialect, wish: dict[str, Any], target: Dialect) -> None:
    """In whatever way the provider's dialect has for asking; thinking in Anthropic's is asking."""
    if source is not target:
        assert told(source, target, wish)[0] == YES[target]


@pytest.mark.parametrize("target", NO)
@pytest.mark.parametrize(("source", "wish"), [(one, wish) for one in UNASKED for wish in UNASKED[one]])
def test_who_does_not_ask_is_not_surprised(source: Dialect, wish: dict[str, Any], target: Dialect) -> None:
    """The model thinks as told, and keeps it to itself; its signatures come all the same."""
    if source is not target:
        shown, losses = told(source, target, wish)
        assert shown == NO[target]
        assert Feature.REASONING_SHOWN not in losses.features


@pytest.mark.parametrize(("source", "wish"), [(one, wish) for one in ASKED for wish in ASKED[one]])
def test_chat_completions_cannot_be_asked(source: Dialect, wish: dict[str, Any]) -> None:
    """It is reported, but where the provider shows the thoughts that were asked for by itself."""
    assert "reasoning_shown" in told(source, CHAT, wish)[1].dropped
    if source is MESSAGES:
        assert "reasoning_shown" not in told(source, CHAT, wish, spec=SHOWS)[1].dropped


def test_callers_of_chat_completions_see_what_comes() -> None:
    """They cannot ask, and look for thoughts where an OpenAI-like puts them; nobody is refused for them."""
    wish = {"reasoning_effort": "low"}
    assert told(CHAT, GENERATE, wish)[0] is True
    assert told(CHAT, MESSAGES, wish)[0] == "summarized"
    shown, losses = told(CHAT, RESPONSES, wish)
    assert shown is None
    assert "reasoning_shown" in losses.dropped


def test_how_many_words_is_for_responses_to_say() -> None:
    """`concise` and `detailed` are shown as the provider has them, and reported."""
    wish = {"reasoning": {"effort": "low", "summary": "detailed"}}
    for target, yes in YES.items():
        shown, losses = told(RESPONSES, target, wish)
        if target is RESPONSES:
            assert (shown, bool(losses)) == ("detailed", False)
        else:
            assert shown == yes
            assert "reasoning_shown" in losses.adjusted


@pytest.mark.parametrize("target", [GENERATE, MESSAGES])
def test_nothing_is_shown_of_a_model_at_rest(target: Dialect) -> None:
    """Asking a model that does not think for its thoughts is refused."""
    wish = {"reasoning": {"effort": "none", "summary": "auto"}}
    shown, losses = told(RESPONSES, target, wish)
    assert not shown
    assert Feature.REASONING_SHOWN not in losses.features


def test_a_model_that_cannot_think_is_not_asked() -> None:
    """Gemini 2.0 refuses the field; it is reported."""
    shown, losses = told(RESPONSES, GENERATE, ASKED[RESPONSES][1], model="gemini-2.0-flash")
    assert shown is None
    assert list(losses.dropped) == ["reasoning_shown"]


def test_a_model_of_another_house_may_show_what_nobody_asked_for() -> None:
    """Whether it knows `display` is not known, so it is not said, and that is reported."""
    shown, losses = told(RESPONSES, MESSAGES, UNASKED[RESPONSES][0], model="another-house-model")
    assert shown is None
    assert "reasoning_shown" in losses.adjusted


def test_thoughts_are_asked_for_with_thinking() -> None:
    """Anthropic's models show none unless they think: they do, as much as they like."""
    losses = Losses()
    request = READERS[GENERATE](asked(GENERATE, ASKED[GENERATE][0]), False)
    body = json.loads(CODECS[MESSAGES].write_request(request, "claude-sonnet-4-5", ANTHROPIC, losses))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    assert "reasoning_budget=8192" in losses.adjusted
