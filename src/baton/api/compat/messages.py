"""Anthropic's Messages, as a route of Baton's."""

from baton.api.compat.chat import Speech
from baton.api.exchange import Exchange
from baton.api.options import read_options
from baton.core.request import Envelope
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.anthropic.envelope import read_envelope

PATH = "/v1/messages"


def _read(exchange: Exchange, body: bytes) -> Envelope:
    return read_envelope(body, lambda inside: read_options(exchange.options, inside), exchange.passed)


SPEECH = Speech(CODEC, _read)
