"""Which dialect is spoken where: errors are told in it, wherever in the house they arise."""

from collections.abc import Iterable

from baton.core.dialect import Dialect
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.openai.codec import CODEC as OPENAI
from baton.upstream.dialects.registry import CODECS

# The most particular first.
_BEGINNINGS = {
    "/v1/messages": Dialect.ANTHROPIC,
    "/v1/responses": Dialect.OPENAI_RESPONSES,
    "/v1beta": Dialect.GOOGLE,
    "/v1": Dialect.OPENAI,
}
_MODELS = "/v1/models"
_SIGN = b"anthropic-version"
"""A header that every request of that dialect has to carry."""


def dialect_at(path: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Dialect:
    """The dialect of whoever calls this path; two of them share the list of models, told apart by a header.

    NATIVE wherever Baton's own routes stand, or nobody's. `headers`: names in lower case.
    """
    for beginning, dialect in _BEGINNINGS.items():
        if _below(path, beginning):
            if _below(path, _MODELS) and any(name == _SIGN for name, _ in headers):
                return Dialect.ANTHROPIC
            return dialect
    return Dialect.NATIVE


def codec_of(dialect: Dialect) -> Codec:
    """The dialect's codec; OpenAI's for one that is not spoken yet."""
    return CODECS.get(dialect, OPENAI)


def _below(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith(beginning + "/")
