"""How long providers ask us to wait, in every form that was recorded."""

import json
from datetime import UTC, datetime
from email.utils import formatdate
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.provider import ProviderSpec, WaitForm
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.waits import MAX_WAIT_S, NO_CLOCK_S, reset_s, retry_after_s, stated_wait_s
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}
NOW_S = datetime(2026, 4, 23, 20, 50, 7, tzinfo=UTC).timestamp()
"""Half a minute before the moment that Anthropic's recorded header names."""


def waits(provider: str, headers: dict[str, str], body: object = None, status: int = 429) -> float | None:
    """The wait that an error answer of a provider states."""
    spec = SPECS[provider]
    data = b"" if body is None else json.dumps(body).encode()
    return CODECS[spec.dialect].read_failure(spec, status, headers, data, NOW_S).retry_after_s


def spent(limit: str, reset: str, remaining: str = "0") -> dict[str, str]:
    """OpenAI's headers, which Azure and Groq have too."""
    return {f"x-ratelimit-remaining-{limit}": remaining, f"x-ratelimit-reset-{limit}": reset}


def of_anthropic(limit: str, reset: str, remaining: str = "0") -> dict[str, str]:
    return {
        f"anthropic-ratelimit-{limit}-remaining": remaining,
        f"anthropic-ratelimit-{limit}-reset": reset,
    }


def of_subscription(window: str, reset_s: float, status: str = "rejected") -> dict[str, str]:
    return {
        f"anthropic-ratelimit-unified-{window}-status": status,
        f"anthropic-ratelimit-unified-{window}-reset": str(int(reset_s)),
        f"anthropic-ratelimit-unified-{window}-utilization": "0.33",
    }


def said(message: str) -> object:
    return {"error": {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}}


