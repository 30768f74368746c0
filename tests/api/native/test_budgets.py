"""`/api/me/budgets`, `/api/me/budget`, `/api/me/alerts`: one's own money."""

from typing import Any

import pytest

from baton.core.money import nanos_from_usd
from baton.gateway.admission.accounts import Hold
from tests.api.conftest import Web
from tests.conftest import BatonServer, StartBaton, own_accounts

BUDGETS = "/api/me/budgets"
BUDGET = "/api/me/budget"
ALERTS = "/api/me/alerts"


@pytest.fixture
async def baton_server(start_baton: StartBaton) -> BatonServer:
    """One with the budgets of a new installation."""
    return await start_baton(budgets=True)


async def spend(web: Web, budget: str, subject: str, usd: str) -> None:
    """Have somebody spend so much."""
    app = web.baton.app
    debit = (await app.statements.of(app.edited.budgets.get(budget).value, subject)).debit
    accounts = own_accounts(app)
    hold = accounts.take([debit.account], nanos_from_usd(usd), 0)
    assert isinstance(hold, Hold)
    accounts.settle(hold, hold.nanos)


async def limited(web: Web, headers: dict[str, str], usd: Any) -> Any:
    return await web.ask("PUT", BUDGET, headers, json={"limitUsd": usd})


async def test_everybody_sees_what_is_theirs(web: Web) -> None:
    """What they may spend, have spent and have left; nothing of what others spend."""
    ada, bob = await web.baton.user(), await web.baton.user()
    me = (await web.get("/api/me", ada)).json
    await spend(web, "users", me["id"], "81.25")
    (mine,) = (await web.get(BUDGETS, ada)).json["budgets"]
    assert (mine["name"], mine["subject"], mine["soft"]) == ("users", me["id"], False)
    assert (mine["limitUsd"], mine["spentUsd"], mine["leftUsd"]) == ("100", "81.25", "18.75")
    assert mine["resetsAt"] is not None
    (bobs,) = (await web.get(BUDGETS, bob)).json["budgets"]
    assert bobs["spentUsd"] == "0"


async def test_a_project_that_spends_is_its_members(web: Web) -> None:
    """Whoever works in it sees what it has left; nobody else does."""
    ada, bob = await web.baton.user(), await web.baton.user()
    project = (await web.post("/api/projects", {"name": "p"}, ada)).json["id"]
    await spend(web, "projects", project, "9.00")
    assert [each["subject"] for each in (await web.get(BUDGETS, ada)).json["budgets"]][1:] == [project]
    (alert,) = (await web.get(ALERTS, ada)).json["alerts"]
    assert (alert["level"], alert["budget"], alert["percentage"]) == ("warning", "projects", 90.0)
    assert (await web.get(ALERTS, bob)).json["alerts"] == []


async def test_an_alert_says_how_much_of_what_is_spent(web: Web) -> None:
    """A warning at four fifths, critical where nothing is left."""
    ada = await web.baton.user()
    me = (await web.get("/api/me", ada)).json["id"]
    seen: list[tuple[str, str, str, float]] = []
    for usd in ("79.99", "0.01", "20"):
        await spend(web, "users", me, usd)
        for alert in (await web.get(ALERTS, ada)).json["alerts"]:
            assert alert["message"].startswith(alert["currentSpend"])
            seen.append((alert["level"], alert["currentSpend"], alert["budgetLimit"], alert["percentage"]))
    assert seen == [("warning", "80", "100", 80.0), ("critical", "100", "100", 100.0)]


async def test_a_limit_of_ones_own_warns_and_refuses_nothing(web: Web) -> None:
    """It stands beside the hard ones, is changed and taken away by its user alone, and is never critical."""
    ada, bob = await web.baton.user(), await web.baton.user()
    me = (await web.get("/api/me", ada)).json["id"]
    assert (await limited(web, ada, "20.00")).status == 200
    await spend(web, "users", me, "30")
    soft = (await web.get(BUDGETS, ada)).json["budgets"][-1]
    assert (soft["soft"], soft["limitUsd"], soft["spentUsd"], soft["leftUsd"]) == (True, "20.00", "30", "0")
    (alert,) = (await web.get(ALERTS, ada)).json["alerts"]
    assert (alert["level"], alert["budget"], alert["percentage"]) == ("warning", "@own", 150.0)
    body = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
    assert (await web.post("/v1/chat/completions", body, ada)).status == 200
    assert len((await web.get(BUDGETS, bob)).json["budgets"]) == 1
    assert (await limited(web, ada, "60")).json["budgets"][-1]["limitUsd"] == "60"
    assert (await web.get(ALERTS, ada)).json["alerts"] == []
    for _ in range(2):
        assert len((await limited(web, ada, None)).json["budgets"]) == 1


async def test_without_a_hard_one_the_ledger_is_asked(web: Web) -> None:
    """One's own limit holds on where no admin limits a user's month, in the month of UTC."""
    ada = await web.baton.user()
    assert (await limited(web, ada, "500")).status == 400
    gone = await web.ask("DELETE", "/api/admin/budgets/users", web.baton.admin | {"If-Match": "*"})
    assert gone.status == 204
    assert (await limited(web, ada, "500")).status == 200
    (soft,) = (await web.get(BUDGETS, ada)).json["budgets"]
    assert (soft["soft"], soft["spentUsd"]) == (True, "0")


@pytest.mark.parametrize("usd", ["100.01", "-1", "much", "", "1e2", "٣", 5])
async def test_what_is_no_limit_is_refused_by_its_field(web: Web, usd: Any) -> None:
    """Above what an admin has set, and what is no amount of money."""
    wrong = await limited(web, await web.baton.user(), usd)
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "limitUsd")
