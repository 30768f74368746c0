"""`/api/interactions`."""

from collections.abc import Mapping

from baton.ledger.repricings import Priced, Repricings, Span, Spent
from baton.ledger.rows import Cost
from tests.api.conftest import Web
from tests.conftest import MAKER
from tests.ledger.samples import a_settled, an_opened
from tests.ledger.test_interactions import id_at

CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
PATH = "/api/interactions"


async def ask(web: Web, headers: Mapping[str, str] | None = None, model: str = "simulated/echo") -> str:
    """Make one interaction; its id."""
    reply = await web.post("/v1/chat/completions", {**CHAT, "model": model}, headers)
    return reply.headers["x-request-id"]


async def listed(web: Web, query: str = "", headers: Mapping[str, str] | None = None) -> list[str]:
    reply = await web.get(PATH + query, headers)
    assert reply.status == 200, reply.body
    return [each["id"] for each in reply.json["interactions"]]


async def test_everybody_sees_their_own(web: Web) -> None:
    """A user sees what they asked and nothing else; admins and analysts see everybody's."""
    user, analyst = await web.baton.user(), await web.baton.user(roles=frozenset({"user", "analyst"}))
    theirs, ours = await ask(web, user), await ask(web)
    assert await listed(web, headers=user) == [theirs]
    assert await listed(web) == [ours, theirs]
    assert await listed(web, headers=analyst) == [ours, theirs]


async def test_an_analyst_sees_nothing_that_others_said(web: Web) -> None:
    """What was used, not what for: neither in lists nor by a filter, and no single one; their own whole."""
    user, analyst = await web.baton.user(), await web.baton.user(roles=frozenset({"user", "analyst"}))
    said = {
        "x-baton-session": "s1",
        "x-baton-tags": "page=salary",
        "x-baton-context": '{"page": "salary"}',
    }
    theirs, mine = await ask(web, user | said), await ask(web, analyst | said)
    judged = await web.post(f"{PATH}/{theirs}/feedback", {"score": 2, "comment": "wrong salary"}, user)
    assert judged.status == 200
    listed_by_id = {each["id"]: each for each in (await web.get(PATH, analyst)).json["interactions"]}
    for name in ("session", "tags", "contextMetadata", "promptHash"):
        assert listed_by_id[theirs][name] is None
        assert listed_by_id[mine][name] is not None
    feedback = listed_by_id[theirs]["feedback"]
    assert (feedback["score"], feedback["comment"]) == (2, None)
    assert (await web.get(f"{PATH}/{theirs}", analyst)).status == 404
    me = listed_by_id[mine]["userId"]
    for query in ("session=s1", "tag=page"):
        assert (await web.get(f"{PATH}?{query}", analyst)).status == 403
        assert (await web.get(f"/api/v1/usage?{query}", analyst)).status == 403
        assert await listed(web, f"?{query}&user={me}", analyst) == [mine]
        assert await listed(web, f"?{query}") == [mine, theirs]
    told = (await web.get(f"{PATH}?session=s1")).json["interactions"][1]
    assert (told["session"], told["feedback"]["comment"]) == ("s1", "wrong salary")


async def test_anothers_is_not_there(web: Web) -> None:
    """Another user's id gives 404, as if there were none; an admin may look."""
    user = await web.baton.user()
    theirs, ours = await ask(web, user), await ask(web)
    assert (await web.get(f"{PATH}/{ours}", user)).status == 404
    assert (await web.get(f"{PATH}/{theirs}", user)).status == 200
    assert (await web.get(f"{PATH}/{theirs}")).json["attempts"][0]["provider"] == "simulated"


async def test_a_user_cannot_ask_for_anothers(web: Web) -> None:
    """Filtering by somebody else is refused; by oneself, allowed; an admin filters by anybody."""
    user = await web.baton.user()
    mine = await ask(web, user)
    await ask(web)
    me = (await web.get(f"{PATH}/{mine}", user)).json["userId"]
    assert await listed(web, f"?user={me}", user) == [mine]
    assert await listed(web, f"?user={me}") == [mine]
    assert (await web.get(f"{PATH}?user=somebody-else", user)).status == 404


