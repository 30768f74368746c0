"""The faults of the matrix: what goes wrong, how often such a route may be asked, and whether it recovers."""

from dataclasses import dataclass, replace

from baton.core.dialect import Dialect

WAIT_S = 0.2
"""What a provider asks to wait where it asks for little."""


@dataclass(frozen=True)
class Fault:
    """One way to fail."""

    settings: str = ""
    """Of the simulated model, `fault=…`."""
    nowhere: str | None = None
    """In place of settings: what kind of address leads there."""
    asked: tuple[int, ...] = (1,)
    """How many calls of the failing route are right; of those that reach nobody, attempts."""
    recovers: bool | None = False
    """Whether that route itself gives the answer in the end; None: either is right."""
    hangs: bool = False
    """Whether only a limit of time ends it."""
    headers: tuple[str, ...] = ()
    """What the caller has to say for another model to be asked."""
    finishes_in: frozenset[Dialect] = frozenset()
    """Providers' dialects in which it is a 200 that ends an answer, also one that goes on with another."""
    waits_s: float = 0.0
    """What must at least go by where it recovers."""


def _status(status: int | str, *asked: int) -> Fault:
    return Fault(f"fault={status}", asked=asked or (1,))


def _soon(form: str, retry_after: float = WAIT_S, recovers: bool | None = True) -> Fault:
    return Fault(
        f"fault=429;times=1;retry_form={form};retry_after={retry_after}",
        asked=(2,) if recovers else (1, 2),
        recovers=recovers,
        waits_s=0.0 if form in ("date", "unix-ms") else retry_after,
    )


def _late(form: str) -> Fault:
    return Fault(f"fault=429;retry_form={form};retry_after=30")


_FORMS = ("seconds", "ms", "go", "unix-ms", "body")

ANSWERED: dict[str, Fault] = {
    **{f"429 for {WAIT_S} s, by {form}": _soon(form, recovers=None) for form in _FORMS},
    "429 for 1 s, by date": _soon("date", 1, recovers=None),
    **{f"429 for 30 s, by {form}": _late(form) for form in (*_FORMS, "date")},
    "429 without a wait": _late("none"),
    "429 for ever, short waits": Fault(
        f"fault=429;retry_form=seconds;retry_after={WAIT_S}", asked=(1, 2, 3), recovers=False
    ),
    "quota": _status("quota"),
    "401": _status(401),
    "402": _status(402),
    "404": _status(404),
    "408": _status(408),
    "409": _status(409),
    "500 once": Fault("fault=500;times=1", asked=(2,), recovers=True),
    "500": _status(500, 2),
    "502": _status(502, 2),
    "503": _status(503, 2),
    "529": _status(529, 2),
    "reset once": Fault("fault=reset;times=1", asked=(1, 2), recovers=True),
    "reset": _status("reset", 2),
    "html": _status("html", 2),
    "empty": _status("empty", 2),
    "context length": _status("context"),
    "content filter": replace(
        _status("filter"),
        headers=("x-baton-fallback-on: filter",),
        finishes_in=frozenset({Dialect.GOOGLE}),
    ),
    "silence": Fault("fault=silence", hangs=True),
    "half headers": Fault("fault=half-headers", hangs=True),
    "slow": Fault("fault=slow;wait=60", hangs=True),
}
"""Where no word of an answer came, whole or as a stream."""

UNREACHED: dict[str, Fault] = {
    "refused": Fault(nowhere="refused", asked=(2,)),
    "TLS": Fault(nowhere="tls", asked=(2,)),
    "DNS": Fault(nowhere="dns", asked=(1, 2)),  # asking for a name may take as long as a silence may
}
"""Where nobody was reached."""

_BREAKS = {
    "cut": Fault("fault=cut", asked=(2,)),
    "malformed": Fault("fault=malformed", asked=(2,)),
    "error inside": Fault("fault=error", asked=(2,)),
    "unfinished": Fault("fault=unfinished", asked=(2,)),
    "stall": Fault("fault=stall", hangs=True),
    "pings": Fault("fault=pings", hangs=True),
}

WHOLE_BREAKS = _BREAKS
"""Where half of a whole answer came."""

BEFORE_A_WORD = {
    f"{name} before a word": replace(fault, settings=f"{fault.settings};after=0")
    for name, fault in _BREAKS.items()
}
"""Where a stream began and said nothing."""

AFTER_WORDS = {
    # Words that come together with what breaks them off have not been sent: then it is asked once more.
    f"{name} after {words}": replace(fault, settings=f"{fault.settings};after={words}", asked=(1, 2))
    for name, fault in _BREAKS.items()
    for words in (1, 7)
}
"""Where a stream broke off in mid-answer."""

HARMLESS = {"no end mark": Fault("fault=no-done", recovers=True)}
"""What is no fault to a reader who knows the dialect."""
