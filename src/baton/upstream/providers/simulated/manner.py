"""How a simulated model behaves, and the notation that says so in a model's name.

A name is a mode and its settings, with semicolons between: `echo;latency=200;tps=50;fault=cut;after=40`.
None of its characters needs escaping in a JSON string, a header or the path of a URL (some dialects put
the model there).

| setting | meaning |
|---|---|
| `latency` | milliseconds before the answer's first byte |
| `tps` | tokens per second; without it, all at once |
| `words` | length of the answer of `lorem`; default 60 |
| `think` | tokens of reasoning before the answer |
| `cached` | prompt tokens reported as read from a cache |
| `usage=off` | reports no usage |
| `limit=off` | says all it has to say, whatever limit of tokens the request has |
| `notice=off` | `echo` gives back the bare text |
| `script` | name of the script that `scripted` follows |
| `prefill` | a `Prefill`: what becomes of an answer that the request has begun; default `ignored` |
| `in_price`, `out_price` | USD per million tokens that it charges, for its own bill |
| `fault` | a status from 400 to 599, or a `FaultKind` |
| `after` | tokens of the stream before the fault; default 3 |
| `wait` | seconds that a `slow` answer keeps its first token back; default 30 |
| `retry_after`, `retry_form` | seconds to wait, and a `RetryForm`; with any error status |
| `times` | only the first so many calls of this name fail |
| `skip` | so many calls are spared before the first that fails |
| `begins`, `lasts`, `every` | seconds: from the name's first call to the fault; how long it stays; from one
such time to the next (`lasts=60;every=120` flaps) |
| `rate`, `seed` | share of the calls that fail, from 0 to 1; another seed, other calls |
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from baton.core.errors import Invalid

_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Length = Annotated[int, Meta(ge=0, le=10_000)]  # words; making them takes the time of everybody's requests
_Amount = Annotated[float, Meta(ge=0, le=86_400_000)]  # a day of milliseconds: finite, and enough
_Price = Annotated[float, Meta(ge=0, le=1_000_000)]
_SWITCHES = {"on": True, "off": False}
_SWITCHED = frozenset({"usage", "notice", "limit"})


class Mode(StrEnum):
    """What a simulated model answers."""

    ECHO = "echo"
    LOREM = "lorem"
    JSON = "json"
    TOOLS = "tools"
    SCRIPTED = "scripted"
    EMBEDDING = "embedding"
    IMAGE = "image"
    TRANSCRIPTION = "transcription"
    MODERATION = "moderation"


BESIDE_CHAT = frozenset({Mode.EMBEDDING, Mode.IMAGE, Mode.TRANSCRIPTION, Mode.MODERATION})
"""Modes that have no word for a chat. Any other mode does what these do too, so that it can stand in."""


class FaultKind(StrEnum):
    """What goes wrong, besides plain error statuses."""

    QUOTA = "quota"
    """429 `insufficient_quota`: the credit is spent."""
    CONTEXT = "context"
    """400: the prompt is too long."""
    FILTER = "filter"
    """400: the prompt was filtered."""
    FILTERED = "filtered"
    """The answer itself is filtered after some tokens."""
    SILENCE = "silence"
    """Takes the request and never says a word."""
    HALF_HEADERS = "half-headers"
    """Begins its headers, then silence."""
    RESET = "reset"
    """Resets the connection before the headers."""
    SLOW = "slow"
    """Headers at once, the first token late."""
    CUT = "cut"
    """The connection dies in mid-answer."""
    STALL = "stall"
    """Falls silent in mid-answer, the connection stays."""
    PINGS = "pings"
    """As `stall`, but comments go on coming, one a second."""
    MALFORMED = "malformed"
    """One event of the stream is half a JSON; a whole answer is."""
    ERROR = "error"
    """An error inside a 200."""
    NO_DONE = "no-done"
    """Finishes properly, but for the dialect's end mark."""
    UNFINISHED = "unfinished"
    """The stream ends cleanly in mid-answer: no finish, no end mark."""
    HTML = "html"
    """A web page."""
    EMPTY = "empty"
    """Nothing at all, with 200."""
    ENDLESS = "endless"
    """Never ends."""
    BOMB = "bomb"
    """A gigabyte, compressed to a megabyte."""
    HUGE = "huge"
    """Two gigabytes, announced."""
    FLOOD = "flood"
    """Two gigabytes, unannounced."""


class RetryForm(StrEnum):
    """How a refusal says when to come back."""

    SECONDS = "seconds"
    """`retry-after: 2`"""
    DATE = "date"
    """`retry-after: Wed, 21 Oct 2026 07:28:00 GMT`"""
    MS = "ms"
    """`retry-after-ms: 1500`"""
    GO = "go"
    """`x-ratelimit-reset-requests: 1m13.588s`"""
    UNIX_MS = "unix-ms"
    """`x-ratelimit-reset: 1754667660000`"""
    BODY = "body"
    """In the message: `Please try again in 2s.`"""
    NONE = "none"


