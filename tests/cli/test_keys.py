"""`baton keys`: works beside a running server and without one."""

import json
import time
import urllib.error
import urllib.request

from tests.cli.conftest import Run, Start


def status(url: str, key: str) -> int:
    body = b'{"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}'
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}/v1/chat/completions", data=body, headers=headers), timeout=10
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def becomes(url: str, key: str, wanted: int) -> float:
    """Seconds until a request with the key gets that status."""
    began = time.monotonic()
    while status(url, key) != wanted:
        assert time.monotonic() - began < 5
    return time.monotonic() - began


def test_a_running_server_knows_within_a_second(run: Run, start: Start) -> None:
    """A key made beside a running server is accepted within 1 s, and refused within 1 s of its revocation."""
    serving = start("serve", "--port", "0")
    url = serving.wait_for(r"listens at (\S+)")[1]
    made = json.loads(run("keys", "create", "app", "--json").out)
    assert becomes(url, made["key"], 200) < 1
    assert json.loads(run("keys", "revoke", made["id"], "--json").out)["state"] == "revoked"
    assert becomes(url, made["key"], 401) < 1


def test_a_key_by_itself_is_no_admins(run: Run) -> None:
    """A key is of the lowest tier and of an ordinary user, whatever its name, unless more was asked for."""
    made = json.loads(run("keys", "create", "admin", "--json").out)
    assert made["tier"] == "free"
    listed = json.loads(run("keys", "list", "--json").out)
    first = next(key for key in listed if key["name"] == "first admin key")
    assert made["userId"] != first["userId"]
    assert "key" not in listed[-1]


def test_a_key_as_it_was_asked_for(run: Run) -> None:
    """Tier, owner and expiry are as given; the same owner again is the same user; only the key on stdout."""
    ran = run("keys", "create", "one", "--tier", "Premium", "--user", "ada", "--expires", "2d")
    assert ran.code == 0
    assert ran.out.startswith("bk-")
    assert ran.out.count("\n") == 1
    assert run("keys", "create", "two", "--user", "ada").code == 0
    listed = json.loads(run("keys", "list", "--user", "ada", "--json").out)
    assert [(key["name"], key["tier"]) for key in listed] == [("one", "expert"), ("two", "free")]
    assert len({key["userId"] for key in listed}) == 1
    assert listed[0]["expiresAt"] is not None
    table = run("keys", "list")
    assert listed[0]["name"] in table.out
    assert ran.out.strip() not in table.out


def test_what_cannot_be_made_is_said_in_a_sentence(run: Run) -> None:
    """An unknown tier, an unreadable or passed time, an unknown id: one sentence and a code."""
    run("keys", "create", "y")
    for code, *arguments in (
        (1, "create", "x", "--tier", "gold"),
        (2, "create", "x", "--expires", "soon"),
        (1, "create", "x", "--expires", "2020-01-01"),
        (1, "revoke", "0197"),
        (1, "list", "--user", "nobody"),
        (1, "show-first", "--data-dir", "elsewhere"),
    ):
        ran = run("keys", *arguments)
        assert (ran.code, ran.out) == (code, ""), arguments
        assert ran.err.startswith("baton: "), arguments
        assert ran.err.count("\n") == 1, arguments


def test_the_list_can_be_read_and_used(run: Run) -> None:
    """At 100 columns each key has one line, with days and whole words; the id in it is enough to revoke."""
    for name in ("one", "two", "three"):
        run("keys", "create", name, "--expires", "2099-12-31")
    head, *lines = run("keys", "list", env={"COLUMNS": "100"}).out.splitlines()
    assert head.split() == ["id", "name", "key", "user", "tier", "state", "expires", "last", "used"]
    assert len(lines) == 4
    assert all(len(line) <= 100 for line in lines)
    words = lines[-1].split()
    assert (words[1], *words[4:]) == ("three", "free", "active", "2099-12-31", "never")
    assert "'three'" in run("keys", "revoke", words[0]).out
    again = run("keys", "revoke", words[0])
    assert again.code == 0
    assert "was revoked already, on 20" in again.out
    both = run("keys", "revoke", "0")
    assert (both.code, "4 keys have" in both.err) == (1, True)


def test_the_first_key_can_be_seen_again(run: Run) -> None:
    """What `show-first` prints is the first admin's key."""
    run("keys", "create", "x")
    key = run("keys", "show-first").out.strip()
    assert json.loads(run("keys", "show-first", "--json").out) == {"key": key}
    first = json.loads(run("keys", "list", "--json").out)[0]
    assert first["hint"] == f"{key[:8]}…{key[-4:]}"
