"""The list of alerts, and their metric."""

from baton.core.failures import Failure, Kind
from baton.gateway.resilience.observation import Observation
from tests.api.conftest import Web
from tests.api.test_metrics import sample

PATH = "/api/admin/ai/alerts"


def see(web: Web, kind: Kind | None, credential: str) -> None:
    """An attempt with this key ended so."""
    failure = None if kind is None else Failure(kind=kind, message="Your credit is spent.")
    web.baton.app.alerts.observe(
        Observation(
            provider="acme",
            model="small-1",
            credential=credential,
            failure=failure,
            took_ms=1,
            first_token_ms=None,
            at_s=0.0,
        )
    )


async def test_what_was_just_seen_is_listed(web: Web) -> None:
    """The newest first, with all that is known of it; an alert that is over says when and how it ended."""
    see(web, Kind.EXHAUSTED, "abcd")
    [shown] = (await web.get(PATH)).json["alerts"]
    assert shown.pop("openedAt") <= shown.pop("lastSeenAt")
    assert len(shown.pop("id")) == 36
    assert shown == {
        "kind": "credential_exhausted",
        "subject": "acme …abcd",
        "timesSeen": 1,
        "detail": "Your credit is spent.",
        "resolvedAt": None,
        "resolution": None,
    }
    see(web, None, "abcd")
    see(web, Kind.CREDENTIAL, "wxyz")
    newest, oldest = (await web.get(PATH)).json["alerts"]
    assert newest["kind"] == "credential_invalid"
    assert (oldest["resolution"], oldest["resolvedAt"] >= oldest["openedAt"]) == ("recovered", True)


async def test_alerts_are_chosen_and_come_in_pages(web: Web) -> None:
    """By state and kind; what means nothing is refused instead of finding everything."""
    for credential in ("aaaa", "bbbb", "cccc"):
        see(web, Kind.CREDENTIAL, credential)
        await web.get(PATH)
    see(web, None, "bbbb")
    asked = PATH + "?state=open&kind=credential_invalid&limit=1"
    first = (await web.get(asked)).json
    second = (await web.get(asked + "&cursor=" + first["nextCursor"])).json
    subjects = [each["subject"] for page in (first, second) for each in page["alerts"]]
    assert (subjects, second["nextCursor"]) == (["acme …cccc", "acme …aaaa"], None)
    resolved = (await web.get(PATH + "?state=resolved")).json["alerts"]
    assert [each["subject"] for each in resolved] == ["acme …bbbb"]
    for wrong in ("state=closed", "kind=nonsense", "stat=open", "cursor=nobodys", "limit=0"):
        assert (await web.get(f"{PATH}?{wrong}")).status == 400, wrong


async def test_a_scrape_tells_how_many_are_open(web: Web) -> None:
    """By kind, at once, and 0 where there are none."""
    assert await sample(web, "baton_alerts_open", kind="credential_invalid") == 0
    see(web, Kind.CREDENTIAL, "aaaa")
    see(web, Kind.CREDENTIAL, "bbbb")
    see(web, None, "bbbb")
    assert await sample(web, "baton_alerts_open", kind="credential_invalid") == 1
    assert 'baton_alerts_open{kind="breaker_open"} 0.0' in (await web.get("/metrics", {})).body.decode()
