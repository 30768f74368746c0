"""One interaction under way: what the ledger will say of it."""

from asyncio import CancelledError
from types import TracebackType
from typing import Self

from msgspec import Struct, structs

from baton.catalog.lookup import Offer
from baton.catalog.pricing import Cost as Priced
from baton.catalog.pricing import Standing, cost
from baton.core.chars import Tally
from baton.core.clock import Clock
from baton.core.data_needs import DataNeeds
from baton.core.errors import AllAttemptsFailed, AttemptFailed, BatonError
from baton.core.failures import Failure, Kind
from baton.core.usage import Usage
from baton.gateway.admission.admitted import Admitted, Ticket
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.routing.decision import Decision
from baton.ledger.book import Book
from baton.ledger.rows import Attempt, Cost, Opened, PriceUsed, Settled, Status, believable
from baton.upstream.dialects.handing import Progress
from baton.upstream.replies import Reply
from baton.upstream.route import Route

CANCELLED = "The client left, or Baton was told to stop."


def in_the_book(priced: Priced) -> Cost | None:
    """A cost as the ledger keeps it: two sides; None where it is not known."""
    total = priced.total
    if total is None or priced.output is None:
        return None
    output = priced.output + priced.output_fees
    return Cost(input_nanos=total - output, output_nanos=output)


_OK = Status.OK.value


class Outcome(Struct, frozen=True, kw_only=True):
    """What an answer came to, as its provider reported it."""

    usage: Usage | None
    model: str
    finish: str | None
    chars: int
    text: Tally | None = None
    """What was said, where it was heard."""
    worth: float = 1
    """How many times what it is guessed at the text takes, by a count of its beginning."""
    uncounted: int = 0
    """Characters that came after the provider's last report of usage."""
    in_tokens: bool = True
    """Whether its provider says how many tokens it took; else pictures or seconds may be what is paid for."""
    audio_seconds: float | None = None


_NOBODYS = Outcome(usage=None, model="", finish=None, chars=0)


def outcome_of(reply: Reply) -> Outcome:
    """What a whole answer came to; it is listened to only where its provider has not counted it."""
    seen = reply.seen
    text = None
    if seen.usage is None and seen.chars:
        text = Tally()
        text.hear(reply.heard().text)
    return Outcome(
        usage=seen.usage,
        model=seen.model,
        finish=seen.finish,
        chars=seen.chars,
        text=text,
        in_tokens=seen.in_tokens,
        audio_seconds=seen.audio_seconds,
    )


def _name(offer: Offer) -> tuple[str, str]:
    return offer.model.provider, offer.model.name


def outcome_so_far(seen: Progress, worth: float = 1) -> Outcome:
    """What a stream came to, as far as it has come."""
    return Outcome(
        usage=seen.usage,
        model=seen.model,
        finish=seen.finish,
        chars=seen.chars,
        text=seen.text,
        worth=worth,
        uncounted=seen.chars - seen.counted,
    )


