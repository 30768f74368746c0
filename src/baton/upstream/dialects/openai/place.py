"""Where the API's routes are."""

from urllib.parse import quote


def place(base_url: str, model: str, path: str) -> str:
    """The URL of one of the routes: `base_url` may hold `{model}`, and a query that goes to the end."""
    base, mark, query = base_url.partition("?")
    return base.replace("{model}", quote(model, safe="")).rstrip("/") + path + mark + query
