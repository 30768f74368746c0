"""`baton users`: what the operator does for people who sign in."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.cli.conftest import Run, Start

PASSWORD = "correct horse battery"


def post(url: str, body: dict[str, str]) -> tuple[int, Any]:
    """What a server answers to a browser without cookies."""
    asked = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_first_start_lets_its_admin_choose_a_password(start: Start) -> None:
    """It prints a link that is good once, and no password exists before."""
    serving = start("serve", "--port", "0")
    url = serving.wait_for(r"listens at (\S+)")[1]
    link = serving.wait_for(r"Password\s+(http\S+)")[1]
    assert link.startswith(f"{url}/api/auth/invitations/")
    assert post(f"{url}/api/auth/sign-in", {"name": "admin", "password": PASSWORD})[0] == 401
    status, session = post(link, {"password": PASSWORD})
    assert (status, session["roles"]) == (200, ["admin", "user"])
    assert post(link, {"password": PASSWORD})[0] == 404
    assert post(f"{url}/api/auth/sign-in", {"name": "admin", "password": PASSWORD})[0] == 200


def test_a_running_server_knows_at_once(run: Run, start: Start) -> None:
    """A password that the operator sets opens, the one before it does no longer; who was slowed down for
    their failures is let in after `unlock`."""
    serving = start("serve", "--port", "0")
    url = serving.wait_for(r"listens at (\S+)")[1] + "/api/auth/sign-in"
    for password in (PASSWORD, "another long password"):
        assert run("users", "password", "admin", stdin=f"{password}\n").code == 0
        assert post(url, {"name": "admin", "password": password})[0] == 200
    for _ in range(5):
        assert post(url, {"name": "admin", "password": PASSWORD})[0] == 401
    assert post(url, {"name": "admin", "password": password})[0] == 429
    assert run("users", "unlock", "admin").out == "'admin' may try again.\n"
    assert post(url, {"name": "admin", "password": password})[0] == 200


def test_a_link_is_printed_alone(run: Run) -> None:
    """On stdout; what it is for stands on stderr. The name to sign in with can be chosen."""
    run("keys", "create", "x", "--user", "Ada")
    ran = run("users", "password", "Ada", "--link", "--name", "ada@example.com")
    assert ran.out.startswith("http://127.0.0.1:8080/api/auth/invitations/")
    assert ran.out.count("\n") == 1
    assert "'ada@example.com'" in ran.err
    told = json.loads(run("users", "password", "ada@example.com", "--link", "--json").out)
    assert told["name"] == "ada@example.com"
    elsewhere = run("users", "password", "Ada", "--link", env={"BATON_PUBLIC_URL": "https://baton.example/"})
    assert elsewhere.out.startswith("https://baton.example/api/auth/invitations/")


def test_what_cannot_be_done_is_said_in_a_sentence(run: Run) -> None:
    """Nobody of that name, a password that is too short, a factor that is not there."""
    run("keys", "create", "x")
    for arguments, stdin in (
        (("password", "nobody"), f"{PASSWORD}\n"),
        (("password", "admin"), "short\n"),
        (("unlock", "admin"), ""),
        (("reset-second-factor", "admin"), ""),
    ):
        ran = run("users", *arguments, stdin=stdin)
        assert (ran.code, ran.out) == (1, ""), arguments
        assert ran.err.startswith("baton: "), arguments
        assert ran.err.count("\n") == 1, arguments
