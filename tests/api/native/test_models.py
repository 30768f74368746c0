"""`/api/v1/models` and its estimates."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.conftest import Web
from tests.conftest import StartBaton

PATH = "/api/v1/models"
ESTIMATE = PATH + "/estimate"
ADMIN = "/api/admin/ai/models"
PRICED = {
    "provider": "simulated",
    "name": "priced",
    "capabilities": ["text", "streaming"],
    "tierAccess": ["free", "master"],
    "pricePer": "1M",
    "prices": {"input": "2.50", "output": "10"},
}


def query(**fields: str) -> str:
    return f"{ESTIMATE}?{urlencode(fields)}"


async def test_the_best_models_come_first_and_only_those_of_the_tier(
    start_baton: StartBaton, web: Web
) -> None:
    """Quality falls, equal quality by price; another tier sees others; a provider without a key has none."""
    web = Web(await start_baton({"OPENAI_API_KEY": "sk-test-0123456789"}), web.session)
    shown = (await web.get(PATH)).json
    models = shown["models"]
    assert (shown["count"], shown["userTier"]) == (len(models), "master")
    assert {model["provider"] for model in models} == {"openai", "simulated"}

    def price(model: dict[str, Any]) -> Decimal:
        prices = model["prices"] or {"inputUsd": "inf", "outputUsd": "inf", "fees": {}}
        by_token = 3 * Decimal(prices["inputUsd"]) + Decimal(prices["outputUsd"])
        return by_token if by_token or not prices["fees"] else Decimal("inf")

    ranked = [(-model["quality"], price(model), model["id"]) for model in models]
    assert ranked == sorted(ranked)
    mini = next(model for model in models if model["id"] == "openai/gpt-4o-mini")
    assert (mini["prices"]["inputUsd"], mini["prices"]["outputUsd"]) == ("0.15", "0.6")
    assert mini["prices"]["fees"] == {"thousandWebSearches": "10", "thousandFileSearches": "2.5"}
    assert mini["prices"]["processing"]["priority"]["cachedReadUsd"] == "0.125"
    assert mini["prices"]["priceVersion"] == "r1@initial"
    assert next(m for m in models if m["id"] == "openai/whisper-1")["prices"]["fees"] == {
        "hourOfSound": "0.36"
    }
    long = next(m for m in models if m["id"] == "openai/gpt-6-sol")["prices"]["processing"]["flex"]
    assert (long["longContext"][0]["aboveTokens"], long["longContext"][0]["inputUsd"]) == (272000, "2")
    free = (await web.get(PATH, await web.baton.user())).json
    assert free["userTier"] == "free"
    assert {model["id"] for model in free["models"]} < {model["id"] for model in models}
    assert "openai/gpt-4o" not in {model["id"] for model in free["models"]}


@pytest.mark.parametrize(("length", "tokens"), [("short", 200), ("medium", 500), ("long", 2000), (None, 500)])
async def test_an_estimate_adds_up(web: Web, length: str | None, tokens: int) -> None:
    """Tokens and money are the sums of their parts, at the model's prices; medium where nothing is said."""
    await web.post(ADMIN, PRICED)
    fields = {"prompt": "x" * 400, "modelId": "simulated/priced"}
    if length is not None:
        fields["outputLength"] = length
    reply = await web.get(query(**fields))
    figures = reply.json["estimate"]
    asked = figures["estimatedTokensInput"]
    assert (reply.status, figures["modelId"], figures["estimatedTokensOutput"]) == (
        200, "simulated/priced", tokens,
    )  # fmt: skip
    assert figures["estimatedTokensTotal"] == asked + tokens
    assert Decimal(figures["costInput"]) == asked * Decimal("2.50") / 1_000_000
    assert Decimal(figures["costOutput"]) == tokens * Decimal(10) / 1_000_000
    assert Decimal(figures["costTotal"]) == Decimal(figures["costInput"]) + Decimal(figures["costOutput"])
    assert (figures["pricing"], figures["inputExact"]) == ("priced", False)
    assert f"{figures['costTotal']} USD" in reply.json["formatted"]
    assert (await web.post(ESTIMATE, fields)).json == reply.json


async def test_a_long_prompt_is_estimated_from_a_body(web: Web) -> None:
    """Half a megabyte, which no address can hold."""
    body = {"prompt": "word " * 100_000, "modelId": "simulated/echo", "outputLength": "short"}
    reply = await web.post(ESTIMATE, body)
    assert reply.status == 200
    assert reply.json["estimate"]["estimatedTokensInput"] > 50_000


async def test_tokens_are_exact_where_the_encoding_is_public(start_baton: StartBaton, web: Web) -> None:
    """OpenAI's models are counted as OpenAI counts: two tokens of text, and the frame around a message."""
    web = Web(await start_baton({"OPENAI_API_KEY": "sk-test-0123456789"}), web.session)
    one = (await web.get(query(prompt="hello world", modelId="openai/gpt-4o"))).json["estimate"]
    two = (await web.get(query(prompt="hello world hello", modelId="openai/gpt-4o"))).json["estimate"]
    assert (one["estimatedTokensInput"], one["inputExact"]) == (9, True)
    assert two["estimatedTokensInput"] == 10


