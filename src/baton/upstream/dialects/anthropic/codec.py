"""Anthropic's Messages as a codec."""

from functools import lru_cache

from baton.core.dialect import Dialect
from baton.upstream.dialects.anthropic.answers import glance, read_answer, write_answer
from baton.upstream.dialects.anthropic.counting import COUNTER
from baton.upstream.dialects.anthropic.errors import read_failure, write_error, write_error_event
from baton.upstream.dialects.anthropic.homecoming import bring_home
from baton.upstream.dialects.anthropic.losses import ADJUSTS, CANNOT
from baton.upstream.dialects.anthropic.passing import Relay, pass_on
from baton.upstream.dialects.anthropic.place import place
from baton.upstream.dialects.anthropic.preface import prefaced, warmed
from baton.upstream.dialects.anthropic.reader import StreamReader
from baton.upstream.dialects.anthropic.requests import takes_prefill, write_request
from baton.upstream.dialects.anthropic.writer import StreamWriter
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.headers import HeaderRule
from baton.upstream.dialects.names import NameRule


@lru_cache(maxsize=1024)
def address(base_url: str, model: str, stream: bool) -> str:
    """The URL of messages."""
    del stream  # the body says it
    return place(base_url, model, "/messages")


CODEC = Codec(
    dialect=Dialect.ANTHROPIC,
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
    takes_prefill=takes_prefill,
    write_error=write_error,
    write_error_event=write_error_event,
    tool_names=NameRule(longest=128),
    headers=HeaderRule(
        key=("x-api-key",),
        sign=("anthropic-version",),
        asked=("anthropic-version", "anthropic-beta"),
        told=frozenset({"request-id"}),
        limits="anthropic-ratelimit",
    ),
    counter=COUNTER,
    cannot=CANNOT,
    adjusts=ADJUSTS,
)
