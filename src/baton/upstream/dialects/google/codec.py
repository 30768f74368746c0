"""Google's `generateContent` as a codec."""

import re
from functools import lru_cache

from baton.core.dialect import Dialect
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.google.answers import glance, read_answer, write_answer
from baton.upstream.dialects.google.counting import COUNTER
from baton.upstream.dialects.google.errors import read_failure, write_error, write_error_event
from baton.upstream.dialects.google.homecoming import bring_home
from baton.upstream.dialects.google.losses import ADJUSTS, CANNOT
from baton.upstream.dialects.google.parts import takes_as_is
from baton.upstream.dialects.google.passing import Relay, pass_on
from baton.upstream.dialects.google.place import place
from baton.upstream.dialects.google.preface import prefaced, warmed
from baton.upstream.dialects.google.requests import write_request
from baton.upstream.dialects.google.streams import StreamReader, StreamWriter
from baton.upstream.dialects.headers import HeaderRule
from baton.upstream.dialects.names import NameRule

VERBS = (":generateContent", ":streamGenerateContent", ":countTokens")
"""What the paths of chat calls, and of counting, end with."""


@lru_cache(maxsize=1024)
def address(base_url: str, model: str, stream: bool) -> str:
    """The URL of a chat call: `base_url` may hold `{model}`, and a query that goes to the end. One without a
    path gets the version that the API's own address has. Streams are always asked for as events."""
    path, query = place(base_url, model)
    if not stream:
        return f"{path}:generateContent{'?' if query else ''}{query}"
    return f"{path}:streamGenerateContent?alt=sse{'&' if query else ''}{query}"


CODEC = Codec(
    dialect=Dialect.GOOGLE,
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
    takes=takes_as_is,
    write_answer=write_answer,
    writer=StreamWriter,
    write_error=write_error,
    write_error_event=write_error_event,
    tool_names=NameRule(stranger=re.compile(r"[^a-zA-Z0-9_.:-]"), beginning=re.compile(r"[a-zA-Z_]")),
    headers=HeaderRule(key=("x-goog-api-key",), sign=("x-goog-api-key", "x-goog-api-client")),
    counter=COUNTER,
    cannot=CANNOT,
    adjusts=ADJUSTS,
)
