"""How a step asks a model: through the gateway, as whoever wants its run."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from msgspec import Struct

from baton.core.answer import Finish
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.messages import Message, Role, Text
from baton.core.profile import Profile
from baton.core.request import CacheWish, ChatRequest, Options, ResponseFormat, Sampling
from baton.gateway.answered import Answered
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival
from baton.gateway.routing.decision import AUTO
from baton.gateway.shaping.enclosing import inside
from baton.pipelines.engine.run import Call, Owner
from baton.pipelines.engine.work import Work
from baton.quality.output import Output, output_of

PATH = "/api/runs"
"""What the ledger names as the route of what runs ask."""

_KEPT_CHARS = 64
_SAID = "What was added meanwhile, to be followed where it fits the task:"


class Question(Struct, frozen=True, kw_only=True):
    """What a step asks of a model."""

    prompt: str | None = None
    """A prompt of the library, e.g. `research` or `itinerary-structure@2`; None: `messages` say all."""
    variables: dict[str, str] = {}
    messages: tuple[Message, ...] = ()
    """Behind the prompt."""
    model: str = AUTO
    provider: str | None = None
    """Preferred, soft."""
    exclude: tuple[str, ...] = ()
    """Providers that must not serve it."""
    fallback: bool = True
    """Whether another model may stand in."""
    profile: Profile | None = None
    """What counts most where the model is left to Baton."""
    max_cost_nanos: int | None = None
    """What it may be estimated at, at most."""
    agent: str | None = None
    """As which it is routed and counted: `research`, `strategy` …"""
    use_case: str
    timeout_s: float | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    """None: as its prompt says."""
    response_format: ResponseFormat | None = None
    cache_ttl_s: float | None = None
    """So long its answer may be given again to whoever asks the same; None: never."""
    said: tuple[str, ...] = ()
    """What people added to the run."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a model answered."""

    output: Output
    call: Call

    @property
    def text(self) -> str:
        """All of its text."""
        return self.output.text

    @property
    def finish(self) -> Finish | None:
        """Why it ended."""
        return self.output.finish


class Asks(Protocol):
    """Asks a model for a step; `StepAsking` does."""

    async def __call__(self, work: Work, question: Question) -> Answer:
        """Its answer, whole; the step tells of the call, and of its cost.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: nobody could answer.
        """
        ...


CallerOf = Callable[[Owner], Caller]
"""An owner as a caller, with what is set for their key. Raises Unauthenticated where the key is no longer."""


class Asking:
    """Asks models through the gateway, on its loop."""

    def __init__(
        self, gateway: Gateway, caller_of: CallerOf, new_id: Callable[[], str], clock: Clock
    ) -> None:
        self._gateway = gateway
        self._caller_of = caller_of
        self._new_id = new_id
        self._clock = clock

    async def ask(self, owner: Owner, question: Question) -> Answer:
        """The answer of a model, whole, on somebody's account; raises as `Asks`."""
        caller = self._caller_of(owner)
        envelope = inside(request_of(question), options_of(question, owner))
        arrival = Arrival(self._new_id(), PATH, self._clock.monotonic())
        answered = await self._gateway.answer(caller, envelope, arrival)
        response = answered.reply.response
        output = Output(text="") if response is None else output_of(response)
        return Answer(output=output, call=call_of(answered))


class StepAsking:
    """`Asks`, from the loop on which runs are carried out; an answer that has come is paid for once."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def __call__(self, work: Work, question: Question) -> Answer:
        """As `Asks`."""
        ask = partial(self._asking.ask, work.owner, question)
        answer = await work.once(lambda: work.across(ask), Answer)
        work.called(answer.call)
        return answer


def request_of(question: Question, *, stream: bool = False) -> ChatRequest:
    """A question as a chat."""
    messages = question.messages
    if question.said:
        added = "\n".join(f"- {text}" for text in question.said)
        messages += (Message(role=Role.USER, parts=(Text(text=f"{_SAID}\n{added}"),)),)
    return ChatRequest(
        model=question.model,
        messages=messages,
        max_tokens=question.max_tokens,
        sampling=Sampling(temperature=question.temperature),
        response_format=question.response_format,
        stream=stream,
        include_usage=stream,
    )


def options_of(question: Question, owner: Owner) -> Options:
    """What a question says to the gateway."""
    return Options(
        use_case=question.use_case[:_KEPT_CHARS],
        agent=question.agent,
        project=owner.project_id,
        timeout_s=question.timeout_s,
        provider=question.provider,
        profile=question.profile,
        max_cost_nanos=question.max_cost_nanos,
        exclude=question.exclude,
        fallback=None if question.fallback else (),
        cache=CacheWish.OFF if question.cache_ttl_s is None else CacheWish.EXACT,
        cache_ttl_s=question.cache_ttl_s,
        prompt=question.prompt,
        variables=question.variables,
        said=True,
    )


def call_of(answered: Answered) -> Call:
    """What the run tells of an answer."""
    settled = answered.settled
    chosen = answered.decision.chosen.offer.model
    return Call(
        interaction=settled.id,
        provider=settled.provider or chosen.provider,
        model=settled.model or chosen.name,
        prompt=answered.prompt,
        tokens=settled.usage.total,
        cost_nanos=settled.cost.total_nanos,
        cached=settled.cache is not None,
        fallback=settled.fell_back,
    )
