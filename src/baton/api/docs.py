"""`/openapi.json`, and `/docs`, which renders it: every byte of that is served from here."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from baton.api.description import describe
from baton.api.older_openapi import as_30
from baton.core.errors import NotFound

_SCRIPT = "text/javascript"
_JSON = "application/json"
_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": _SCRIPT,
    "favicon-32x32.png": "image/png",
}
# A file of its own: the page allows no script inside it.
_START = b"""\
window.onload = () => {
  SwaggerUIBundle({
    url: "docs/openapi-3.0.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    validatorUrl: null,
  });
};
"""
_PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Baton's API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
"""
_ONLY_FROM_HERE = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


class Docs:
    """The routes; need no key, for they tell only what every Baton's do."""

    def __init__(self) -> None:
        package = Path(str(files("swagger_ui_bundle")))
        self._folder = next(package.glob("vendor/swagger-ui-*"))
        self._described: dict[str, Any] | None = None

    def attach(self, to: FastAPI) -> None:
        """Add them, outside of what they describe."""
        to.router.routes += [
            Route("/openapi.json", self.document, methods=["GET"]),
            Route("/docs", _fixed(_PAGE, "text/html"), methods=["GET"]),
            Route("/docs/start.js", _fixed(_START, _SCRIPT), methods=["GET"]),
            Route("/docs/openapi-3.0.json", self.older, methods=["GET"]),
            Route("/docs/{name}", self.asset, methods=["GET"]),
        ]

    async def document(self, request: Request) -> Response:
        """OpenAPI 3.1."""
        return Response(msgspec.json.encode(self._description(request.app)), media_type=_JSON)

    async def older(self, request: Request) -> Response:
        """The same for the renderer, which reads no newer one than 3.0."""
        return Response(msgspec.json.encode(as_30(self._description(request.app))), media_type=_JSON)

    async def asset(self, request: Request) -> Response:
        """One of the renderer's files."""
        name: str = request.path_params["name"]
        if name not in _ASSETS:
            raise NotFound(f"There is no route {request.url.path}.", code="no_such_route")
        return FileResponse(self._folder / name, media_type=_ASSETS[name], headers=_ONLY_FROM_HERE)

    def _description(self, framework: FastAPI) -> dict[str, Any]:
        if self._described is None:
            self._described = describe(framework.routes)
        return self._described


def _fixed(content: bytes, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers=_ONLY_FROM_HERE)