@pytest.mark.parametrize(
    ("provider", "headers", "wait_s"),
    [
        # OpenAI: Go durations
        ("openai", spent("requests", "6ms"), 0.006),
        ("openai", spent("requests", "1m13.588s"), 73.588),
        ("openai", spent("requests", "20m52.666s"), 1252.666),
        ("openai", spent("requests", "6m0s"), 360.0),
        ("openai", spent("tokens", "18.862s"), 18.862),
        ("openai", spent("tokens", "0s"), None),
        ("openai", spent("requests", "120ms") | spent("tokens", "8ms"), 0.12),
        ("openai", spent("requests", "20m52.666s", "9999") | spent("tokens", "26.521s"), 26.521),
        ("openai", spent("tokens-usage-based", "3ms"), 0.003),
        ("openai", spent("tokens_usage_based", "12ms"), 0.012),
        ("openai", spent("input-images", "1ms"), 0.001),
        ("openai", {"x-ratelimit-reset-requests": "6ms"}, None),
        ("openai", {}, None),
        # Anthropic: RFC 3339 of each limit, and Unix seconds of subscriptions
        ("anthropic", of_anthropic("requests", "2026-04-23T20:50:37Z"), 30.0),
        ("anthropic", of_anthropic("output-tokens", "2026-04-23T20:50:37Z"), 30.0),
        (
            "anthropic",
            of_anthropic("input-tokens", "2026-04-23T20:50:37Z")
            | of_anthropic("requests", "2026-04-23T20:59:00Z", "19998"),
            30.0,
        ),
        ("anthropic", of_anthropic("requests", "2024-03-26T20:00:00Z"), None),
        ("anthropic", {"retry-after": "31"} | of_anthropic("requests", "2026-04-23T20:59:00Z"), 31.0),
        (
            "anthropic",
            of_subscription("5h", NOW_S + 300) | of_subscription("7d", 1786553400, "allowed"),
            300.0,
        ),
        ("anthropic", of_subscription("7d", NOW_S + 3 * 86_400), MAX_WAIT_S),
        ("anthropic", {"anthropic-ratelimit-unified-reset": "1786553400"}, None),
        # Azure: bare integers, and two headers that disagree
        ("azure", spent("requests", "7"), 7.0),
        ("azure", spent("tokens", "500"), 500.0),
        ("azure", {"retry-after": "1", "retry-after-ms": "0"}, 1.0),
        ("azure", spent("requests", "0", "-1") | {"x-ratelimit-limit-requests": "-1"}, None),
        ("azure", spent("requests", "60", "-1"), None),
        ("azure", {"x-ratelimit-renewalperiod-requests": "60", "x-ratelimit-key": "gpt-5.2"}, None),
        # Groq: Go durations of up to nine fractional digits
        ("groq", spent("requests", "17.399999999s"), 17.399999999),
        ("groq", spent("tokens", "261ms"), 0.261),
        # Mistral: no reset, or seconds
        ("mistral", {"x-ratelimit-remaining-req-minute": "0", "x-ratelimit-limit-req-minute": "360"}, None),
        ("mistral", {"ratelimitbysize-remaining": "0", "ratelimitbysize-reset": "19"}, 19.0),
        ("mistral", {"ratelimitbysize-remaining": "467979", "ratelimitbysize-reset": "19"}, None),
        # xAI: no reset
        ("xai", {"x-ratelimit-limit-requests": "1800", "x-ratelimit-remaining-requests": "0"}, None),
        # OpenRouter: Unix milliseconds
        (
            "openrouter",
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW_S * 1000) + 45_500)},
            45.5,
        ),
        ("openrouter", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1754667660000"}, None),
        # Together: seconds
        ("together", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}, 2.0),
        ("together", {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "2"}, None),
        # Hugging Face: a structured field, and a limit that is none
        ("vllm", {"ratelimit": '"api";r=0;t=295', "ratelimit-policy": '"fixed window";"api";q=1000'}, 295.0),
        ("vllm", {"ratelimit": '"api";r=999;t=295'}, None),
        ("vllm", {"ratelimit": '"a";r=0;t=5, "b"; r=0; t=40, "c";r=7;t=900'}, 40.0),
        ("vllm", {"x-ratelimit-remaining-tokens-minute": "9223372036854767616"}, None),
        # Retry-After, in both of its forms, and what is none of them
        ("openai", {"retry-after": " 36 "}, 36.0),
        ("openai", {"retry-after": "1.5", "retry-after-ms": "1500"}, 1.5),
        ("openai", {"retry-after-ms": "174"}, 0.174),
        ("openai", {"retry-after": formatdate(NOW_S + 90, usegmt=True)}, 90.0),
        ("openai", {"retry-after": formatdate(NOW_S - 90, usegmt=True)}, None),
        ("openai", {"retry-after": "Thu, 23 Apr 2026 20:50:37 -0000"}, 30.0),
        ("openai", {"retry-after": "20s"}, 20.0),
        ("openai", {"retry-after": "0"} | spent("tokens", "9s"), 9.0),
        ("openai", {"retry-after": "-1"}, None),
        ("openai", {"retry-after": "nan"}, None),
        ("openai", {"retry-after": "inf"}, None),
        ("openai", {"retry-after": "1e9"}, None),
        ("openai", {"retry-after": "1_000"}, None),
        ("openai", {"retry-after": "soon"}, None),
        ("openai", {"retry-after": "172800"}, MAX_WAIT_S),
        ("openai", {"retry-after": "1786553400"}, None),
        ("openai", {"retry-after": "9" * 400}, None),
    ],
)
def test_a_header_states_a_wait(provider: str, headers: dict[str, str], wait_s: float | None) -> None:
    """Each in its provider's own form; the longest where several are stated, none where none makes sense."""
    assert waits(provider, headers) == (None if wait_s is None else pytest.approx(wait_s, abs=1e-6))