async def test_pages_cover_everything_once(web: Web) -> None:
    """Following `nextCursor` gives each interaction once, newest first, also when new ones come between."""
    made = [await ask(web) for _ in range(5)]
    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = (await web.get(PATH + query)).json
        seen += [each["id"] for each in page["interactions"]]
        if page["nextCursor"] is None:
            break
        await ask(web)
        query = f"?limit=2&cursor={page['nextCursor']}"
    assert seen == made[::-1]


async def test_filters(web: Web) -> None:
    """By provider, model, status and time; times with an offset mean what they say."""
    good = await ask(web)
    failed = await ask(web, model="simulated/echo;fault=400")
    assert await listed(web, "?status=ok") == [good]
    assert await listed(web, "?provider=simulated&model=echo") == [good]
    assert await listed(web, "?model=simulated/echo;fault=400".replace(";", "%3B")) == [failed]
    assert await listed(web, "?provider=nobody") == []
    at = (await web.get(f"{PATH}/{good}")).json["createdAt"]
    assert good in await listed(web, f"?since={at}")
    assert good not in await listed(web, f"?until={at}")
    assert await listed(web, "?since=2100-01-01T00:00:00%2B02:00") == []


async def test_money_and_time_are_written_as_promised(web: Web) -> None:
    """Money is a decimal string, times are RFC 3339 in UTC."""
    one = (await web.get(f"{PATH}/{await ask(web)}")).json
    assert (one["costUsd"], one["estimatedCostUsd"], one["attempts"][0]["costUsd"]) == ("0", "0", "0")
    assert one["createdAt"].endswith("Z")
    assert one["unpriced"] is False


async def test_filters_by_what_callers_said(web: Web) -> None:
    """By use case, agent, project, session, tags, type and key, as headers and bodies said them."""
    plain = await ask(web)
    said = {
        "x-baton-use-case": "brief",
        "x-baton-agent": "critic",
        "x-baton-project": "denon",
        "x-baton-session": "s1",
        "x-baton-tags": "team=blue,step=2",
    }
    told = await ask(web, web.baton.admin | said)
    vectors = await web.post("/v1/embeddings", {"model": "simulated/embedding", "input": "hi"})
    errand = vectors.headers["x-request-id"]
    for query, found in {
        "useCase=brief": [told],
        "agent=critic": [told],
        "project=denon": [told],
        "session=s1": [told],
        "tag=team": [told],
        "tag=team%3Dblue&tag=step%3D2": [told],
        "tag=team%3Dblue&tag=step%3D3": [],
        "type=embeddings": [errand],
        "type=chat": [told, plain],
        "key=nobody": [],
        "agent=%00": [],
    }.items():
        assert await listed(web, f"?{query}") == found, query
    one = (await web.get(f"{PATH}/{told}")).json
    assert (one["project"], one["type"]) == ("denon", "chat")
    assert len(await listed(web, f"?key={one['keyId']}")) == 3


async def test_a_prompt_is_known_again(web: Web) -> None:
    """The same prompt has the same hash, whole or as a stream, by whomever; what was said stands nowhere."""
    secret = CHAT | {"messages": [{"role": "user", "content": "my secret"}]}
    ids = [
        (await web.post(path, secret | more, headers)).headers["x-request-id"]
        for path, more, headers in (
            ("/v1/chat/completions", {}, None),
            ("/v1/chat/completions", {"stream": True, "max_tokens": 9}, await web.baton.user()),
            ("/api/ai/v2/chat", {}, None),
        )
    ]
    rows = [await web.get(f"{PATH}/{id}") for id in (*ids, await ask(web))]
    hashes = [row.json["promptHash"] for row in rows]
    assert len(hashes[0]) == 32
    assert [each == hashes[0] for each in hashes] == [True, True, True, False]
    assert not any(b"secret" in row.body for row in rows)
    vectors = await web.post("/v1/embeddings", {"model": "simulated/embedding", "input": "hi"})
    assert (await web.get(f"{PATH}/{vectors.headers['x-request-id']}")).json["promptHash"] is None


