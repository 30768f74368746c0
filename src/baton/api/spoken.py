"""Which dialect is spoken where: errors are told in it, wherever in the house they arise."""

from collections.abc import Iterable

from baton.core.dialect import Dialect
from baton.upstream.dialects.google.codec import VERBS
from baton.upstream.dialects.registry import CODECS

UNVERSIONED = ("/chat/completions", "/responses", "/embeddings", "/models", "/completions")
"""Where OpenAI's SDKs ask whose base URL lacks its `/v1`."""

# The most particular first.
_BEGINNINGS = {
    "/v1/messages": Dialect.ANTHROPIC,
    "/v1/responses": Dialect.OPENAI_RESPONSES,
    "/v1beta": Dialect.GOOGLE,
    "/v1": Dialect.OPENAI,
    **dict.fromkeys(UNVERSIONED, Dialect.OPENAI),
}
_SHARED = (
    "/v1/v1",
    "/v1/v1beta",
    "/v1/models",
    "/v1/files",
    "/v1/batches",
    "/v1/cachedContents",
    "/v1/interactions",
    "/v1/tunedModels",
)
"""Where clients of several dialects ask, told apart by their headers."""

_SIGNS = {name.encode(): codec.dialect for codec in CODECS.values() for name in codec.headers.sign}
"""Headers that the requests of a dialect's own clients carry."""


def dialect_at(path: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Dialect:
    """The dialect of whoever calls this path; three of them share the list of models and what is kept for
    them, told apart by a header, and one of these asks its models below it.

    NATIVE wherever Baton's own routes stand, or nobody's. `headers`: names in lower case.
    """
    for beginning, dialect in _BEGINNINGS.items():
        if _below(path, beginning):
            shared = any(_below(path, each) for each in _SHARED)
            return _by_headers(path, headers) if shared else dialect
    return Dialect.NATIVE


def _by_headers(path: str, headers: Iterable[tuple[bytes, bytes]]) -> Dialect:
    if path.endswith(VERBS):
        return Dialect.GOOGLE
    return next((_SIGNS[name] for name, _ in headers if name in _SIGNS), Dialect.OPENAI)


def _below(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith(beginning + "/")
