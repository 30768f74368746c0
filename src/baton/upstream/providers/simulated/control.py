"""The control requests: how a rehearsal or a test sets behaviour over HTTP, and reads what was asked.

`/_simulated/control`: GET tells what is set; POST sets, e.g. `{"models": {"gpt-4o": {"as":
"echo;fault=503;times=2"}}, "unknown": {"as": "lorem"}}`, and null takes back; DELETE takes everything back.
`/_simulated/calls`: GET gives figures by model and the last calls, those of `?model=` or all; DELETE counts
from nothing. They need no key: this server is for one's own machine.
"""

from urllib.parse import parse_qs

import msgspec
from msgspec import UNSET, Struct, UnsetType

from baton.core.errors import BatonError, Invalid, NotFound
from baton.core.usage import Usage
from baton.upstream.providers.simulated.calls import Outcome, Tally
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.simulation import Incoming, Simulation
from baton.upstream.providers.simulated.steps import Step, whole

PREFIX = "/_simulated/"


class Wishes(Struct, frozen=True, forbid_unknown_fields=True):
    """What a control request asks for; what it doesn't name stays."""

    models: dict[str, Rule | None] = {}
    unknown: Rule | UnsetType | None = UNSET


class CallRow(Struct, frozen=True, kw_only=True, rename="camel"):
    """A call as the control route shows it."""

    number: int
    model: str
    path: str
    stream: bool
    outcome: Outcome
    status: int | None
    fault: str | None
    prompt_tokens: int
    tokens_sent: int
    reported: Usage | None
    billed: Usage
    cost_nanos: int
    key_digest: str | None
    body_digest: str
    body: str


class Seen(Struct, frozen=True, kw_only=True):
    """What was asked."""

    count: int
    models: dict[str, Tally]
    calls: list[CallRow]


def control(simulation: Simulation, incoming: Incoming, query: str) -> tuple[Step, ...]:
    """Answer a control request; what is wrong with it is said in the answer."""
    try:
        return whole(200, msgspec.json.encode(_obey(simulation, incoming, query)))
    except BatonError as error:
        return whole(error.status, msgspec.json.encode({"error": {"message": error.message}}))


def _obey(simulation: Simulation, incoming: Incoming, query: str) -> Wishes | Seen:
    match incoming.method, incoming.path.removeprefix(PREFIX):
        case "POST", "control":
            set_rules(simulation, incoming.body)
        case "DELETE", "control":
            simulation.rules.reset()
        case "DELETE", "calls":
            simulation.calls.reset()
        case "GET", "control" | "calls":
            pass
        case _:
            raise NotFound(f"There is no control request {incoming.method} {incoming.path}.")
    if incoming.path.endswith("control"):
        return Wishes(models=dict(simulation.rules.by_model), unknown=simulation.rules.unknown)
    return _seen(simulation, parse_qs(query).get("model", [None])[0])


def set_rules(simulation: Simulation, body: bytes) -> None:
    """Set what the body asks for: all of it, or nothing.

    Raises:
        Invalid: it cannot be read, or a rule makes no sense.
    """
    try:
        wishes = msgspec.json.decode(body, type=Wishes)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"the control request cannot be read: {error}") from error
    unknown = simulation.rules.unknown if wishes.unknown is UNSET else wishes.unknown
    simulation.rules.set_all(wishes.models, unknown)


def _seen(simulation: Simulation, model: str | None) -> Seen:
    book = simulation.calls
    calls = book.last if model is None else book.of(model)
    tallies = book.tallies
    shown = tallies if model is None else {name: tally for name, tally in tallies.items() if name == model}
    return Seen(
        count=book.count(model),
        models=shown,
        calls=msgspec.convert(calls, list[CallRow], from_attributes=True),
    )
