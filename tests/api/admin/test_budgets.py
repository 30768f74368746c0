"""`/api/admin/budgets`."""

from typing import Any

import pytest

from baton.gateway.admission.accounts import Account, Hold
from baton.gateway.admission.budgets import debit_of
from tests.api.conftest import Web
from tests.conftest import BatonServer, StartBaton, own_accounts

PATH = "/api/admin/budgets"
USERS = PATH + "/users"
DOLLAR = {"scope": "all", "period": "day", "limitUsd": "1.00"}
ANY = {"If-Match": "*"}


@pytest.fixture
async def baton_server(start_baton: StartBaton) -> BatonServer:
    """One with the budgets of a new installation."""
    return await start_baton(budgets=True)


def account(web: Web, budget: str, subject: str) -> Account:
    """A subject's account of a budget in the period that it is now."""
    value = web.baton.app.edited.budgets.get(budget).value
    return debit_of(value, subject, int(web.baton.app.store.clock.wall() * 1000)).account


def spend(web: Web, budget: str, subject: str, settled: int, held: int = 0) -> None:
    """Have somebody spend so many nano-USD, and hold some more."""
    of, accounts = account(web, budget, subject), own_accounts(web.baton.app)
    for nanos, ends in ((settled, True), (held, False)):
        hold = accounts.take([of], nanos, 0)
        assert isinstance(hold, Hold)
        if ends:
            accounts.settle(hold, nanos)


async def test_a_new_installation_has_three_of_them(web: Web) -> None:
    """Ten dollars for each project, a hundred for each user's month, five hundred for all in a day."""
    budgets = (await web.get(PATH)).json["budgets"]
    told = [(each["name"], each["scope"], each["period"], each["limitUsd"]) for each in budgets]
    assert told == [
        ("everybody", "all", "day", "500"),
        ("projects", "project", "lifetime", "10"),
        ("users", "user", "month", "100"),
    ]
    everybody = budgets[0]
    assert (everybody["accounts"], everybody["settledUsd"], everybody["fullest"]) == (0, "0", None)
    assert everybody["periodEnd"] > everybody["periodStart"]
    assert (budgets[1]["periodStart"], budgets[1]["periodEnd"]) == (None, None)


async def test_what_was_spent_and_is_held_is_shown(web: Web) -> None:
    """For each budget together, and for each who spends, those that spend most first, in pages."""
    for subject, settled, held in (("ada", 5, 2), ("bob", 70_000_000_000, 1), ("cyd", 6, 0)):
        spend(web, "users", subject, settled, held)
    shown = (await web.get(USERS)).json
    assert (shown["accounts"], shown["settledUsd"], shown["heldUsd"]) == (3, "70.000000011", "0.000000003")
    assert (shown["fullest"]["subject"], shown["fullest"]["leftUsd"]) == ("bob", "29.999999999")
    first = (await web.get(USERS + "/accounts?limit=2")).json
    assert [each["subject"] for each in first["accounts"]] == ["bob", "ada"]
    rest = (await web.get(f"{USERS}/accounts?limit=2&cursor={first['nextCursor']}")).json
    assert ([each["subject"] for each in rest["accounts"]], rest["nextCursor"]) == (["cyd"], None)


async def test_it_is_shown_when_people_were_warned_and_when_nothing_was_left(web: Web) -> None:
    """Read from the alerts: of those who came to it, and of nobody else."""
    await web.ask("PUT", PATH + "/tiny", json={**DOLLAR, "period": "lifetime", "limitUsd": "0.000000001"})
    spend(web, "users", "ada", 5)
    alerts, statements = web.baton.app.alerts, web.baton.app.statements
    value = web.baton.app.edited.budgets.get("tiny").value
    alerts.settled((await statements.of(value, "all")).debit, 1)
    await alerts.flush()
    spend(web, "tiny", "all", 1)
    tiny = (await web.get(PATH + "/tiny/accounts")).json["accounts"][0]
    assert tiny["warnedAt"] == tiny["exceededAt"] is not None
    ada = (await web.get(USERS)).json["fullest"]
    assert (ada["warnedAt"], ada["exceededAt"]) == (None, None)


async def test_a_budget_is_made_changed_taken_away_and_brought_back(web: Web) -> None:
    """With the revision that is meant; what is left out of a change stays, of a new one is as usual."""
    one = PATH + "/mine"
    made = await web.ask("PUT", one, json={**DOLLAR, "zone": "Europe/Berlin"})
    assert (made.status, made.headers["etag"], made.json["warnAt"]) == (200, '"1"', 0.8)
    assert (await web.ask("PUT", one, json=DOLLAR)).status == 428
    assert (await web.ask("PATCH", one, web.baton.admin | {"If-Match": '"7"'}, json={})).status == 412
    more = {"limitUsd": "2.50", "atLimit": "downgrade"}
    changed = (await web.ask("PATCH", one, web.baton.admin | {"If-Match": '"1"'}, json=more)).json
    assert (changed["limitUsd"], changed["atLimit"]) == ("2.50", "downgrade")
    assert (changed["zone"], changed["revision"]) == ("Europe/Berlin", 2)
    gone = await web.ask("DELETE", one, web.baton.admin | ANY)
    assert (gone.status, (await web.get(one)).status) == (204, 404)
    back = await web.ask("POST", one + "/undo", web.baton.admin | {"If-Match": gone.headers["etag"]})
    assert back.json["limitUsd"] == "2.50"
    entries = (await web.get("/api/admin/audit?kind=budgets&key=mine")).json["entries"]
    assert [each["action"] for each in entries] == ["undo", "delete", "update", "create"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limitUsd", "a lot"),
        ("limitUsd", "-1"),
        ("limitUsd", "1e3"),
        ("limitUsd", "0.0000000001"),
        ("limitUsd", 5),
        ("zone", "Europe/Atlantis"),
        ("zone", "../../etc/passwd"),
        ("warnAt", 0),
        ("warnAt", 1.5),
        ("scope", "planet"),
        ("period", "year"),
        ("subject", "somebody"),
        ("limit", "5"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_budget_is_refused_by_its_field(shared: Web, field: str, value: Any) -> None:
    """Money is a decimal text, and the budget of all belongs to nobody."""
    wrong = await shared.ask("PUT", PATH + "/mine", json={**DOLLAR, field: value})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, field), wrong.json


async def test_whose_it_is_is_looked_up(web: Web) -> None:
    """A tier, a provider and a model by any of their names; a slip of the pen is refused."""
    for scope, subject, meant in (
        ("tier", "premium", "expert"),
        ("provider", "openai", "openai"),
        ("model", "gpt-4o-mini", "openai/gpt-4o-mini"),
    ):
        body = {**DOLLAR, "scope": scope, "subject": subject}
        made = await web.ask("PUT", f"{PATH}/of-{scope}", json=body)
        assert (made.status, made.json["subject"]) == (200, meant), made.json
        slip = await web.ask("PUT", f"{PATH}/not-{scope}", json={**body, "subject": "gpt-for-o"})
        assert (slip.status, slip.json["errors"][0]["field"]) == (400, "subject"), slip.json


async def test_a_name_that_is_none_is_refused(web: Web) -> None:
    """Names stand in addresses and in accounts."""
    for name in ("Users", "@key", "a b"):
        wrong = await web.ask("PUT", f"{PATH}/{name}", json=DOLLAR)
        assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "name")
