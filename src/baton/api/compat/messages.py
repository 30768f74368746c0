"""Anthropic's Messages, as routes of Baton's."""

from msgspec import structs

from baton.api.compat.chat import Speech
from baton.api.compat.counting import CountSpeech
from baton.api.exchange import Exchange
from baton.api.options import read_options
from baton.core.request import Envelope
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.anthropic.counting import write_count
from baton.upstream.dialects.anthropic.envelope import read_counting, read_envelope

PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"


_BETA = b"beta=true"
"""What the SDKs' beta methods, and with them coding agents, put behind the path."""


def _read(exchange: Exchange, body: bytes) -> Envelope:
    envelope = read_envelope(body, lambda inside: read_options(exchange.options, inside), exchange.passed)
    return _queried(envelope, exchange)


def _read_counting(exchange: Exchange, body: bytes) -> Envelope:
    envelope = read_counting(body, lambda inside: read_options(exchange.options, inside), exchange.passed)
    return _queried(envelope, exchange)


def _queried(envelope: Envelope, exchange: Exchange) -> Envelope:
    if exchange.scope["query_string"] != _BETA:
        return envelope
    return structs.replace(envelope, query=_BETA.decode())


SPEECH = Speech(CODEC, _read)
COUNT_SPEECH = CountSpeech(CODEC, _read_counting, write_count)
