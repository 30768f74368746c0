"""Anthropic's Messages as a codec."""

from functools import lru_cache
from urllib.parse import quote, urlsplit

from baton.core.dialect import Dialect
from baton.upstream.dialects.anthropic.answers import glance, read_answer, write_answer
from baton.upstream.dialects.anthropic.errors import read_failure, write_error, write_error_event
from baton.upstream.dialects.anthropic.losses import ADJUSTS, CANNOT
from baton.upstream.dialects.anthropic.passing import Relay, pass_on
from baton.upstream.dialects.anthropic.reader import StreamReader
from baton.upstream.dialects.anthropic.requests import write_request
from baton.upstream.dialects.anthropic.writer import StreamWriter
from baton.upstream.dialects.codec import Codec

_VERSION = "/v1"


@lru_cache(maxsize=1024)
def address(base_url: str, model: str, stream: bool) -> str:
    """The URL of messages: `base_url` may hold `{model}`, and a query that goes to the end. One without a
    path gets the version that the API's own address has, as its SDKs have it."""
    del stream  # the body says it
    base, mark, query = base_url.partition("?")
    base = base.rstrip("/")
    if not urlsplit(base).path:
        base += _VERSION
    path = base.replace("{model}", quote(model, safe="")) + "/messages"
    return f"{path}{mark}{query}"


CODEC = Codec(
    dialect=Dialect.ANTHROPIC,
    address=address,
    pass_on=pass_on,
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
    cannot=CANNOT,
    adjusts=ADJUSTS,
)
