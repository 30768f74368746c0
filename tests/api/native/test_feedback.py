"""`/api/interactions/{id}/feedback`, on each kind of database."""

from typing import Any

import aiohttp
import pytest

from tests.api.conftest import Web
from tests.api.native.test_interactions import PATH, ask
from tests.conftest import StartBaton
from tests.databases import Place


@pytest.fixture
async def web(start_baton: StartBaton, session: aiohttp.ClientSession, place: Place) -> Web:
    return Web(await start_baton(database_url=place.settings.url), session)


async def test_an_answer_can_be_judged_and_judged_again(web: Web) -> None:
    """At once, before its row can be in the database; the last opinion stands, beside the interaction."""
    user = await web.baton.user()
    id = await ask(web, user)
    first = await web.post(f"{PATH}/{id}/feedback", {"score": 2, "comment": "wrong"}, user)
    assert (first.status, first.json["interactionId"], first.json["comment"]) == (200, id, "wrong")
    assert (await web.post(f"{PATH}/{id}/feedback", {"score": 5}, user)).status == 200
    shown = (await web.get(f"{PATH}/{id}", user)).json
    assert (shown["feedback"]["score"], shown["feedback"]["comment"]) == (5, None)
    assert shown["feedback"]["userId"] == shown["userId"]
    unjudged = await ask(web, user)
    page = (await web.get(PATH, user)).json["interactions"]
    assert {each["id"]: each["feedback"] for each in page} == {id: shown["feedback"], unjudged: None}


async def test_only_the_asker_and_admins_judge(web: Web) -> None:
    """Another's interaction is a 404, for an analyst too; an admin's opinion is taken."""
    asker, other = await web.baton.user(), await web.baton.user(roles=frozenset({"user", "analyst"}))
    id = await ask(web, asker)
    assert (await web.post(f"{PATH}/{id}/feedback", {"score": 1}, other)).status == 404
    assert (await web.get(f"{PATH}/{id}", asker)).json["feedback"] is None
    assert (await web.post(f"{PATH}/{id}/feedback", {"score": 3})).status == 200
    shown = (await web.get(f"{PATH}/{id}", asker)).json
    assert shown["feedback"]["userId"] != shown["userId"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "score"),
        ({"score": 0}, "score"),
        ({"score": 6}, "score"),
        ({"score": 4.5}, "score"),
        ({"score": "5"}, "score"),
        ({"score": True}, "score"),
        ({"score": 5, "comment": "x" * 2001}, "comment"),
        ({"score": 5, "comment": "a\0b"}, "comment"),
        ({"score": 5, "coment": "x"}, "coment"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_opinion_is_refused(shared: Web, body: Any, field: str) -> None:
    """A score is a whole number from 1 to 5, a comment a text of some length; the wrong field is named."""
    reply = await shared.post(f"{PATH}/{await ask(shared)}/feedback", body)
    assert (reply.status, [each["field"] for each in reply.json["errors"]]) == (400, [field])


async def test_odd_ids_are_not_there(web: Web) -> None:
    """Whatever is written in the address, it is a 404."""
    for id in ("%00", "x" * 300, "'", "%F0%9F%91%8D"):
        assert (await web.post(f"{PATH}/{id}/feedback", {"score": 5})).status == 404
        assert (await web.get(f"{PATH}/{id}")).status == 404
        assert (await web.get(f"{PATH}/{id}/model-info")).status == 404
