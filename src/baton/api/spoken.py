"""Which dialect is spoken where: errors are told in it, wherever in the house they arise."""

from collections.abc import Iterable

from baton.core.dialect import Dialect
from baton.upstream.dialects.google.codec import VERBS

# The most particular first.
_BEGINNINGS = {
    "/v1/messages": Dialect.ANTHROPIC,
    "/v1/responses": Dialect.OPENAI_RESPONSES,
    "/v1beta": Dialect.GOOGLE,
    "/v1": Dialect.OPENAI,
}
_MODELS = "/v1/models"
_SIGNS = {
    b"anthropic-version": Dialect.ANTHROPIC,
    b"x-goog-api-key": Dialect.GOOGLE,
    b"x-goog-api-client": Dialect.GOOGLE,
}
"""Headers that the requests of a dialect's own clients carry."""


def dialect_at(path: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Dialect:
    """The dialect of whoever calls this path; three of them share the list of models, told apart by a header,
    and one of these asks its models below it.

    NATIVE wherever Baton's own routes stand, or nobody's. `headers`: names in lower case.
    """
    for beginning, dialect in _BEGINNINGS.items():
        if _below(path, beginning):
            return _among_models(path, headers) if _below(path, _MODELS) else dialect
    return Dialect.NATIVE


def _among_models(path: str, headers: Iterable[tuple[bytes, bytes]]) -> Dialect:
    if path.endswith(VERBS):
        return Dialect.GOOGLE
    return next((_SIGNS[name] for name, _ in headers if name in _SIGNS), Dialect.OPENAI)


def _below(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith(beginning + "/")
