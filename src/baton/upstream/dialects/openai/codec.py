"""OpenAI's chat completions as a codec."""

from functools import lru_cache

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Media, MediaKind
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.headers import HeaderRule
from baton.upstream.dialects.openai.answers import glance, read_answer
from baton.upstream.dialects.openai.errors import read_failure, write_error, write_error_event
from baton.upstream.dialects.openai.homecoming import bring_home
from baton.upstream.dialects.openai.losses import ADJUSTS, CANNOT
from baton.upstream.dialects.openai.passing import Relay, pass_on
from baton.upstream.dialects.openai.place import place
from baton.upstream.dialects.openai.preface import prefaced, warmed
from baton.upstream.dialects.openai.replies import write_answer
from baton.upstream.dialects.openai.requests import write_request
from baton.upstream.dialects.openai.streams import StreamReader
from baton.upstream.dialects.openai.writer import StreamWriter


@lru_cache(maxsize=1024)
def address(base_url: str, model: str, stream: bool) -> str:
    """The URL of chat completions."""
    del stream  # the body says it
    return place(base_url, model, "/chat/completions")


def _writer(losses: Losses) -> StreamWriter:
    return StreamWriter(include_usage=True, losses=losses)


def _takes(media: Media) -> bool:
    """Chat completions take images by URL, and nothing else. Videos they take in no way: none is fetched."""
    return media.kind in (MediaKind.IMAGE, MediaKind.VIDEO)


HEADERS = HeaderRule(
    asked=("openai-",),
    withheld=frozenset({"openai-organization", "openai-project"}),
    told=frozenset({"x-request-id", "openai-processing-ms", "openai-version"}),
)

CODEC = Codec(
    dialect=Dialect.OPENAI,
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
    takes=_takes,
    write_answer=write_answer,
    writer=_writer,
    write_error=write_error,
    write_error_event=write_error_event,
    headers=HEADERS,
    cannot=CANNOT,
    adjusts=ADJUSTS,
)