class Entry:
    """Collects one interaction's attempts and writes its end, once."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        opened: Opened,
        decision: Decision,
        admitted: Admitted,
        started_s: float,
    ) -> None:
        """`started_s`: when the request arrived, on the monotonic clock."""
        self._admitted = admitted
        self._ticket: Ticket | None = None
        self._book = book
        self._clock = clock
        self._decision = decision
        self._held_for: Offer = decision.chosen.offer
        """Whose hold the beginning tells of."""
        self._offer = decision.chosen.offer
        """Of the model that is asked, or was asked last."""
        self._started_s = started_s
        self._attempts: list[Attempt] = []
        self._route: Route | None = None
        self._attempt_s = 0.0
        self._first_token_s: float | None = None
        self._shown_s: float | None = None
        self._upstream_s = 0.0
        self._left_s: float | None = None
        self._told: Usage | None = None
        self.opened = opened
        self.settled: Settled | None = None
        """The end, once it is written."""
        self._handed_over = False
        self._violation: str | None = None
        book.opened(opened)

    async def __aenter__(self) -> Self:
        if self._book.waits:
            try:
                await self._book.begun(self.id)
            except CancelledError:  # it may have been kept by now
                self.cancel()
                raise
            except BaseException:
                self._admitted.withdraw()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever happens, it gets its end, unless somebody has taken it on."""
        if self.settled is None:
            if error is None and self._handed_over:
                return
            self._end_with(error)
        self._admitted.end()
        if self._book.waits and not isinstance(error, CancelledError):
            await self._book.ended(self.id)

    def _end_with(self, error: BaseException | None) -> None:
        """Write the end of one that failed; None: without anybody knowing why."""
        if isinstance(error, CancelledError):
            self.cancel()
        elif isinstance(error, AllAttemptsFailed):  # a provider's own code may be anything
            self.settle_failed(error.failure.kind.value, error.status)
        elif isinstance(error, BatonError):
            self.settle_failed(error.code or "error", error.status)
        else:  # a mistake of ours still leaves a row
            self.settle_failed("internal_error", 500)

    async def kept(self) -> None:
        """Return once the end can be relied on."""
        if self._book.waits:
            await self._book.ended(self.id)

    def hand_over(self) -> None:
        """Somebody else writes the end: a stream is under way, and its first words are its caller's."""
        self._handed_over = True
        self._shown_s = self._first_token_s

    @property
    def id(self) -> str:
        """The interaction's id."""
        return self.opened.id

    @property
    def attempts(self) -> int:
        """Attempts made so far."""
        return len(self._attempts)

    @property
    def offer(self) -> Offer:
        """The model that is asked, or was asked last."""
        return self._offer

    def others_than(self, offer: Offer) -> int:
        """How many other models have been asked."""
        return len({(each.provider, each.model) for each in self._attempts} - {_name(offer)})

    async def reserve(self, route: Route, offer: Offer) -> Failure | None:
        """Claim and hold what the next attempt may take; why not, where it may not be made."""
        if self._ticket is not None:
            self._let_go()
        found = await self._admitted.ticket(route, offer)
        if isinstance(found, Failure):
            return found
        self._ticket = found
        most_nanos = self._admitted.spent_nanos + found.held_nanos
        if most_nanos != self.opened.held_nanos or offer is not self._held_for:
            # A death of the process must hide neither what this may cost nor who may bill it.
            self._held_for = offer
            self.opened = structs.replace(self.opened, held_nanos=most_nanos, held_at=_name(offer))
            await self._book.reopened(self.opened)
        return None

    @property
    def data_needs(self) -> DataNeeds:
        """What whoever is asked must state of data."""
        return self._decision.ask.data_needs

    @property
    def bound(self) -> int | None:
        """Tokens that the answer of the next attempt may have at most; None: as many as were asked for."""
        return None if self._ticket is None else self._ticket.most_tokens

    async def begin_again(self, route: Route, offer: Offer) -> None:
        """A second call to the same route begins.

        Raises:
            AttemptFailed: a limit or a budget has too little left for it.
        """
        refused = await self.reserve(route, offer)
        if refused is not None:
            raise AttemptFailed(refused)
        self.begin(route, offer)

    def _let_go(self) -> None:
        """What was held for the last attempt is needed no more."""
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            ticket.close()

    def begin(self, route: Route, offer: Offer) -> None:
        """An attempt begins, for which was reserved."""
        self._route = route
        self._offer = offer
        self._attempt_s = self._clock.monotonic()
        self._first_token_s = None
        self._told = None

    def first_token(self) -> None:
        """The attempt under way has said its first word."""
        self._first_token_s = self._clock.monotonic()

    def told(self, usage: Usage | None) -> None:
        """What the provider of the attempt under way has reported before it said anything."""
        self._told = usage

    def leave(self) -> None:
        """The caller has gone; what comes now keeps it waiting no more."""
        self._left_s = self._clock.monotonic()

    def fail(self, failure: Failure, usage: Usage | None = None) -> int:
        """The attempt under way failed; returns how long it took, ms. `usage`: what it used all the same."""
        if usage is None or not believable(usage):
            usage = self._cut(by_caller=failure.kind is Kind.DEADLINE) if failure.billed else Usage()
        return self._end(
            status=Status.CANCELLED.value if failure.kind is Kind.CLIENT_GONE else failure.kind.value,
            usage=usage,
            http_status=failure.status,
            error=failure.message,
        )

    def succeed(self, outcome: Outcome) -> Usage:
        """The attempt under way gave the answer; returns its usage, estimated where none was reported."""
        usage = self.used(outcome)
        self._admitted.saw(self._offer, usage, self._clock.monotonic() - self._attempt_s)
        self._end(status=_OK, usage=usage, http_status=200, error=None, in_tokens=outcome.in_tokens)
        return usage

    def discard(self, outcome: Outcome, status: str, why: str) -> None:
        """The attempt under way gave an answer that is of no use; it is paid for all the same."""
        self._end(status=status, usage=self.used(outcome), http_status=200, error=why)

    def judge(self, violation: str | None) -> None:
        """Where the answer is not true to the schema that was asked for."""
        self._violation = violation

    def cancel(self) -> Settled:
        """Write the end of one whose caller left before a word."""
        return self._settle(Status.CANCELLED.value, None, None, self.abandon())

    def abandon(self) -> Usage:
        """The caller left during the attempt under way: what was being asked is taken as used."""
        if self._route is None:
            return Usage()
        if self._told is not None and believable(self._told):
            usage = structs.replace(self._told, estimated=True)
        else:
            usage = self._cut(by_caller=True)
        self.fail(Failure(kind=Kind.CLIENT_GONE, message=CANCELLED), usage)
        return usage

    def used(self, outcome: Outcome) -> Usage:
        """What an answer took: as reported, but for what cannot be (nothing at all for some text).

        What came after the report is estimated.
        """
        usage = outcome.usage
        if usage is None or not believable(usage):
            return self._estimate(self._said(outcome, outcome.chars))
        if not usage.total and (outcome.chars or usage.charges):
            estimate = self._estimate(self._said(outcome, outcome.chars))
            return structs.replace(estimate, charges=usage.charges)
        if not outcome.uncounted:
            return usage
        rest = self._said(outcome, outcome.uncounted)
        return structs.replace(usage, completion=usage.completion + rest, estimated=True)

    def _cut(self, *, by_caller: bool) -> Usage:
        """What an attempt has used that was cut off without a word. What its caller cuts has been made as far
        as time allowed, and is paid for; of a provider that is silent by itself nobody knows that it made
        anything."""
        most = self._admitted.request.most
        if most.completion:  # a picture or a recording is made and heard to its end all the same
            return most
        if self.opened.stream or not by_caller:  # of a stream the first words would have been heard
            return self._estimate(0)
        took_s = self._clock.monotonic() - self._attempt_s
        return self._estimate(self._admitted.made_in(self._offer, took_s, self.bound))

    def _said(self, outcome: Outcome, chars: int) -> int:
        """The tokens of so many characters of an answer: what they are worth on its average."""
        gauge = self._offer.gauge
        if not chars:
            return 0
        if outcome.text is None or not outcome.text.size:
            return gauge.answer_tokens_of(chars)
        tokens = gauge.answer_tokens(outcome.text.chars) * outcome.worth
        return max(1, round(tokens * chars / outcome.text.size))

    def _estimate(self, completion: int) -> Usage:
        """The prompt as estimated, and what was received."""
        decision, offer = self._decision, self._offer
        prompt = self.opened.prompt_tokens
        if offer is not decision.chosen.offer:
            prompt = decision.ask.tokens_for(offer)
        return Usage(prompt=prompt, completion=completion, estimated=True)

    def settle_answered(self, outcome: Outcome, usage: Usage, http_status: int = 200) -> Settled:
        """Write the end of an interaction that was answered."""
        return self._settle(_OK, http_status, outcome, usage)

    def shown(self) -> None:
        """The caller is about to be told something of an answer that another interaction pays for."""
        if self._shown_s is None:
            self._shown_s = self._clock.monotonic()

    def settle_recalled(self, kept: Kept, how: How, key: str) -> Settled:
        """Write the end of one that was given an answer which another interaction paid for."""
        latency_s = self._clock.monotonic() - self._started_s
        latency_ms = int(latency_s * 1000)
        waited = how is How.DEDUP  # for a provider, as whoever asked it
        settled = Settled(
            id=self.opened.id,
            status=_OK,
            attempts=(),
            usage=kept.usage,
            provider=kept.provider,
            model=kept.model,
            model_version=kept.model_version,
            latency_ms=latency_ms,
            upstream_ms=latency_ms if waited else 0,
            first_token_ms=self._since_ms(self._shown_s, self._started_s),
            overhead_us=None if waited else max(0, int(latency_s * 1_000_000)),
            generated_chars=kept.chars,
            finish=kept.finish,
            http_status=200,
            decision=f"Answered as {kept.interaction} was, by {kept.provider}/{kept.model}.",
            cache=how.value,
            cache_key=key,
            cached_from=kept.interaction,
            saved_nanos=kept.cost_nanos,
            saved_ms=max(0, kept.took_ms - latency_ms),
        )
        self._admitted.end()
        self._book.settled(settled)
        self.settled = settled
        return settled

    def settle_failed(self, status: str, http_status: int | None) -> Settled:
        """Write the end of one that was not; `status` is `cancelled`, or the error's code."""
        return self._settle(status, http_status, None, Usage())

    def settle_cut(self, status: str, http_status: int | None, outcome: Outcome, usage: Usage) -> Settled:
        """Write the end of a stream that began and did not end well."""
        return self._settle(status, http_status, outcome, usage)

    def _end(
        self,
        *,
        status: str,
        usage: Usage,
        http_status: int | None,
        error: str | None,
        in_tokens: bool = True,
    ) -> int:
        route = self._route
        if route is None:
            return 0
        self._route = None
        now_s = self._clock.monotonic()
        took_s = now_s - self._attempt_s
        self._upstream_s += took_s
        charged, partly = self._cost(usage, in_tokens)
        ticket = self._ticket
        if ticket is not None:
            self._admitted.attempted(
                usage, ticket.charge(None if charged is None else charged.total_nanos, usage, told=in_tokens)
            )
        self._attempts.append(
            Attempt(
                provider=route.provider.name,
                model=route.model,
                started_ms=int((self._attempt_s - self._started_s) * 1000),
                took_ms=int(took_s * 1000),
                status=status,
                cost=charged,
                partly=partly,
                usage=usage,
                credential=route.credential.last4,
                first_token_ms=self._since_ms(self._first_token_s, self._attempt_s),
                http_status=http_status,
                error=error,
            )
        )
        return int(took_s * 1000)

    def _settle(self, status: str, http_status: int | None, outcome: Outcome | None, usage: Usage) -> Settled:
        ended_s = self._clock.monotonic() if self._left_s is None else self._left_s
        latency_s = ended_s - self._started_s
        first = self._first_token_s if self._shown_s is None else self._shown_s
        outcome, model = outcome or _NOBODYS, self._offer.model
        served = outcome is not _NOBODYS
        settled = Settled(
            id=self.opened.id,
            status=status,
            attempts=tuple(self._attempts),
            usage=usage,
            provider=model.provider if served else None,
            model=model.name if served else None,
            model_version=outcome.model or None,
            price=self._price(usage) if served else None,
            latency_ms=int(latency_s * 1000),
            upstream_ms=int(self._upstream_s * 1000),
            first_token_ms=self._since_ms(first, self._started_s),
            overhead_us=max(0, int((latency_s - self._upstream_s) * 1_000_000)),
            generated_chars=outcome.chars,
            finish=outcome.finish,
            http_status=http_status,
            decision=self._decision.reasoning,
            schema_violation=self._violation,
            audio_seconds=outcome.audio_seconds,
        )
        if self._ticket is not None:
            self._let_go()
        self._admitted.end()
        self._book.settled(settled)
        self.settled = settled
        return settled

    def _cost(self, usage: Usage, in_tokens: bool) -> tuple[Cost | None, bool]:
        """What it cost, and whether that is not all; None: nobody knows. Without tokens it can be told only
        where these are free."""
        priced = cost(usage, self._offer.prices)
        found = in_the_book(priced)
        if in_tokens or found is None or found.total_nanos == priced.fees:
            return found, priced.standing is Standing.PARTLY
        return None, False

    def _price(self, usage: Usage) -> PriceUsed | None:
        prices = self._offer.prices
        if prices is None:
            return None
        rates = (prices.tariff_for(usage.processing) or prices.standard).rates_for(usage.prompt)
        return PriceUsed(
            input=rates.input,
            output=rates.output,
            cached=rates.cached,
            cache_write=rates.cache_write,
            revision=self._offer.price_version,
        )

    @staticmethod
    def _since_ms(moment_s: float | None, start_s: float) -> int | None:
        return None if moment_s is None else int((moment_s - start_s) * 1000)