async def test_why_a_model_was_chosen_is_on_record(web: Web) -> None:
    """A sentence, and how the model scored; a named one was not scored."""
    chosen = (await web.get(f"{PATH}/{await ask(web, model='auto')}")).json
    assert chosen["modelName"] in chosen["decision"]
    scores = chosen["scores"]
    assert f"{scores['final']:.3f}" in chosen["decision"]
    assert scores.keys() == {"final", "quality", "cost", "availability", "shift"}
    named = (await web.get(f"{PATH}/{await ask(web)}")).json
    assert (named["decision"], named["scores"]) == ("simulated/echo was named in the request.", None)


async def test_the_type_of_a_use_case(web: Web) -> None:
    """It is recorded for analytics, and `insight_generation` is another word for `insight`."""
    headers = web.baton.admin | {"x-baton-use-case": "insight_generation"}
    one = (await web.get(f"{PATH}/{await ask(web, headers)}")).json
    assert (one["useCase"], one["type"]) == ("insight", "insight")


async def test_a_cursor_that_is_not_ours_is_refused(web: Web) -> None:
    """It is a 400 that names it."""
    for cursor in ("zzz", "%00", ""):
        reply = await web.get(f"{PATH}?cursor={cursor}")
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, "cursor")


async def test_a_filter_that_means_nothing_is_refused(web: Web) -> None:
    """A slip of the pen names itself, where it would have found everything; so do times that are none."""
    for query in ("usecase=x", "limit=0", "since=yesterday", "until=1e400", "&".join(["tag=a"] * 33)):
        reply = await web.get(f"{PATH}?{query}")
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, query.partition("=")[0]), query


async def test_a_time_means_the_millisecond_that_was_shown(web: Web) -> None:
    """`until` an interaction's own `createdAt` leaves it out, `since` it takes it, whichever that is."""
    first_ms = 1_700_000_000_000
    ids = [id_at(first_ms + 7 * n) for n in range(50)]
    for id in ids:
        web.baton.app.ledger.book.opened(an_opened(id))
        web.baton.app.ledger.book.settled(a_settled(id))
    assert await web.baton.app.ledger.flush(within_s=30.0)
    shown = (await web.get(f"{PATH}?limit=500")).json["interactions"]
    for n, each in enumerate(reversed(shown)):
        assert len(await listed(web, f"?limit=500&until={each['createdAt']}")) == n
        assert len(await listed(web, f"?limit=500&since={each['createdAt']}")) == len(ids) - n


async def test_what_a_project_is_named_in_the_native_body(web: Web) -> None:
    """`projectId` of a native chat is the project that is recorded."""
    answer = (await web.post("/api/ai/v2/chat", {**CHAT, "projectId": "denon"})).json
    assert answer["dropped"] == []
    assert (await web.get(f"{PATH}/{answer['id']}")).json["project"] == "denon"


async def test_a_second_figure_stands_beside_the_recorded_one(web: Web) -> None:
    """The price's version is told; priced again, both figures are shown, the recorded one unchanged."""
    id = await ask(web)
    before = (await web.get(f"{PATH}/{id}")).json
    assert before["priceVersion"] == "r1@initial"
    assert before["repriced"] is None

    def dearer(_: Spent) -> Priced:
        return Priced(cost=Cost(input_nanos=1000, output_nanos=500), version="r2@initial")

    repricings = Repricings(web.baton.app.store.database, dearer, web.baton.app.store.scribe)
    async for batch in repricings.batches(Span(since_ms=0, until_ms=2**47), 1_767_225_600_000):
        await repricings.store(batch, MAKER)
    after = (await web.get(f"{PATH}/{id}")).json
    assert after == {
        **before,
        "repriced": {
            "repricedAt": "2026-01-01T00:00:00Z",
            "priceVersion": "r2@initial",
            "costUsd": "0.0000015",
            "inputCostUsd": "0.000001",
            "outputCostUsd": "0.0000005",
            "unpriced": False,
            "pricing": "priced",
        },
    }
