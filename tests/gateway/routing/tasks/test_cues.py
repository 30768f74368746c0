"""Words and phrases that say what is wanted."""

from importlib.resources import files

import msgspec
import pytest

from baton.core.task import TaskType
from baton.gateway.routing.tasks.cues import Cue, Cues, packaged_cues
from baton.gateway.routing.tasks.rules import SPEAKING, votes
from baton.gateway.routing.tasks.words import passage_of

CUES = Cues(
    {
        "translate": {"en": ["translate*", "how do you say"], "ja": ["英訳"]},
        "work": {"en": ["poem", "short poem"], "de": ["gedicht"]},
    }
)


def found(text: str) -> list[Cue]:
    return CUES.found(passage_of(text))


def test_a_phrase_is_found_whole() -> None:
    """Not where only its beginning is there; longer and shorter ones both count."""
    assert found("How do you do") == []
    assert [cue.phrase for cue in found("a short poem")] == ["short poem", "poem"]
    assert [cue.sense for cue in found("How do you say poem?")] == ["translate", "work"]


def test_a_stem_goes_on() -> None:
    """And is told as the word that it was found in."""
    assert [cue.phrase for cue in found("keep translating, retranslate, TRANSLATES")] == ["translates"]
    assert [cue.phrase for cue in found("translated")] == ["translated"]


def test_a_cue_opens_its_sentence() -> None:
    """Within its first words; not behind them."""
    assert [cue.opens for cue in found("Please translate. This is a very old and long poem")] == [True, False]


def test_cues_are_found_where_words_have_no_blanks() -> None:
    """Inside of a run of signs."""
    assert found("これを英訳してください") == [Cue(sense="translate", phrase="英訳", opens=False)]


@pytest.mark.parametrize("sense", sorted({sense for speaking in SPEAKING.values() for sense in speaking}))
def test_every_sense_that_votes_has_cues(sense: str) -> None:
    """A word of the table without phrases behind it would never count."""
    data = files("baton.gateway.routing.tasks").joinpath("data/cues.json").read_bytes()
    assert sum(map(len, msgspec.json.decode(data)[sense].values())) > 10


def test_the_strongest_cue_of_a_type_votes() -> None:
    """Whatever else was found; a type without cues gets nothing."""
    cues = packaged_cues().found(passage_of("Übersetze dieses Gedicht ins Englische"))
    by_type = dict(zip(SPEAKING, votes(cues), strict=True))
    assert max(by_type, key=lambda task: by_type[task]) is TaskType.TRANSLATION
    assert by_type[TaskType.CODING] == 0
