"""The simulated provider itself: takes requests, decides, counts, answers in steps. Knows no socket."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, structs

from baton.core.clock import Clock
from baton.core.errors import BatonError, NotFound, Unauthenticated
from baton.core.request import ChatRequest
from baton.upstream.providers.simulated.asked import asked
from baton.upstream.providers.simulated.calls import Call, CallBook, Outcome
from baton.upstream.providers.simulated.errands.deed import Deeds, Request
from baton.upstream.providers.simulated.errands.registry import deeds_for
from baton.upstream.providers.simulated.manner import BESIDE_CHAT, Fault, Manner, Mode
from baton.upstream.providers.simulated.performance import Score, perform
from baton.upstream.providers.simulated.plan import Plan, make_plan
from baton.upstream.providers.simulated.refusals import is_worked_for
from baton.upstream.providers.simulated.rules import Rules
from baton.upstream.providers.simulated.scripts import Line, Scripts
from baton.upstream.providers.simulated.spoken import counting_wire_for, wire_for
from baton.upstream.providers.simulated.steps import Cut, Head, Reset, Send, Step, whole
from baton.upstream.providers.simulated.wire import OPENAI, ErrorWords, Tokens, Wire, write_models

_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_DIGEST_DIGITS = 12
_KEPT_BODY_BYTES = 16_384  # of each of the last calls
_BAD_KEY = "bad"  # a key with this in it is refused, so that refusals can be tried


class Incoming(Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    path: str
    """Without the query string."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Performance:
    """One answer while it is given: iterate over its steps, then say by `ended` how that went."""

    def __init__(self, steps: Iterable[Step], book: CallBook, call: Call | None = None) -> None:
        self._steps = steps
        self._book = book
        self._call = call
        self._outcome = Outcome.DONE
        self._complete = False

    def __iter__(self) -> Iterator[Step]:
        """The steps, each counted as it is handed out to be played."""
        call = self._call
        for step in self._steps:
            match step:
                case Head() if call is not None:
                    call.status = step.status
                case Send() if call is not None:
                    call.tokens_sent += step.tokens
                    call.reported = step.usage or call.reported
                    self._complete = step.final
                case Cut() | Reset():
                    self._outcome = Outcome.BROKEN
                case _:
                    pass
            yield step

    def ended(self, *, gone: bool) -> None:
        """Count how it went. `gone`: the client left before the last step was played."""
        if self._call is not None:
            early = gone and not self._complete
            self._book.ended(self._call, Outcome.GONE if early else self._outcome)


