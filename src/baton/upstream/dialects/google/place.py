"""Where a provider's models are found."""

from urllib.parse import quote, urlsplit

_VERSION = "/v1beta"
_TUNED = "tunedModels/"


def place(base_url: str, model: str) -> tuple[str, str]:
    """(everything before the verb, the query string). `base_url` may hold `{model}` and a query; one without
    a path gets the version that the API's own address has."""
    base, _, query = base_url.partition("?")
    base = base.rstrip("/")
    if not urlsplit(base).path:
        base += _VERSION
    family = _TUNED if model.startswith(_TUNED) else "models/"
    name = quote(model.removeprefix(family), safe="")
    return f"{base.replace('{model}', name)}/{family}{name}", query
