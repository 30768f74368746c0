"""The description of the API, and the page that draws it."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from baton.api.older_openapi import as_30
from tests.api.conftest import Web

TEXT = {"type": "string"}


async def test_the_description_is_complete(web: Web) -> None:
    """Each operation has a summary, a tag, an answer and its errors; each reference leads somewhere."""
    document = (await web.get("/openapi.json", {})).json
    assert document["openapi"].startswith("3.1")
    assert {"/v1/chat/completions", "/api/ai/v2/chat", "/v1/models"} <= set(document["paths"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["tags"], (method, path)
            assert {"4XX", "5XX"} <= set(operation["responses"]), (method, path)
            assert "422" not in operation["responses"]
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"])
    assert "apiKey" in document["components"]["securitySchemes"]


@pytest.mark.parametrize("stream", [False, True])
async def test_answers_are_as_described(web: Web, stream: bool) -> None:
    """A native answer validates against its own description, whole and as a stream's last event."""
    document = (await web.get("/openapi.json", {})).json
    example = document["components"]["schemas"]["ChatBody"]["example"]
    reply = await web.post("/api/ai/v2/chat", {**example, "stream": stream})
    answer = reply.events[-1] if stream else reply.json
    _validate(document, "Answer", answer)
    _validate(document, "Problem", (await web.post("/api/ai/v2/chat", {})).json)
    _validate(document, "OpenAIError", (await web.get("/v1/nowhere")).json)


async def test_examples_work(web: Web) -> None:
    """Each example of a request body is answered."""
    document = (await web.get("/openapi.json", {})).json
    for path, operations in document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {})
        for example in body.get("content", {}).get("application/json", {}).get("examples", {}).values():
            reply = await web.post(path.replace("{model_id}", "simulated/echo"), example["value"])
            assert reply.status in (200, 201, 409), (path, reply.body)


async def test_the_page_needs_nothing_from_outside(web: Web) -> None:
    """Everything that page, script and style refer to is served from here, and the browser is told so."""
    page = await web.get("/docs", {})
    assert "default-src 'none'" in page.headers["content-security-policy"]
    html = page.body.decode()
    referred = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(referred) == 4
    for reference in referred:
        assert "//" not in reference
        assert (await web.get(f"/{reference}", {})).status == 200
    assert "<script>" not in html
    start = (await web.get("/docs/start.js", {})).body.decode()
    (described,) = re.findall(r'url: "([^"]+)"', start)
    assert (await web.get(f"/{described}", {})).json["openapi"] == "3.0.3"
    assert "validatorUrl: null" in start
    style = (await web.get("/docs/swagger-ui.css", {})).body.decode()
    assert all(url.strip("\"'").startswith("data:") for url in re.findall(r"url\(([^)]*)\)", style))
    assert (await web.get("/docs/index.html", {})).status == 404
    assert (await web.get("/docs/..%2f__init__.py", {})).status == 404


async def test_the_older_description_has_no_newer_words(web: Web) -> None:
    """Nothing in it that OpenAPI 3.0 does not know: no null type, no const, no list of types."""

    def look(node: Any) -> None:
        if isinstance(node, dict):
            assert node.get("type") != "null"
            assert not isinstance(node.get("type"), list)
            assert "const" not in node or "properties" in node
            assert not isinstance(node.get("examples"), list)
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    look((await web.get("/docs/openapi-3.0.json", {})).json)


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ({"anyOf": [TEXT, {"type": "null"}], "title": "t"}, {**TEXT, "nullable": True, "title": "t"}),
        ({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}, {"anyOf": [{"$ref": "#/x"}], "nullable": True}),
        ({"const": "model"}, {"enum": ["model"]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"examples": [1, 2]}, {"example": 1}),
        ({"examples": {"one": {"value": 1}}}, {"examples": {"one": {"value": 1}}}),
    ],
)  # fmt: skip
def test_newer_words_are_translated(newer: dict[str, Any], older: dict[str, Any]) -> None:
    """Each word of JSON Schema that changed means the same in the older description."""
    assert as_30({"x": newer})["x"] == older


def _validate(document: dict[str, Any], name: str, value: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(value)
