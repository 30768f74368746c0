"""Laws of every dialect, for made-up conversations of all parts: parse(write(x)) is x minus the noted losses.

A dialect is tested by being registered. What may differ stands in `normal`.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck as Checks
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.core.answer import ChatResponse, Ended, StreamEvent, Used
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec, Quirks
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic import requests as anthropic
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.google import requests as google
from baton.upstream.dialects.names import names_in, renamed, with_fitting_names
from baton.upstream.dialects.openai import requests as openai
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.responses import requests as responses
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.dialects.sse import SseReader
from tests.upstream.dialects import conversations
from tests.upstream.dialects.normal import Heard, heard, heard_without, without

HealthCheck: Any = Checks
"""Its own type is not that of a collection to a type checker."""

FEW, MANY = 200, 10_000
BASE_URL = "http://provider.test/v1"
READERS: dict[Dialect, Callable[[bytes, bool], ChatRequest]] = {
    Dialect.OPENAI: lambda body, _: openai.read_request(body),
    Dialect.OPENAI_RESPONSES: lambda body, _: responses.read_request(body),
    Dialect.ANTHROPIC: lambda body, _: anthropic.read_request(body),
    Dialect.GOOGLE: lambda body, stream: google.read_request(body, "some-model", stream=stream),
}
"""Read a request; whether it asks for a stream may stand in its address."""
TOOL_NAMES: dict[Dialect, str] = {
    Dialect.OPENAI: r"[a-zA-Z0-9_-]{1,64}",
    Dialect.OPENAI_RESPONSES: r"[a-zA-Z0-9_-]{1,64}",
    Dialect.ANTHROPIC: r"[a-zA-Z0-9_-]{1,128}",
    Dialect.GOOGLE: r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}",
}
"""Whatever else a tool is called is refused with a 400."""

DIALECTS = tuple(CODECS)


GENEROUS = Quirks(takes_top_k=True, takes_thoughts=True, takes_signatures=True, takes_cache_marks=True)
NARROW = Quirks(no_stream_options=True, no_developer_role=True, short_call_ids=True, takes_thoughts=True)


def spec_of(dialect: Dialect, quirks: Quirks | None = None) -> ProviderSpec:
    """A provider; without quirks unless some are given."""
    return ProviderSpec(
        name="made-up", title="Made up", base_url=BASE_URL, dialect=dialect, quirks=quirks or Quirks()
    )


def declared(codec: Codec, losses: Losses) -> None:
    """Whatever was met must be declared."""
    undeclared = losses.features - {*codec.cannot, *codec.adjusts}
    assert not undeclared, f"{sorted(undeclared)}: {list(losses.dropped)}, {list(losses.adjusted)}"


def request_survives(request: ChatRequest, dialect: Dialect, quirks: Quirks | None = None) -> None:
    codec, losses = CODECS[dialect], Losses()
    fitting, names = with_fitting_names(request, codec.tool_names, losses)
    body = codec.write_request(fitting, "some-model", spec_of(dialect, quirks), losses)
    declared(codec, losses)
    again = READERS[dialect](body, request.stream)
    for name in names_in(again):
        assert re.fullmatch(TOOL_NAMES[dialect], name), name
    again = renamed(again, names)
    expected = without(request, losses.features, codec)
    found = without(again, losses.features, codec)
    for name in ChatRequest.__struct_fields__:
        assert getattr(found, name) == getattr(expected, name), (name, list(losses.features), body)


def answer_survives(response: ChatResponse, dialect: Dialect) -> None:
    codec, losses = CODECS[dialect], Losses()
    body = codec.write_answer(response, losses)
    declared(codec, losses)
    again = codec.read_answer(body, spec_of(dialect))
    same(heard(stream_of(response)), heard(stream_of(again)), codec, losses, body)


def stream_survives(events: list[StreamEvent], dialect: Dialect) -> None:
    codec, losses = CODECS[dialect], Losses()
    writer = codec.writer(losses)
    usage = next((event.usage for event in events if isinstance(event, Used)), Usage())
    pieces = [writer.write(event) for event in events if not isinstance(event, Used | Ended)]
    body = b"".join(pieces) + writer.finale(usage, None)
    declared(codec, losses)
    sse = SseReader()
    reader = codec.reader(spec_of(dialect))
    again = [event for data in [*sse.feed(body), *sse.rest()] for event in reader.read(data)]
    same(heard(events), heard(again), codec, losses, body)


def same(expected: Heard, found: Heard, codec: Codec, losses: Losses, body: bytes) -> None:
    expected = heard_without(expected, losses.features, codec)
    found = heard_without(found, losses.features, codec)
    if not found.created:  # a dialect that tells no time
        expected.created = 0
    for said in (expected, found):  # what is charged besides is seen in the parts, not told
        said.usage = said.usage and replace(said.usage, beside=False)
    for name in ("id", "model", "created", "usage", "ends", "said"):
        assert getattr(found, name) == getattr(expected, name), (name, list(losses.features), body)


LAWS: dict[str, tuple[Callable[[Dialect], st.SearchStrategy[Any]], Callable[[Any, Dialect], None]]] = {
    "requests": (conversations.requests, request_survives),
    "answers": (conversations.responses, answer_survives),
    "streams": (conversations.streams, stream_survives),
}


def prove(law: str, dialect: Dialect, examples: int, quirks: Quirks | None = None) -> None:
    made_up, survives = LAWS[law]
    if quirks is not None:
        survives = partial(request_survives, quirks=quirks)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples == FEW,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(made_up(dialect))
    def holds(made: Any) -> None:
        survives(made, dialect)

    holds()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_was_written_reads_as_what_was_meant(dialect: Dialect, law: str) -> None:
    """Requests, answers and streams of any other dialect survive this one, but for losses that were noted and
    are declared."""
    prove(law, dialect, FEW)


@pytest.mark.parametrize("quirks", [GENEROUS, NARROW], ids=["takes more", "takes less"])
def test_an_openai_like_is_told_all_that_it_takes(quirks: Quirks) -> None:
    """The law holds for whatever a provider declares of itself."""
    prove("requests", Dialect.OPENAI, FEW, quirks)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_was_written_reads_as_what_was_meant_ten_thousand_times(dialect: Dialect, law: str) -> None:
    """What a dialect writes reads as what was meant, but for declared losses, in ten thousand examples."""
    prove(law, dialect, MANY)
