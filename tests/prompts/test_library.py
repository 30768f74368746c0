"""Which prompt and which persona a request is served with."""

import pytest

from baton.core.errors import NotFound
from baton.core.request import Options
from baton.prompts.library import Library
from baton.prompts.persona import Persona
from baton.prompts.prompt import Prompt, PromptVersion, Variable

PROMPTS = (
    Prompt(name="brief", labels={"production": 1, "staging": 2}),
    Prompt(name="letter", labels={"production": 1}, use_cases=("mail",)),
    Prompt(name="idle"),
)
VERSIONS = (
    PromptVersion(name="brief", version=1, system="Be brief.", model="a/x", temperature=0.1, max_tokens=50),
    PromptVersion(name="brief", version=2, system="Be very brief."),
    PromptVersion(name="brief", version=3, user="{{what}}", variables=(Variable(name="what"),)),
    PromptVersion(name="letter", version=1, system="Write a letter.", user="Dear model,"),
)
PERSONAS = (
    Persona(name="otto", title="Otto", voice="You are Otto.", use_cases=("library_*", "mail")),
    Persona(name="lena", title="Lena", voice="You are Lena.", use_cases=("library_loans", "lib*")),
    Persona(name="gone", title="Gone", voice="x", use_cases=("zoo",), is_enabled=False),
)


@pytest.fixture
def library() -> Library:
    made = Library()
    made.follow_prompts(PROMPTS, VERSIONS)
    made.follow_personas(PERSONAS)
    return made


@pytest.mark.parametrize(
    ("word", "system"),
    [
        ("brief", "Be brief."),
        ("brief@production", "Be brief."),
        ("brief@staging", "Be very brief."),
        ("brief@2", "Be very brief."),
    ],
)
def test_a_reference_means_one_version(library: Library, word: str, system: str) -> None:
    """By number, by label, or what is in production."""
    found = library.preface(Options(prompt=word))
    assert found is not None
    assert (found.system, found.prompt) == (system, f"brief@{1 if system == 'Be brief.' else 2}")


def test_what_a_version_carries_goes_along(library: Library) -> None:
    """Model, temperature and most tokens; and values of variables."""
    found = library.preface(Options(prompt="brief"))
    assert found is not None
    assert (found.model, found.temperature, found.max_tokens) == ("a/x", 0.1, 50)
    filled = library.preface(Options(prompt="brief@3", variables={"what": "This."}))
    assert filled is not None
    assert (filled.system, filled.user) == ("", "This.")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (Options(prompt="nothing"), "prompt_not_found", "'nothing'"),
        (Options(prompt="brief@9"), "prompt_not_found", "no version 9"),
        (Options(prompt="brief@old"), "prompt_not_found", "production, staging"),
        (Options(prompt="idle"), "prompt_not_found", "There are: none"),
        (Options(prompt="brief@²"), "prompt_not_found", "label"),
        (Options(persona="nobody"), "persona_not_found", "lena, otto"),
        (Options(persona="gone"), "persona_not_found", "'gone'"),
    ],
)
def test_what_is_not_there_is_refused(library: Library, options: Options, code: str, words: str) -> None:
    """Whoever names one relies on it."""
    with pytest.raises(NotFound) as refusal:
        library.preface(options)
    assert refusal.value.code == code
    assert words in refusal.value.message


@pytest.mark.parametrize(
    ("options", "persona", "prompt"),
    [
        (Options(), None, None),
        (Options(use_case="other"), None, None),
        (Options(use_case="zoo"), None, None),
        (Options(use_case="mail"), "otto", "letter@1"),
        (Options(use_case="mail", persona="off"), None, "letter@1"),
        (Options(use_case="mail", prompt="off"), "otto", None),
        (Options(use_case="mail", prompt="off", persona="off"), None, None),
        (Options(use_case="mail", prompt="brief", persona="lena"), "lena", "brief@1"),
        (Options(use_case="library_loans"), "lena", None),
        (Options(use_case="library_fines"), "otto", None),
        (Options(use_case="libra"), "lena", None),
    ],
)
def test_use_cases_have_theirs(
    library: Library, options: Options, persona: str | None, prompt: str | None
) -> None:
    """The whole word is closer than a beginning, a longer beginning than a shorter one; a request may say
    otherwise, or want none."""
    found = library.preface(options)
    if persona is None and prompt is None:
        assert found is None
    else:
        assert found is not None
        assert (found.persona, found.prompt) == (persona, prompt)


def test_the_voice_comes_before_the_prompt(library: Library) -> None:
    """So that it is the same whatever is asked."""
    found = library.preface(Options(use_case="mail"))
    assert found is not None
    assert (found.system, found.user) == ("You are Otto.\n\nWrite a letter.", "Dear model,")


def test_a_moved_label_counts_at_once(library: Library) -> None:
    """And a persona that is switched off is gone for the use cases that had it."""
    library.follow_prompts((Prompt(name="brief", labels={"production": 2}),), VERSIONS)
    found = library.preface(Options(prompt="brief"))
    assert found is not None
    assert found.prompt == "brief@2"
    assert library.preface(Options(use_case="library_fines")) is not None
    library.follow_personas(())
    assert library.preface(Options(use_case="library_fines")) is None
