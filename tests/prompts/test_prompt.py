"""Prompts, their versions and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import Invalid
from baton.prompts.prompt import (
    MOST_VALUE_CHARS,
    Prompt,
    PromptVersion,
    Variable,
    prompts_kind,
    split,
    versions_kind,
)
from baton.prompts.template import filled, variables_in

GREETING = PromptVersion(
    name="greeting",
    version=3,
    system="Speak {{language}}.",
    user="Greet {{ who }}, {{who}}!",
    variables=(Variable(name="language", default="English"), Variable(name="who", sample="Ada")),
)


def test_variables_get_their_values() -> None:
    """Said ones, else defaults; each as it is, also where it looks like a variable."""
    assert GREETING.rendered({"who": "Bob"}) == ("Speak English.", "Greet Bob, Bob!")
    assert GREETING.rendered({"who": "{{language}}", "language": "{{who}}"}) == (
        "Speak {{who}}.",
        "Greet {{language}}, {{language}}!",
    )
    assert (GREETING.reference, GREETING.wanted) == ("greeting@3", {"who"})


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        ({}, "missing_variable", "who"),
        ({"who": "x", "tone": "y"}, "unknown_variable", "'tone'"),
        ({"who": "x" * (MOST_VALUE_CHARS + 1)}, None, "who has over"),
    ],
)
def test_a_value_that_is_missing_or_too_much_is_named(
    values: dict[str, str], code: str | None, words: str
) -> None:
    """Nothing half filled goes to a model."""
    with pytest.raises(Invalid) as refusal:
        GREETING.rendered(values)
    assert (refusal.value.code, refusal.value.param) == (code, "variables")
    assert words in refusal.value.message


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b_1"]), st.text(), min_size=2))
def test_a_text_without_variables_stays_as_it_is(text: str, values: dict[str, str]) -> None:
    """Braces of JSON are no variables; what is put in is not looked at again."""
    if not variables_in(text):
        assert filled(text, values) == text
    assert filled("{" + '"x":{"y":1}}' + "{{a}}", values) == '{"x":{"y":1}}' + values["a"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"system": " ", "user": ""}, "system"),
        ({"system": "{{x}}"}, "system"),
        ({"user": "{{x}}"}, "user"),
        ({"system": "a", "variables": (Variable(name="x"),)}, "variables"),
        ({"system": "{{x}}", "variables": (Variable(name="x"), Variable(name="x"))}, "variables"),
    ],
)
def test_a_version_that_could_not_be_filled_is_refused(fields: dict[str, object], param: str) -> None:
    """What it leaves open is declared, and what is declared is there."""
    version = PromptVersion(name="p", version=1, **fields)  # pyright: ignore[reportArgumentType]
    with pytest.raises(Invalid) as refusal:
        versions_kind().checked_key(version)
    assert refusal.value.param == param


def test_a_label_is_no_number_and_a_use_case_is_bound_once() -> None:
    """Or a version and a label could not be told apart."""
    assert prompts_kind().checked_key(Prompt(name="p", labels={"production": 1})) == "p"
    for wrong in (
        Prompt(name="p", use_cases=("chat", "chat")),
        Prompt(name="off"),
    ):
        with pytest.raises(Invalid):
            prompts_kind().checked_key(wrong)
    with pytest.raises(Invalid):
        prompts_kind().decode('{"name":"p","labels":{"2":2}}')


def test_references_are_read() -> None:
    """Without a version production is meant."""
    assert [split(word) for word in ("p", "p@2", " p@staging ", "p@")] == [
        ("p", "production"),
        ("p", "2"),
        ("p", "staging"),
        ("p", "production"),
    ]
