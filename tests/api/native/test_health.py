"""Health and probes."""

from tests.api.conftest import Web
from tests.conftest import bearer

PATH = "/api/ai/v2/health"


async def test_a_stranger_sees_one_word(web: Web) -> None:
    """Without a key only the overall status is told; a wrong key is told so."""
    reply = await web.get(PATH, {})
    assert (reply.status, reply.json) == (200, {"status": "ok"})
    assert (await web.get(PATH, bearer("bk-wrong"))).status == 401


async def test_a_caller_sees_the_reasons(web: Web) -> None:
    """Database, ledger, providers and what to set; credentials only for admins."""
    for headers, admin in ((web.baton.admin, True), (await web.baton.user(), False)):
        health = (await web.get(PATH, headers)).json
        assert health["database"] == {"status": "ok", "trouble": None}
        assert health["ledger"] == {"status": "ok", "trouble": None, "waiting": 0, "underWay": 0}
        providers = {each["name"]: each for each in health["providers"]}
        assert providers["openai"]["missing"] == "OPENAI_API_KEY"
        assert providers["simulated"]["configured"] is True
        assert ("credentials" in providers["openai"]) is admin


async def test_a_refused_credential_is_marked(start_baton, session) -> None:
    """An admin sees by its last 4 characters which key is refused and how long it is passed over."""
    web = Web(await start_baton({"SIMULATED_API_KEY": "simulated-bad-key-1234"}), session)
    chat = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
    assert (await web.post("/v1/chat/completions", chat)).status == 401
    health = (await web.get(PATH)).json
    assert health["status"] == "degraded"
    (provider,) = [each for each in health["providers"] if each["name"] == "simulated"]
    (credential,) = provider["credentials"]
    assert (credential["last4"], credential["mark"]) == ("1234", "provider_credential_rejected")
    assert 0 < credential["markedForS"] <= 60
    assert provider["usable"] is False
    assert "bad-key" not in str(health)


async def test_a_provider_that_is_closed_off_is_seen(web: Web) -> None:
    """Its breaker's state is told to callers, the models that are not asked to admins only."""
    match = {"state": "open", "reason": "why"}
    path = "/api/admin/ai/breakers/simulated"
    assert (await web.ask("PUT", f"{path}/echo", json=match)).status == 200
    for headers, models in ((web.baton.admin, ["echo"]), (await web.baton.user(), None)):
        health = (await web.get(PATH, headers)).json
        (provider,) = [each for each in health["providers"] if each["name"] == "simulated"]
        assert (provider["breaker"], provider["usable"]) == ("closed", True)
        assert provider.get("openModels") == models
        assert health["status"] == "ok"
    assert (await web.ask("PUT", path, json=match)).status == 200
    health = (await web.get(PATH)).json
    (provider,) = [each for each in health["providers"] if each["name"] == "simulated"]
    assert (provider["breaker"], provider["usable"], health["status"]) == ("open", False, "degraded")


async def test_a_lost_database_is_seen(web: Web) -> None:
    """Health and readiness say 503 with the reason, liveness goes on."""
    await web.baton.app.store.database.close()
    assert (await web.get(PATH, {})).json == {"status": "unavailable"}
    health = await web.get(PATH)
    assert health.status == 503
    assert health.json["database"]["trouble"] == "The database is not open."
    ready = await web.get("/readyz", {})
    assert (ready.status, ready.headers["retry-after"]) == (503, "1")
    assert (await web.get("/livez", {})).status == 200
    await web.baton.app.store.database.open()
    assert (await web.get("/readyz", {})).status == 200


async def test_readiness_waits_for_the_keys(web: Web, monkeypatch) -> None:
    """Until callers can be told from strangers, nobody is sent here."""
    monkeypatch.setattr(web.baton.app.keyring, "_held", None)
    assert (await web.get("/readyz", {})).status == 503
