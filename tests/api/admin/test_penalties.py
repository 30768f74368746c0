"""`/api/admin/ai/penalties`."""

from baton.gateway.admission.penalties import Penalties
from tests.api.conftest import Web

PATH = "/api/admin/ai/penalties"


def misbehave(web: Web) -> Penalties:
    penalties, now_s = web.baton.app.admitting.penalties, web.baton.app.store.clock.monotonic()
    for _ in range(11):
        penalties.refused("key-1", "user-1", now_s)
    return penalties


async def test_penalties_are_seen_and_lifted(web: Web) -> None:
    """Whose, the how manieth, for how many refusals, how long yet; lifting it is in the audit."""
    assert (await web.get(PATH)).json == {"penalties": []}
    penalties = misbehave(web)
    (told,) = (await web.get(PATH)).json["penalties"]
    assert (told["scope"], told["id"], told["step"], told["refusals"]) == ("key", "key-1", 1, 11)
    assert 50 < told["leftS"] <= 60
    one = f"{PATH}/key/key-1"
    assert (await web.ask("DELETE", one)).status == 204
    assert (await web.get(PATH)).json == {"penalties": []}
    assert penalties.wait_s("key-1", "user-1", web.baton.app.store.clock.monotonic()) == 0.0
    (entry,) = (await web.get("/api/admin/audit?kind=penalty")).json["entries"]
    assert (entry["action"], entry["key"], entry["before"]) == (
        "lift",
        "key/key-1",
        {"step": 1, "refusals": 11},
    )
    assert (await web.ask("DELETE", one)).status == 404
    assert (await web.ask("DELETE", f"{PATH}/nobody/key-1")).status == 400


async def test_a_penalty_is_an_alert_until_it_is_lifted(web: Web) -> None:
    """So that somebody looks who it is."""
    misbehave(web)
    (alert,) = (await web.get("/api/admin/ai/alerts?kind=rate_limit_abuse")).json["alerts"]
    assert (alert["subject"], "11 times" in alert["detail"]) == ("key key-1", True)
    await web.ask("DELETE", f"{PATH}/key/key-1")
    (alert,) = (await web.get("/api/admin/ai/alerts?kind=rate_limit_abuse&state=resolved")).json["alerts"]
    assert alert["resolution"] == "recovered"
