"""`POST /api/admin/ai/test`: does this model answer, how fast, and at what cost?"""

import pytest

from tests.api.conftest import Web

PATH = "/api/admin/ai/test"


async def test_a_model_is_asked_for_real_and_its_call_is_on_record(web: Web) -> None:
    """Text, tokens, cost and time come back, and the interaction is there as any other of the admin's."""
    reply = await web.post(PATH, {"modelId": "simulated/echo", "prompt": "ping pong"})
    told = reply.json
    assert (reply.status, told["ok"], told["error"], told["costUsd"]) == (200, True, None, "0")
    assert "ping pong" in told["content"]
    row = (await web.get(f"/api/interactions/{told['interactionId']}")).json
    assert (row["status"], row["route"], row["modelName"], row["attemptCount"]) == ("ok", PATH, "echo", 1)
    assert row["usage"]["promptTokens"] == told["promptTokens"]
    assert row["responseTimeMs"] == told["responseTimeMs"]


async def test_a_failure_of_the_provider_is_an_answer_too(web: Web) -> None:
    """What the provider said, once, without trying again; the failed call is on record."""
    reply = await web.post(PATH, {"modelId": "simulated/nobody-made-this"})
    told = reply.json
    assert (reply.status, told["ok"], told["content"]) == (200, False, None)
    assert told["error"]["httpStatus"] == 404
    assert "nobody-made-this" in told["error"]["message"]
    row = (await web.get(f"/api/interactions/{told['interactionId']}")).json
    assert (row["httpStatus"], row["attemptCount"]) == (404, 1)


@pytest.mark.parametrize("fault", ["html", "empty", "flood", "reset", "malformed"])
async def test_rubbish_is_an_answer_too(web: Web, fault: str) -> None:
    """Whatever comes back, the admin is told what it was, asked for once, and it is on record."""
    told = (await web.post(PATH, {"modelId": f"simulated/echo;fault={fault}"})).json
    row = (await web.get(f"/api/interactions/{told['interactionId']}")).json
    assert (told["ok"], told["content"], row["attemptCount"]) == (False, None, 1)
    assert told["error"]["kind"] == row["status"] != "ok"
    assert told["error"]["message"]


async def test_what_cannot_be_asked_is_refused(web: Web) -> None:
    """A model that is not there, or whose provider has no key, is no matter of the provider's."""
    assert (await web.post(PATH, {"modelId": "nobody/knows"})).status == 404
    assert (await web.post(PATH, {"modelId": "openai/gpt-4o-mini"})).status == 422
    assert (await web.post(PATH, {"prompt": "hi"})).json["errors"][0]["field"] == "modelId"
