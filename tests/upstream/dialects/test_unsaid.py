"""What an answer loses that only its own dialect has words for."""

import pytest
from msgspec import Raw

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Text
from baton.upstream.dialects.registry import CODECS

SPOKEN = tuple(dialect for dialect in Dialect if dialect is not Dialect.NATIVE)


@pytest.mark.parametrize("written", SPOKEN)
@pytest.mark.parametrize("came", SPOKEN)
def test_fields_of_a_foreign_answer_are_told_as_lost(came: Dialect, written: Dialect) -> None:
    """Whoever writes a whole answer in another dialect names the fields that it leaves out; null ones say
    nothing, and at home nothing is lost."""
    choice = Choice(
        index=0,
        parts=(Text(text="well"),),
        finish=Finish.STOP,
        logprobs=Raw(b"{}"),
        extras={"odd": Raw(b"1")},
        message_extras={"strange": Raw(b"2"), "empty": Raw(b"null")},
    )
    response = ChatResponse(
        id="a", model="m", created=1, choices=(choice,), dialect=came, extras={"further": Raw(b"3")}
    )
    losses = Losses()
    CODECS[written].write_answer(response, losses)
    told = {path.rpartition(".")[2] for path in losses.dropped}
    if came is written:
        assert not told
    else:
        assert told == {"logprobs", "odd", "strange", "further"}
