"""Where the API's routes are."""

from urllib.parse import quote, urlsplit

_VERSION = "/v1"


def place(base_url: str, model: str, path: str) -> str:
    """The URL of one of the routes: `base_url` may hold `{model}`, and a query that goes to the end. One
    without a path gets the version that the API's own address has, as its SDKs have it."""
    base, mark, query = base_url.partition("?")
    base = base.rstrip("/")
    if not urlsplit(base).path:
        base += _VERSION
    return f"{base.replace('{model}', quote(model, safe=''))}{path}{mark}{query}"
