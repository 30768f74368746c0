"""All dialects that Baton speaks."""

from collections.abc import Mapping

from baton.core.dialect import Dialect
from baton.upstream.dialects.anthropic.codec import CODEC as ANTHROPIC
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.google.codec import CODEC as GOOGLE
from baton.upstream.dialects.headers import together
from baton.upstream.dialects.openai.codec import CODEC as OPENAI
from baton.upstream.dialects.responses.codec import CODEC as RESPONSES

CODECS: Mapping[Dialect, Codec] = {codec.dialect: codec for codec in (OPENAI, RESPONSES, ANTHROPIC, GOOGLE)}

HEADERS = together(codec.headers for codec in CODECS.values())
"""The headers of all of them: who speaks is known later than what a request's headers are."""
