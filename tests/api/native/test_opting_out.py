"""`/api/me/opt-out`: users whom no AI serves."""

import pytest

from baton.api.spoken import dialect_at
from baton.core.dialect import Dialect
from tests.api.conftest import Web
from tests.shapes import error_in

PATH = "/api/me/opt-out"
MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"model": "simulated/echo", "messages": MESSAGES}
PARTS = {"contents": [{"parts": [{"text": "hi"}]}]}
ROUTES = [
    ("/v1/chat/completions", CHAT),
    ("/v1/chat/completions", {**CHAT, "stream": True}),
    ("/v1/responses", {"model": "simulated/echo", "input": "hi"}),
    ("/v1/messages", {**CHAT, "max_tokens": 9}),
    ("/v1/messages/count_tokens", CHAT),
    ("/v1beta/models/simulated/echo:generateContent", PARTS),
    ("/v1/embeddings", {"model": "simulated/embedding", "input": "hi"}),
    ("/v1/images/generations", {"model": "simulated/image", "prompt": "hi"}),
    ("/v1/moderations", {"input": "hi"}),
    ("/api/ai/v2/chat", CHAT),
    ("/api/ai/v2/chat", {**CHAT, "stream": True}),
]


@pytest.mark.parametrize(("path", "body"), ROUTES)
@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_sent_for_who_opted_out(shared: Web, path: str, body: object) -> None:
    """A 403 in the route's dialect, no row, no call; others are served; taking it back counts at once."""
    user = await shared.baton.user()
    assert (await shared.ask("POST", PATH, user)).json["optedOut"] is True
    refused = await shared.post(path, body, user)
    assert refused.status == 403, refused.body
    if dialect_at(path) is Dialect.NATIVE:
        assert refused.json["code"] == "opted_out"
    else:
        error_in(dialect_at(path), refused.json)
    assert b"opted out of AI" in refused.body
    assert (await shared.get("/api/interactions", user)).json["interactions"] == []
    assert (await shared.post(path, body)).status == 200
    assert (await shared.ask("DELETE", PATH, user)).json == {"optedOut": False, "since": None, "by": None}
    assert (await shared.post(path, body, user)).status == 200


async def test_the_wish_is_told_audited_and_once(web: Web) -> None:
    """Since when and whose act; doing it again changes nothing."""
    user = await web.baton.user()
    assert (await web.get(PATH, user)).json == {"optedOut": False, "since": None, "by": None}
    first = (await web.ask("POST", PATH, user)).json
    assert (await web.ask("POST", PATH, user)).json == first == (await web.get(PATH, user)).json
    await web.ask("DELETE", PATH, user)
    entries = (await web.get("/api/admin/audit?kind=user_choices")).json["entries"]
    assert [each["action"] for each in entries] == ["opt_in", "opt_out"]
    assert {each["actorId"] for each in entries} == {first["by"]}


async def test_an_admin_may_do_it_for_a_user(web: Web) -> None:
    """With the admin as whose act it was; a user that is not there is a 404."""
    user = await web.baton.user()
    me = (await web.ask("POST", PATH, user)).json["by"]
    await web.ask("DELETE", PATH, user)
    theirs = f"/api/admin/users/{me}/opt-out"
    done = await web.ask("POST", theirs)
    assert (done.status, done.json["optedOut"]) == (200, True)
    assert done.json["by"] != me
    assert (await web.post("/v1/chat/completions", CHAT, user)).status == 403
    assert (await web.ask("DELETE", theirs)).json["optedOut"] is False
    assert (await web.post("/v1/chat/completions", CHAT, user)).status == 200
    assert (await web.ask("POST", "/api/admin/users/nobody/opt-out")).status == 404
