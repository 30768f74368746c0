"""OpenAI's Responses, as routes of Baton's."""

from baton.api.compat.chat import Speech
from baton.api.compat.counting import CountSpeech
from baton.api.exchange import Exchange
from baton.api.options import read_options
from baton.core.request import Envelope
from baton.upstream.dialects.responses.codec import CODEC
from baton.upstream.dialects.responses.counting import write_count
from baton.upstream.dialects.responses.envelope import read_envelope

PATH = "/v1/responses"
COUNT_PATH = "/v1/responses/input_tokens"


def _read(exchange: Exchange, body: bytes) -> Envelope:
    return read_envelope(body, lambda inside: read_options(exchange.options, inside), exchange.passed)


SPEECH = Speech(CODEC, _read)
COUNT_SPEECH = CountSpeech(CODEC, _read, write_count)
