"""Ways to send a key."""

from urllib.parse import quote

import pytest

from tests.api.conftest import Web

PATHS = ["/v1/models", "/api/interactions", "/api/admin/users"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "way", ["Authorization: Bearer {}", "authorization: bearer {}", "x-api-key: {}", "X-Goog-Api-Key: {}"]
)
@pytest.mark.asyncio(loop_scope="module")
async def test_each_dialects_way_is_taken_everywhere(shared: Web, path: str, way: str) -> None:
    """Whatever client somebody has, its own header opens every route."""
    name, _, value = way.partition(": ")
    assert (await shared.get(path, {name: value.format(shared.baton.key)})).status == 200
    assert (await shared.get(path, {name: value.format("bk-wrong")})).status == 401


async def test_a_key_in_the_query_is_taken_where_its_dialect_does_so_only(web: Web) -> None:
    """Queries end in logs and histories: only the clients that know no other way may use one."""
    key = quote(web.baton.key)
    for path in PATHS:
        assert (await web.get(f"{path}?key={key}", {})).status == 401
    refused = await web.get("/v1beta/nowhere?key=bk-wrong", {})
    assert refused.status == 404


async def test_an_authorization_beats_the_other_headers(web: Web) -> None:
    """One key counts, and always the same one."""
    both = {"Authorization": f"Bearer {web.baton.key}", "x-api-key": "bk-wrong"}
    assert (await web.get("/v1/models", both)).status == 200
    both = {"Authorization": "Bearer bk-wrong", "x-api-key": web.baton.key}
    assert (await web.get("/v1/models", both)).status == 401
    other = {"Authorization": "Basic abc", "x-api-key": web.baton.key}
    assert (await web.get("/v1/models", other)).status == 200


async def test_where_nobody_must_be_known_a_wrong_key_is_still_wrong(web: Web) -> None:
    """The public part of a route is for those who present nothing at all."""
    path = "/api/ai/v2/health"
    assert (await web.get(path, {})).status in (200, 503)
    for headers in (
        {"x-api-key": "bk-wrong"},
        {"x-goog-api-key": "bk-wrong"},
        {"Authorization": "Bearer bk-wrong"},
        {"Authorization": "nonsense"},
    ):
        assert (await web.get(path, headers)).status == 401, headers
