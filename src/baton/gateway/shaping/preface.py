"""Requests with what their prompt and their persona say."""

from collections.abc import Callable

from msgspec.structs import replace

from baton.core.caller import Caller
from baton.core.preface import Preface
from baton.core.request import Envelope, Options
from baton.upstream.prefaced import prefaced

PrefaceOf = Callable[[Caller, Options], Preface | None]
"""What somebody's request is served with, by what it says of itself; None: nothing. May raise Refused."""


def no_preface(caller: Caller, options: Options) -> Preface | None:
    """Where there are no prompts and no personas."""
    del caller, options
    return None


def shaped(caller: Caller, envelope: Envelope, preface_of: PrefaceOf) -> Envelope:
    """The request as it goes on: what it names is resolved, and is what will be recorded of it.

    Raises:
        Refused: there is no such prompt or persona, or a variable of it is wrong.
    """
    options = envelope.options
    if envelope.prefaced:  # whoever asks has put it there, and says what it is
        return envelope
    preface = preface_of(caller, options)
    if preface is not None:
        return prefaced(envelope, preface)
    if options.prompt is None and options.persona is None:
        return envelope
    return replace(envelope, options=replace(options, prompt=None, persona=None))
