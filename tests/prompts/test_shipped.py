"""What a new installation begins with."""

from msgspec.structs import replace

from baton.core.request import Options
from baton.prompts.difference import difference
from baton.prompts.library import Library
from baton.prompts.persona import personas_kind
from baton.prompts.prompt import PRODUCTION, prompts_kind, versions_kind
from baton.prompts.shipped import shipped_personas, shipped_prompts

NAMES = {
    "research",
    "strategy",
    "critique",
    "itinerary-structure",
    "itinerary-facts",
    "itinerary-activity",
    "itinerary-revision",
    "itinerary-supervision",
    "fact-check",
    "quality-score",
    "summarise-chunk",
}


def test_every_shipped_prompt_can_be_served() -> None:
    """In production, with samples for all that it leaves open, and a word on what it is for."""
    shipped = shipped_prompts()
    assert {prompt.name for prompt, _ in shipped} == NAMES
    for prompt, version in shipped:
        prompts_kind().checked_key(prompt)
        versions_kind().checked_key(version)
        assert (prompt.labels, bool(prompt.description)) == ({PRODUCTION: version.version}, True)
        assert all(each.sample or each.default for each in version.variables), prompt.name
        rendered = version.rendered({each.name: each.sample for each in version.variables if each.sample})
        assert "{{" not in rendered.system + rendered.user
        assert len(rendered.system) > 300
        assert rendered.user.strip()


def test_mira_speaks_where_she_is_bound() -> None:
    """Greetings, chats, and every use case that begins with her name; nowhere else unasked."""
    library = Library()
    library.follow_personas(shipped_personas())
    for persona in shipped_personas():
        personas_kind().checked_key(persona)
    spoken = {
        use_case
        for use_case in ("greeting", "chat", "mira_evening", "mira_", "mira", "analysis", "chats")
        if library.preface(Options(use_case=use_case)) is not None
    }
    assert spoken == {"greeting", "chat", "mira_evening", "mira_"}


def test_versions_are_compared() -> None:
    """Lines of the texts, and what goes with them; a version is no different from itself."""
    version = shipped_prompts()[0][1]
    assert difference(version, version) == difference(version, replace(version, version=2, notes="x"))
    other = replace(version, version=2, system=version.system + "\nOne more line.", temperature=0.9)
    found = difference(version, other)
    assert "+One more line." in found.system
    assert (found.user, [each.field for each in found.fields]) == ((), ["temperature"])
    assert found.fields[0].after == "0.9"
