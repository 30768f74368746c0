"""`/api/admin/ai/routing-rules` and `/api/admin/ai/agent-routing`."""

from tests.api.conftest import Web

RULES = "/api/admin/ai/routing-rules"
CHAT = RULES + "/chat"
AGENTS = "/api/admin/ai/agent-routing"
ECHO = {"preferred": ["echo"], "fallbacks": ["simulated/lorem"], "aim": "cost"}


async def test_a_rule_is_made_changed_taken_away_and_brought_back(web: Web) -> None:
    """Each with the revision that is meant, and audited."""
    made = await web.ask("PUT", RULES + "/haiku", json=ECHO)
    assert (made.status, made.headers["etag"]) == (200, '"1"')
    assert made.json["preferred"] == ["simulated/echo"]
    assert (await web.ask("PUT", RULES + "/haiku", json=ECHO)).status == 428
    guard = {**web.baton.admin, "If-Match": '"1"'}
    changed = await web.ask("PUT", RULES + "/haiku", guard, json={**ECHO, "isEnabled": False})
    assert (changed.status, changed.json["isEnabled"]) == (200, False)
    assert (await web.ask("PUT", RULES + "/haiku", guard, json=ECHO)).status == 412
    undone = await web.ask("POST", RULES + "/haiku/undo", {**web.baton.admin, "If-Match": "*"})
    assert undone.json["isEnabled"] is True
    assert (await web.ask("DELETE", RULES + "/haiku", {**web.baton.admin, "If-Match": "*"})).status == 204
    assert (await web.get(RULES + "/haiku")).status == 404
    entries = (await web.get("/api/admin/audit?kind=routing_rules&key=haiku")).json["entries"]
    assert [each["action"] for each in entries] == ["delete", "undo", "update", "create"]


async def test_a_new_installation_has_the_rules_and_agents_that_come_with_it(web: Web) -> None:
    """Eight use cases, four agents."""
    rules = {each["useCase"]: each for each in (await web.get(RULES)).json["rules"]}
    assert len(rules) == 8
    assert rules["chat"]["preferred"] == ["openai/gpt-4o", "anthropic/claude-3-5-sonnet-20241022"]
    assert (rules["simple_completion"]["aim"], rules["experimental"]["aim"]) == ("cost", "innovation")
    agents = {each["agent"]: each for each in (await web.get(AGENTS)).json["agents"]}
    assert set(agents) == {"research", "strategy", "critique", "quality-score"}
    assert (agents["research"]["provider"], agents["research"]["choice"]) == ("xai", "cheap")
    assert agents["quality-score"]["fallback"] is False


async def test_what_is_exported_can_be_imported(web: Web) -> None:
    """All or nothing; a dry run changes nothing; what is wrong is told by its place."""
    export = (await web.get(RULES + "/export")).json
    same = await web.ask("POST", RULES + "/import", json=export)
    assert (same.status, same.json["created"], same.json["changed"]) == (200, [], [])
    assert len(same.json["unchanged"]) == 8
    more = {"rules": [{"useCase": "haiku", **ECHO}], "dryRun": True}
    assert (await web.ask("POST", RULES + "/import", json=more)).json["created"] == ["haiku"]
    assert (await web.get(RULES + "/haiku")).status == 404
    wrong = {"rules": [{"useCase": "haiku", **ECHO}, {"useCase": "ode", "preferred": ["x/y"]}]}
    refused = await web.ask("POST", RULES + "/import", json=wrong)
    assert refused.status == 400
    assert refused.json["errors"][0]["field"] == "rules[1].preferred[0]"
    assert (await web.get(RULES + "/haiku")).status == 404
    more["dryRun"] = False
    assert (await web.ask("POST", RULES + "/import", json=more)).status == 200
    assert (await web.get(RULES + "/haiku")).json["preferred"] == ["simulated/echo"]


async def test_what_is_wrong_with_a_rule_is_told(web: Web) -> None:
    """Unknown models with the nearest names, one twice, an unknown aim, an unknown field, a bad name."""
    for body, field in (
        ({"preferred": ["simulated/ecko"]}, "preferred[0]"),
        ({"preferred": ["echo"], "fallbacks": ["simulated/echo"]}, "fallbacks[0]"),
        ({"aim": "luck"}, "aim"),
        ({"prefered": []}, "prefered"),
    ):
        refused = await web.ask("PUT", CHAT, {**web.baton.admin, "If-Match": "*"}, json=body)
        assert refused.status == 400, body
        assert refused.json["errors"][0]["field"] == field
    assert (await web.ask("PUT", RULES + "/Bad%20name", json=ECHO)).status == 400


async def test_an_agents_routing_is_edited_like_a_rule(web: Web) -> None:
    """And what contradicts itself is refused."""
    guard = {**web.baton.admin, "If-Match": "*"}
    put = await web.ask("PUT", AGENTS + "/research", guard, json={"choice": "model", "model": "echo"})
    assert (put.status, put.json["model"]) == (200, "simulated/echo")
    back = await web.ask("POST", AGENTS + "/research/undo", guard)
    assert (back.json["choice"], back.json["model"]) == ("cheap", None)
    for body in (
        {"choice": "model"},
        {"choice": "cheap"},
        {"choice": "cheap", "provider": "nobody"},
        {"choice": "cheapest", "model": "echo"},
        {"choice": "model", "model": "echo", "provider": "openai"},
    ):
        assert (await web.ask("PUT", AGENTS + "/research", guard, json=body)).status == 400, body


async def test_both_are_for_admins_only(web: Web) -> None:
    """Others are refused, and learn nothing."""
    bob = await web.baton.user()
    assert (await web.get(RULES, bob)).status == 403
    assert (await web.ask("PUT", AGENTS + "/research", bob, json={})).status == 403