@pytest.mark.parametrize(
    ("provider", "message", "wait_s"),
    [
        ("openai", "Limit 30000, Used 18928. Please try again in 174ms. Visit https://", 0.174),
        ("openai", "Limit 250000, Used 250000. Please try again in 34.337s. Visit https://", 34.337),
        ("groq", "tokens per day (TPD): Limit 100000. Please try again in 9m38.016s. Need more", 578.016),
        ("azure", "have exceeded token rate limit. Please retry after 9 seconds. Please go here", 9.0),
        ("azure", "Please retry after 86400 seconds.", 86_400.0),
        ("google", "limit: 1000000, model: gemini-2.5-flash\nPlease retry in 48.939935699s.", 48.939935699),
        ("openai", "Please try again in a moment.", None),
        ("mistral", "Please try again in 9s.", None),
    ],
)
def test_a_wait_stands_in_the_message(provider: str, message: str, wait_s: float | None) -> None:
    """Where the provider's declaration says how it writes one; also inside a stream, where no header is."""
    expected = None if wait_s is None else pytest.approx(wait_s)
    assert waits(provider, {}, said(message)) == expected
    assert stated_wait_s(SPECS[provider], None, {}, message, NO_CLOCK_S) == expected


def test_a_header_and_a_message_that_disagree_are_both_heard() -> None:
    """The longer wait counts: coming back early earns another refusal."""
    body = said("Please try again in 34.337s.")
    assert waits("openai", {"retry-after": "2"}, body) == 34.337
    assert waits("openai", {"retry-after": "60"}, body) == 60.0


def test_headers_in_a_body_are_headers() -> None:
    """OpenRouter repeats its limits inside the error, in another case; the real headers win."""
    reset_ms = int(NOW_S * 1000) + 12_000
    inside = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset_ms)}
    body = {"error": {"code": 429, "message": "slow down", "metadata": {"headers": inside}}}
    assert waits("openrouter", {}, body) == pytest.approx(12.0)
    assert waits("openrouter", {"x-ratelimit-reset": str(reset_ms + 8000)}, body) == pytest.approx(20.0)


def test_a_reset_means_nothing_where_no_limit_was_the_reason() -> None:
    """A server that breaks while a limit happens to be spent is asked again as any that breaks."""
    assert waits("openai", spent("tokens", "9s"), status=500) is None
    assert waits("openai", {"retry-after": "3"}, status=503) == 3.0


@given(text=st.text(max_size=60), now_s=st.floats(0, 1e11))
def test_whatever_stands_in_a_header_is_a_wait_or_none(text: str, now_s: float) -> None:
    """No reader raises, and no number of it is one that cannot be counted with."""
    found = [retry_after_s(text, now_s), *(reset_s(text, form, now_s) for form in WaitForm)]
    assert all(wait is None or isfinite(wait) for wait in found)


NUMBERS = st.from_regex(r"-?[0-9]{0,20}(\.[0-9]{0,20})?(e[0-9]+|ms|s|m|h)?", fullmatch=True)
DATES = st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
VALUES = st.one_of(
    NUMBERS, DATES, st.datetimes().map(lambda moment: moment.isoformat()), st.text(max_size=20)
)
FORMS = tuple(limit for spec in SPECS.values() for limit in spec.limits)
NAMES = st.sampled_from(
    ["retry-after", "retry-after-ms", "ratelimit"]
    + [
        header.format(name)
        for limit in FORMS
        for name in limit.names
        for header in (limit.remaining, limit.reset)
    ]
)


@given(
    spec=st.sampled_from(list(SPECS.values())),
    headers=st.dictionaries(NAMES, st.one_of(VALUES, st.just("0"), st.just("rejected"))),
    message=st.builds(
        "Please try again in {}, or retry after {} seconds, retry in {}".format, VALUES, VALUES, VALUES
    ),
    now_s=st.one_of(st.floats(0, 1e10), st.just(NO_CLOCK_S)),
)
def test_a_stated_wait_is_bounded(
    spec: ProviderSpec, headers: dict[str, str], message: str, now_s: float
) -> None:
    """Above nothing, at most a day, and never an exception, whatever a provider sends."""
    wait_s = stated_wait_s(spec, 429, headers, message, now_s)
    assert wait_s is None or 0 < wait_s <= MAX_WAIT_S