class Simulation:
    """The provider: its rules, its scripts, and the book of what it was asked."""

    def __init__(
        self,
        clock: Clock,
        *,
        scripts: Scripts | None = None,
        unknown: str | None = None,
        needs_key: bool = False,
        keep_calls: int = 200,
    ) -> None:
        """`unknown`: how names behave that nobody set and that are no mode, e.g. `echo`; None: 404.
        `keep_calls`: how many of the last ones can be asked for, one by one.

        Raises:
            Invalid: `unknown` makes no sense.
        """
        self.rules = Rules(unknown)
        self.calls = CallBook(keep=keep_calls)
        self._clock = clock
        self._scripts = scripts or Scripts()
        self._needs_key = needs_key

    def receive(self, incoming: Incoming) -> Performance:
        """Decide what happens to a request; whatever is wrong with it becomes an error answer."""
        posted = incoming.method == "POST"
        wire = wire_for(incoming.path) if posted else None
        counting = counting_wire_for(incoming.path) if posted else None
        deeds = deeds_for(incoming.path) if posted else None
        try:
            key = self._key(incoming)
            if wire is not None:
                return self._chat(wire, incoming, key)
            if counting is not None and counting.tokens is not None:
                return self._plain(self._count(counting.tokens, incoming))
            if deeds is not None:
                return self._errand(deeds, incoming, key)
            if incoming.method == "GET" and incoming.path.endswith("/models"):
                return self._plain(whole(200, write_models([*Mode, *self.rules.by_model])))
            raise NotFound(f"The simulated provider has no {incoming.method} {incoming.path}.")
        except BatonError as error:
            return self._plain(_error(wire or counting or OPENAI, error))

    def _key(self, incoming: Incoming) -> str | None:
        """The digest of the request's key.

        Raises:
            Unauthenticated: the key is bad, or missing where one is needed.
        """
        said = next((incoming.headers[name] for name in _KEY_HEADERS if incoming.headers.get(name)), "")
        key = said.removeprefix("Bearer ").strip()
        if _BAD_KEY in key:
            raise Unauthenticated("Incorrect API key provided, simulated.")
        if not key and self._needs_key:
            raise Unauthenticated("You didn't provide an API key; the simulated provider takes any.")
        return hashlib.sha256(key.encode()).hexdigest()[:_DIGEST_DIGITS] if key else None

    def _chat(self, wire: Wire, incoming: Incoming, key: str | None) -> Performance:
        request = wire.read(incoming.path, incoming.body)
        if wire.check is not None:
            wire.check(request)
        call = _call(incoming, key, request.model, stream=request.stream)
        try:
            manner, line = self._manner(request)
            plan = make_plan(request, manner, line)
        except BatonError as error:
            return Performance(_error(wire, error), self.calls, self.calls.opened(call))
        score = Score(
            wire=wire,
            plan=plan,
            manner=manner,
            fault=self._fault(manner, _counter(request, line)),
            model=request.model,
            created=int(self._clock.wall()),
            stream=request.stream,
            include_usage=request.include_usage,
        )
        return self._performance(call, score)

    def _count(self, tokens: Tokens, incoming: Incoming) -> tuple[Step, ...]:
        """The tokens of a prompt, which costs nothing and is no call.

        Raises:
            Invalid: the question makes no sense.
            NotFound: nobody knows the model.
        """
        request = tokens.read(incoming.path, incoming.body)
        self._manner(request)
        return whole(200, tokens.write(asked(request).prompt_tokens))

    def _errand(self, deeds: Deeds, incoming: Incoming, key: str | None) -> Performance:
        """What is no chat: played like a whole answer, with the same faults."""
        deed = deeds.do(Request(incoming.body, incoming.headers.get("content-type", "")))
        call = _call(incoming, key, deed.model, stream=False)
        try:
            manner = self.rules.manner(deed.model)
        except BatonError as error:
            return Performance(_error(OPENAI, error), self.calls, self.calls.opened(call))
        if not manner.reports_usage:
            deed = deed.without_usage()
        score = Score(
            wire=structs.replace(OPENAI, write_whole=deed.written, whole_type=deed.content_type),
            plan=Plan(choices=(), usage=deed.usage),
            manner=manner,
            fault=self._fault(manner, deed.model),
            model=deed.model,
            created=int(self._clock.wall()),
            stream=False,
            include_usage=False,
        )
        return self._performance(call, score)

    def _fault(self, manner: Manner, counter: str) -> Fault | None:
        """The fault of this very call."""
        fault = manner.fault
        struck = fault is not None and self.rules.strikes(counter, fault, self._clock.monotonic())
        return fault if struck else None

    def _performance(self, call: Call, score: Score) -> Performance:
        call.fault = str(score.fault.kind) if score.fault is not None else None
        call.prompt_tokens = score.plan.usage.prompt
        call.worked = score.fault is None or is_worked_for(score.fault, score.wire)
        call.in_price, call.out_price = score.manner.in_price, score.manner.out_price
        self.calls.opened(call)
        answer_id = f"simulated-{call.number:06d}-{call.body_digest[:_DIGEST_DIGITS]}"
        return Performance(perform(structs.replace(score, id=answer_id)), self.calls, call)

    def _manner(self, request: ChatRequest) -> tuple[Manner, Line | None]:
        """How to answer; a script's line brings its own pace and fault where it says so."""
        manner = self.rules.manner(request.model)
        if manner.mode in BESIDE_CHAT:
            raise NotFound(f"The simulated model '{manner.mode}' does not chat.", param="model")
        if manner.mode is not Mode.SCRIPTED:
            return manner, None
        line = self._scripts.line(manner.script, request.messages)
        return (line.manner() if line is not None and line.settings else manner), line

    def _plain(self, steps: Iterable[Step]) -> Performance:
        return Performance(steps, self.calls)


def _call(incoming: Incoming, key: str | None, model: str, *, stream: bool) -> Call:
    return Call(
        model=model,
        path=incoming.path,
        stream=stream,
        key_digest=key,
        body_digest=hashlib.sha256(incoming.body).hexdigest(),
        body=incoming.body[:_KEPT_BODY_BYTES].decode("utf-8", "replace"),
    )


def _counter(request: ChatRequest, line: Line | None) -> str:
    """What a fault's `times` and `rate` count by: the model's name, and within a script the line."""
    return request.model if line is None else f"{request.model};{line.when};{line.turn};{line.settings}"


def _error(wire: Wire, error: BatonError) -> tuple[Step, ...]:
    words = ErrorWords(
        status=error.status,
        message=error.message,
        type="authentication_error" if isinstance(error, Unauthenticated) else "invalid_request_error",
        code="model_not_found" if isinstance(error, NotFound) and error.param == "model" else error.code,
        param=error.param,
    )
    return whole(error.status, wire.write_error(words))