async def test_unpriced_is_not_free(start_baton: StartBaton, web: Web) -> None:
    """A model without a price has null for money and says so, and is listed last; a free one has 0."""
    web = Web(await start_baton({"OPENAI_API_KEY": "sk-test-0123456789"}), web.session)
    await web.post(ADMIN, PRICED | {"name": "unpriced", "provider": "openai", "prices": None, "quality": 0.9})
    await web.post(ADMIN, PRICED | {"prices": {"input": "0", "output": "0"}, "quality": 0.9})
    unpriced = (await web.get(query(prompt="hi", modelId="openai/unpriced"))).json
    figures = unpriced["estimate"]
    assert {figures[name] for name in ("costInput", "costOutput", "costTotal")} == {None}
    assert figures["pricing"] == "unpriced"
    assert "no price is known" in unpriced["formatted"]
    equals = [each["id"] for each in (await web.get(PATH)).json["models"] if each["quality"] == 0.9]
    assert equals[-1] == "openai/unpriced"
    assert equals.index("simulated/priced") < len(equals) - 1
    free = (await web.get(query(prompt="hi", modelId="simulated/priced"))).json["estimate"]
    assert (free["costTotal"], free["pricing"]) == ("0", "priced")


async def test_auto_is_what_the_router_would_choose(web: Web) -> None:
    """The model of the estimate is that of the call, with its reason; a named model has none."""
    told = (await web.get(query(prompt="hi", modelId="auto", outputLength="short"))).json
    call = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    reply = await web.post("/api/ai/v2/chat", call)
    assert told["estimate"]["modelId"] == reply.json["decision"]["model"]
    assert told["estimate"]["modelId"] in told["reasoning"]
    assert (await web.get(query(prompt="hi", modelId="simulated/echo"))).json["reasoning"] is None


async def test_an_answer_is_taken_to_be_as_long_as_those_before(web: Web) -> None:
    """From twenty answers on; of one use case where it is said; what the caller says goes first."""
    user = await web.baton.user()
    call = {"model": "simulated/echo", "messages": [{"role": "user", "content": "four" * 10}]}
    ask = query(prompt="hi", modelId="simulated/echo", useCase="greeting")
    for count in range(21):
        figures = (await web.get(ask, user)).json["estimate"]
        assert (figures["outputSource"], figures["outputAnswers"]) == ("assumed", 0), count
        assert figures["estimatedTokensOutput"] == 500
        if count == 20:
            break
        headers = user | ({"x-baton-use-case": "greeting"} if count else {})
        assert (await web.post("/v1/chat/completions", call, headers)).status == 200
    await web.post("/v1/chat/completions", call, user | {"x-baton-use-case": "greeting"})
    await web.get("/api/interactions", user)  # which waits for what is on its way to the database
    figures = (await web.get(ask, user)).json["estimate"]
    assert (figures["outputSource"], figures["outputAnswers"]) == ("history", 20)
    assert 0 < figures["estimatedTokensOutput"] < 50
    said = (await web.get(ask + "&outputLength=long", user)).json["estimate"]
    assert (said["outputSource"], said["estimatedTokensOutput"]) == ("assumed", 2000)
    assert (await web.get(ask)).json["estimate"]["outputSource"] == "assumed", "another's history"


async def test_what_this_key_may_not_use_has_no_estimate(web: Web) -> None:
    """An unknown model, one of another tier and one of a provider without a key are all 404."""
    await web.post(ADMIN, PRICED | {"tierAccess": ["master"]})
    user = await web.baton.user()
    for model in ("nobody/knows", "simulated/priced", "openai/gpt-4o-mini"):
        reply = await web.get(query(prompt="hi", modelId=model), user)
        assert (reply.status, reply.json["code"]) == (404, "model_not_found"), model


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"modelId": "simulated/echo"}, "prompt"),
        ({"prompt": "hi"}, "modelId"),
        ({"prompt": "hi", "modelId": "simulated/echo", "outputLength": "endless"}, "outputLength"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_question_names_its_field(shared: Web, fields: dict[str, str], field: str) -> None:
    """400 with the field, in the address and in a body alike."""
    for reply in (await shared.get(query(**fields)), await shared.post(ESTIMATE, fields)):
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)


async def test_what_is_no_text_is_not_estimated_as_text(web: Web) -> None:
    """Embeddings have no output; what a picture costs cannot be told from a prompt, and is not guessed."""
    embedding = (await web.get(query(prompt="hi", modelId="simulated/embedding"))).json["estimate"]
    assert embedding["estimatedTokensOutput"] == 0
    picture = await web.get(query(prompt="hi", modelId="simulated/image"))
    assert (picture.status, picture.json["code"]) == (400, "no_estimate")


async def test_the_bill_is_by_the_same_prices_as_the_estimate(web: Web) -> None:
    """One code prices before and after: what a call cost is the estimate's formula at the tokens it took."""
    prices = {"pricePer": "1M", "prices": {"input": "2.50", "output": "10"}}
    await web.ask("PATCH", f"{ADMIN}/simulated/echo", web.baton.admin | {"If-Match": "*"}, json=prices)
    chat = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hello there"}]}
    answer = (await web.post("/api/ai/v2/chat", chat)).json
    usage = answer["usage"]
    spent = usage["promptTokens"] * Decimal("2.5") + usage["completionTokens"] * Decimal(10)
    assert Decimal(answer["costUsd"]) == spent / 1_000_000
    figures = (await web.get(query(prompt="hello there", modelId="simulated/echo"))).json["estimate"]
    assumed = figures["estimatedTokensInput"] * Decimal("2.5") + 500 * Decimal(10)
    assert Decimal(figures["costTotal"]) == assumed / 1_000_000
