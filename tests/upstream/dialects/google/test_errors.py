"""What Google's errors mean, and what its clients are told of others'."""

import json
from typing import Any

import pytest

from baton.core.errors import AllAttemptsFailed, Invalid, Unservable
from baton.core.failures import Failure, Kind
from baton.upstream.dialects.google.errors import read_failure, write_error, write_error_element
from tests.upstream.dialects.google.recorded import SPEC, chats

RPC = "type.googleapis.com/google.rpc."


def failure(answered: int, **error: Any) -> Failure:
    return read_failure(SPEC, answered, {}, json.dumps({"error": error}).encode(), 0.0)


def test_every_recorded_error_is_understood() -> None:
    """By its reason where it has one: a wrong key is a 400 there. The wait stands in the body."""
    kinds = {
        "google-22cb1ef41c": (Kind.RATE_LIMIT, 48.939935699),
        "google-55053d5ce1": (Kind.CREDENTIAL, None),
        "google-86ee0888cf": (Kind.CREDENTIAL, None),
        "vertex-31263c68ce": (Kind.BAD_REQUEST, None),
        "vertex-3f2262e4a6": (Kind.BAD_REQUEST, None),
        "vertex-c033dcdd37": (Kind.MODEL_GONE, None),
    }
    for exchange in chats():
        if exchange.status == 200:
            continue
        body = json.dumps(exchange.parsed).encode()
        found = read_failure(SPEC, exchange.status, exchange.headers, body, 0.0)
        assert (found.kind, found.retry_after_s) == kinds[exchange.id], exchange.id
        assert found.message == exchange.parsed["error"]["message"]
        assert read_failure(SPEC, exchange.status, exchange.headers, b"[%b]" % body, 0.0) == found


def test_a_quota_of_the_day_is_spent_and_one_of_the_minute_comes_back() -> None:
    """Whatever wait is told beside it: the key is passed over, instead of being asked again in a minute."""
    for quota, kind in (("RequestsPerDayPerProject", Kind.EXHAUSTED), ("TokensPerMinute", Kind.RATE_LIMIT)):
        details = [{"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": quota}]}]
        found = failure(429, message="quota", status="RESOURCE_EXHAUSTED", details=details)
        assert found.kind is kind


def test_a_prompt_that_is_too_long_is_known_by_its_words() -> None:
    """There is no code for it."""
    message = "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
    assert failure(400, message=message, status="INVALID_ARGUMENT").kind is Kind.CONTEXT_LENGTH


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"error": "text"}', b'{"error": {"details": 5}}']
)
def test_an_error_without_words_is_one_all_the_same(body: bytes) -> None:
    """Its status says enough."""
    found = read_failure(SPEC, 503, {}, body, 0.0)
    assert (found.kind, found.status) == (Kind.SERVER, 503)
    assert found.message


def test_googles_own_details_reach_its_clients() -> None:
    """Status word, reason and wait, as if Baton were not there; the attempts beside them."""
    details = [{"@type": f"{RPC}RetryInfo", "retryDelay": "7s"}]
    found = failure(429, code=429, message="slow down", status="RESOURCE_EXHAUSTED", details=details)
    error = json.loads(write_error(AllAttemptsFailed([("google/gemini-x", found, 12)]), "id-1"))["error"]
    assert (error["code"], error["status"], error["details"]) == (429, "RESOURCE_EXHAUSTED", details)
    assert error["attempts"] == [{"model": "google/gemini-x", "reason": "rate_limit_exceeded", "ms": 12}]


def test_another_providers_error_is_told_in_googles_words() -> None:
    """Status and its word agree; the reason, the field and the wait are where its clients look."""
    other = Failure(kind=Kind.RATE_LIMIT, message="slow down", status=429, type="tokens", retry_after_s=2.5)
    error = json.loads(write_error(AllAttemptsFailed([("openai/gpt-x", other, 1)]), "id-1"))["error"]
    assert (error["code"], error["status"], error["message"]) == (429, "RESOURCE_EXHAUSTED", "slow down")
    assert {"@type": f"{RPC}RetryInfo", "retryDelay": "2.5s"} in error["details"]
    wrong = json.loads(write_error(Invalid("no", param="contents[0].role"), "id-1"))["error"]
    assert (wrong["code"], wrong["status"]) == (400, "INVALID_ARGUMENT")
    assert wrong["details"][-1]["fieldViolations"][0]["field"] == "contents[0].role"
    unservable = json.loads(write_error(Unservable("none", {"a/b": "too small"}), "id-1"))["error"]
    assert unservable["reasons"] == {"a/b": "too small"}


def test_an_array_that_broke_is_still_an_array() -> None:
    """Its last element is the error."""
    told = b'[{"candidates": []},\r\n' + write_error_element(Invalid("no"), "id-1")
    assert json.loads(told)[-1]["error"]["message"] == "no"
