"""`/api/interactions/{id}/model-info`."""

from tests.api.conftest import Web
from tests.api.native.test_interactions import PATH, ask

INFO = {
    "interactionId",
    "provider",
    "modelName",
    "tokens",
    "responseTime",
    "cost",
    "wasCached",
    "fallbackUsed",
    "originalProvider",
}


async def test_it_tells_who_answered(web: Web) -> None:
    """The same figures as the interaction, in few words; under its older name as well."""
    id = await ask(web)
    info = (await web.get(f"{PATH}/{id}/model-info")).json
    whole = (await web.get(f"{PATH}/{id}")).json
    assert set(info) == INFO
    assert info == {
        "interactionId": id,
        "provider": "simulated",
        "modelName": "echo",
        "tokens": whole["usage"]["totalTokens"],
        "responseTime": whole["responseTimeMs"],
        "cost": "0",
        "wasCached": False,
        "fallbackUsed": False,
        "originalProvider": None,
    }
    assert (await web.get(f"/api/mira/model-info/{id}")).json == info


async def test_it_is_the_askers_own(web: Web) -> None:
    """Another's is a 404, for an analyst too; an admin may look."""
    asker, other = await web.baton.user(), await web.baton.user()
    analyst = await web.baton.user(roles=frozenset({"user", "analyst"}))
    id = await ask(web, asker)
    for path in (f"{PATH}/{id}/model-info", f"/api/mira/model-info/{id}"):
        for headers in (other, analyst):
            assert (await web.get(path, headers)).status == 404
        for headers in (asker, None):
            assert (await web.get(path, headers)).status == 200
