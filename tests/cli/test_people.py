"""`baton users`, `baton projects`, and what `baton keys` changes."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def begun(run: Run) -> Run:
    """A data folder with a first admin, and Ada with a key."""
    assert run("keys", "create", "laptop", "--user", "Ada").code == 0
    return run


def told(run: Run, *words: str) -> Any:
    ran = run(*words, "--json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def key_id(run: Run) -> str:
    return next(key["id"] for key in told(run, "keys", "list") if key["name"] == "laptop")


def test_a_user_is_made_found_changed_and_disabled(begun: Run) -> None:
    """Only what is said changes; `none` takes away."""
    words = ("Bob", "--tier", "Premium", "--role", "user", "--role", "analyst", "--email", "B@example.org")
    made = told(begun, "users", "create", *words)
    assert (made["tier"], made["roles"], made["email"]) == ("expert", ["analyst", "user"], "b@example.org")
    assert [user["name"] for user in told(begun, "users", "list")] == ["admin", "Ada", "Bob"]
    assert told(begun, "users", "list", "example.org") == [made]
    changed = told(begun, "users", "update", "Bob", "--email", "none", "--disable")
    assert (changed["email"], changed["tier"]) == (None, "expert")
    assert changed["disabledAt"] is not None
    assert "disabled" in begun("users", "list").out
    assert told(begun, "users", "update", "Bob", "--enable")["disabledAt"] is None


def test_what_cannot_be_done_to_a_user_is_said(begun: Run) -> None:
    """The first admin stays, nobody is made up, and two opposites are a slip."""
    refused = begun("users", "update", "admin", "--disable")
    assert (refused.code, "first admin stays" in refused.err) == (1, True)
    assert begun("users", "update", "nobody", "--tier", "pro").code == 1
    assert begun("users", "update", "Ada", "--disable", "--enable").code == 2
    assert begun("users", "create", "Eve", "--role", "king").code == 1


def test_a_key_is_changed(begun: Run) -> None:
    """Scopes, models, limits, budget and end; `all`, `none`, `own` and --tier-limits take them back."""
    key = key_id(begun)
    words = ("--scope", "chat", "--scope", "read", "--model", "acme/*", "--budget", "2.50/day")
    limits = ("--requests-per-minute", "5", "--unlimited", "--expires", "30d", "--tier", "own")
    changed = told(begun, "keys", "update", key[:13], *words, *limits)
    assert (changed["scopes"], changed["models"]) == (["chat", "read"], ["acme/*"])
    assert changed["budget"] == "2.5/day"
    assert (changed["limits"]["requestsPerMinute"], changed["limits"]["unlimited"]) == (5, True)
    assert changed["expiresAt"] is not None
    more = told(begun, "keys", "update", key, "--tokens-per-day", "9")
    assert more["limits"] == changed["limits"] | {"tokensPerDay": 9}
    back = ("--scope", "all", "--model", "all", "--budget", "none", "--expires", "none", "--tier-limits")
    free = told(begun, "keys", "update", key, *back)
    assert [free[name] for name in ("scopes", "models", "limits", "budget", "expiresAt")] == [None] * 5


def test_a_key_that_can_mean_nothing_is_refused(begun: Run) -> None:
    """Wrong usage is 2, what cannot be is 1."""
    key = key_id(begun)
    assert begun("keys", "update", key, "--budget", "lots").code == 2
    assert begun("keys", "update", key, "--tier-limits", "--unlimited").code == 2
    assert begun("keys", "update", key, "--scope", "everything").code == 1
    assert begun("keys", "update", "zzz", "--name", "x").code == 1


def test_a_key_gets_another_secret(begun: Run) -> None:
    """Only the secret is on stdout; with an overlap it is said until when the old one is good."""
    key = key_id(begun)
    ran = begun("keys", "rotate", key)
    assert ran.out.startswith("bk-")
    assert ran.out.count("\n") == 1
    assert "refused from now on" in ran.err
    rotated = told(begun, "keys", "rotate", key, "--overlap", "24h")
    assert rotated["previousUntil"] is not None
    assert rotated["key"] != ran.out.strip()
    assert begun("keys", "rotate", key, "--overlap", "60d").code == 1


def test_a_project_and_who_is_in_it(begun: Run) -> None:
    """Made for an owner, joined, left and archived; its last owner stays."""
    made = told(begun, "projects", "create", "Lisbon", "--owner", "Ada")
    told(begun, "users", "create", "Bob")
    joined = told(begun, "projects", "member", "Lisbon", "Bob", "--role", "viewer")
    roles = {each["name"]: each["role"] for each in joined["members"]}
    assert roles == {"Ada": "owner", "Bob": "viewer"}
    left = told(begun, "projects", "member", made["id"], "Bob", "--role", "none")
    assert [each["name"] for each in left["members"]] == ["Ada"]
    assert begun("projects", "member", "Lisbon", "Ada", "--role", "none").code == 1
    assert begun("projects", "member", "Lisbon", "Bob", "--role", "king").code == 2
    archived = told(begun, "projects", "update", "Lisbon", "--name", "Porto", "--archive")
    assert archived["archivedAt"] is not None
    assert "archived" in begun("projects", "list").out
    assert told(begun, "projects", "update", "Porto", "--restore")["archivedAt"] is None
    assert begun("projects", "update", "Lisbon", "--archive").code == 1


def test_what_a_project_requires(begun: Run) -> None:
    """Said when it is made, changed as a whole, and lifted; a slip of the pen is refused."""
    made = told(begun, "projects", "create", "Lisbon", "--owner", "Ada", "--data-needs", "local")
    assert made["dataNeeds"] == ["local"]
    words = ("--data-needs", "no-training", "--data-needs", "region:eu")
    assert told(begun, "projects", "update", "Lisbon", *words)["dataNeeds"] == ["no-training", "region:eu"]
    assert "no-training, region:eu" in begun("projects", "list").out
    assert told(begun, "projects", "update", "Lisbon", "--name", "Porto")["dataNeeds"] != []
    wrong = begun("projects", "update", "Porto", "--data-needs", "nowhere")
    assert (wrong.code, "'nowhere' is nothing that can be required" in wrong.err) == (1, True)
    assert told(begun, "projects", "update", "Porto", "--data-needs", "none")["dataNeeds"] == []
