"""The Responses API as a codec."""

from functools import lru_cache

from baton.core.dialect import Dialect
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.openai.codec import HEADERS
from baton.upstream.dialects.openai.errors import read_failure, write_error
from baton.upstream.dialects.openai.place import place
from baton.upstream.dialects.responses.answers import glance, read_answer, write_answer
from baton.upstream.dialects.responses.counting import COUNTER
from baton.upstream.dialects.responses.errors import write_error_event
from baton.upstream.dialects.responses.homecoming import bring_home
from baton.upstream.dialects.responses.losses import ADJUSTS, CANNOT
from baton.upstream.dialects.responses.passing import Relay, pass_on
from baton.upstream.dialects.responses.preface import prefaced, warmed
from baton.upstream.dialects.responses.requests import write_request
from baton.upstream.dialects.responses.streams import StreamReader
from baton.upstream.dialects.responses.writer import StreamWriter


@lru_cache(maxsize=1024)
def address(base_url: str, model: str, stream: bool) -> str:
    """The URL of responses."""
    del stream  # the body says it
    return place(base_url, model, "/responses")


CODEC = Codec(
    dialect=Dialect.OPENAI_RESPONSES,
    address=address,
    bring_home=bring_home,
    pass_on=pass_on,
    preface=prefaced,
    warm=warmed,
    write_request=write_request,
    read_failure=read_failure,
    glance=glance,
    read_answer=read_answer,
    reader=StreamReader,
    relay=Relay,
    write_answer=write_answer,
    writer=StreamWriter,
    write_error=write_error,
    write_error_event=write_error_event,
    headers=HEADERS,
    counter=COUNTER,
    cannot=CANNOT,
    adjusts=ADJUSTS,
)