class Prefill(StrEnum):
    """What a model does where the conversation ends with the beginning of its own answer."""

    IGNORED = "ignored"
    """Answers from the beginning."""
    TAKEN = "taken"
    """Says the rest only, where its answer begins so; else all of it, as if it went on."""
    REFUSED = "refused"
    """400."""


class _Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings as they are written."""

    latency: _Amount = 0.0
    tps: Annotated[float, Meta(gt=0)] | None = None
    words: _Length = 60
    think: _Length = 0
    cached: _Count = 0
    usage: bool = True
    notice: bool = True
    limit: bool = True
    script: str | None = None
    prefill: Prefill = Prefill.IGNORED
    in_price: _Price = 0.0
    out_price: _Price = 0.0
    fault: FaultKind | Annotated[int, Meta(ge=400, le=599)] | None = None
    after: _Count = 3
    wait: _Amount = 30.0
    retry_after: _Amount = 1.0
    retry_form: RetryForm | None = None
    times: _Count | None = None
    skip: _Count = 0
    begins: _Amount = 0.0
    lasts: _Amount | None = None
    every: Annotated[float, Meta(gt=0)] | None = None
    rate: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 0


class Fault(Struct, frozen=True, kw_only=True):
    """One way to fail, and when."""

    kind: FaultKind | int
    """An `int` is an HTTP status."""
    after: int = 3
    wait_s: float = 30.0
    retry_after_s: float = 1.0
    retry_form: RetryForm = RetryForm.NONE
    times: int | None = None
    """None: every call."""
    skip: int = 0
    begins_s: float = 0.0
    """After the first call."""
    lasts_s: float | None = None
    """None: for ever."""
    every_s: float | None = None
    """From one beginning to the next; None: it comes once."""
    rate: float = 1.0
    seed: int = 0

    def due(self, count: int, since_s: float) -> bool:
        """Whether it may befall a call: the `count`-th, so long after the first."""
        nth = count - self.skip
        if nth < 1 or (self.times is not None and nth > self.times):
            return False
        into_s = since_s - self.begins_s
        if self.every_s is not None and into_s > 0:
            into_s %= self.every_s
        return into_s >= 0 and (self.lasts_s is None or into_s < self.lasts_s)


class Manner(Struct, frozen=True, kw_only=True):
    """How one call is answered."""

    mode: Mode
    latency_s: float = 0.0
    tps: float | None = None
    """Tokens per second; None: all at once."""
    words: int = 60
    think: int = 0
    cached: int = 0
    reports_usage: bool = True
    notice: bool = True
    """Whether `echo` says what it is."""
    keeps_limit: bool = True
    """Whether it minds the request's limit of tokens."""
    script: str | None = None
    prefill: Prefill = Prefill.IGNORED
    in_price: float = 0.0
    """USD per million tokens of prompts."""
    out_price: float = 0.0
    """USD per million tokens of answers."""
    says: str | None = None
    """Text to answer with, whatever was asked; set by control only."""
    fault: Fault | None = None


def split(name: str) -> tuple[str, dict[str, str]]:
    """The name before the settings, and the settings.

    Raises:
        Invalid: a setting is not `name=value`.
    """
    base, *settings = name.split(";")
    return base, _pairs(settings)


def settings_of(text: str) -> dict[str, str]:
    """Settings without a name before them, e.g. `latency=200;fault=503`.

    Raises:
        Invalid: a setting is not `name=value`.
    """
    return _pairs(text.split(";"))


def _pairs(settings: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for setting in settings:
        if not setting.strip():
            continue
        key, equals, value = setting.partition("=")
        if not equals:
            raise Invalid(
                f"the setting '{setting}' of a simulated model is not written name=value", param="model"
            )
        pairs[key.strip()] = value.strip()
    return pairs


def read_manner(mode: Mode, settings: Mapping[str, str], says: str | None = None) -> Manner:
    """Make sense of the settings.

    Raises:
        Invalid: an unknown setting, or a value out of its range; the message names it.
    """
    words = {
        key: _SWITCHES.get(value, value) if key in _SWITCHED else value for key, value in settings.items()
    }
    try:
        written = msgspec.convert(words, _Settings, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"the settings of a simulated model: {error}", param="model") from error
    return Manner(
        mode=mode,
        latency_s=written.latency / 1000,
        tps=written.tps,
        words=written.words,
        think=written.think,
        cached=written.cached,
        reports_usage=written.usage,
        notice=written.notice,
        keeps_limit=written.limit,
        script=written.script,
        prefill=written.prefill,
        in_price=written.in_price,
        out_price=written.out_price,
        says=says,
        fault=_fault(written),
    )


def _fault(written: _Settings) -> Fault | None:
    if written.fault is None:
        return None
    form = written.retry_form
    if form is None:
        form = RetryForm.SECONDS if written.fault == 429 else RetryForm.NONE
    return Fault(
        kind=written.fault,
        after=written.after,
        wait_s=written.wait,
        retry_after_s=written.retry_after,
        retry_form=form,
        times=written.times,
        skip=written.skip,
        begins_s=written.begins,
        lasts_s=written.lasts,
        every_s=written.every,
        rate=written.rate,
        seed=written.seed,
    )
