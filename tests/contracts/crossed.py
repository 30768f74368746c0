"""Whether an answer says in another dialect what the provider said, minus what was declared and named.

Both sides are read by `facts`, never by Baton's own readers.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from contextlib import suppress

from baton.core.dialect import Dialect
from tests.contracts.facts.fact import Answer, End, Said, Tokens, unwrapped

ONE_ANSWER = frozenset({Dialect.ANTHROPIC, Dialect.OPENAI_RESPONSES})
"""Have no place for a second choice."""

NO_REFUSAL = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""A refusal's words are the answer's text."""

_EXCUSES: dict[str, tuple[str, ...]] = {
    "choices": ("n",),
    "thought": ("reasoning",),
    "cited": ("citations",),
    "media": ("image", "audio", "video", "document", "foreign_parts"),
    "likelihoods": ("logprobs", "foreign_parts"),
    "sealed": ("reasoning_signature",),
    "ids": ("tool_call_id",),
    "end": ("finish",),
    "tokens": ("usage_details",),
}
"""By which of the names that a caller gets to read a difference is excused."""

_ENDS: dict[End, dict[Dialect, frozenset[End]]] = {
    End.FILTER: {Dialect.ANTHROPIC: frozenset({End.REFUSAL})},
    End.REFUSAL: {
        Dialect.OPENAI: frozenset({End.FILTER, End.STOP}),
        Dialect.OPENAI_RESPONSES: frozenset({End.FILTER, End.STOP}),
        Dialect.GOOGLE: frozenset({End.FILTER, End.OTHER}),
    },
    End.OTHER: dict.fromkeys(Dialect, frozenset(End) - {End.NONE}),
    End.NONE: dict.fromkeys(Dialect, frozenset(End)),
}
"""What an end is called where it has no word of its own."""


def differences(
    expected: Answer, tokens: Tokens | None, found: Answer, dialect: Dialect, named: Iterable[str]
) -> list[str]:
    """What the found answer lacks or says otherwise. `tokens`: the bill; `named`: what Baton says it left out
    or changed."""
    excused = {word.partition("=")[0] for word in named}
    told = [(what, problem) for what, problem in _all(expected, tokens, found, dialect)]
    problems = [
        problem for what, problem in told if not any(word in excused for word in _EXCUSES.get(what, ()))
    ]
    shown = {step for said in found.said for step in said.steps}
    steps = {step for said in expected.said for step in said.steps}
    unnamed = steps - shown - excused
    if unnamed and "foreign_parts" not in excused:
        problems.append(f"steps of the provider's own tools are lost without a word: {sorted(unnamed)}")
    return problems + found.wrong


def _all(
    expected: Answer, tokens: Tokens | None, found: Answer, dialect: Dialect
) -> Iterable[tuple[str, str]]:
    wanted = expected.said
    if dialect in ONE_ANSWER and len(wanted) > 1:
        yield "choices", f"{len(wanted) - 1} further choices are lost without a word"
        wanted = wanted[:1]
    if not wanted:
        wanted = [Said()]
    got = found.said or [Said()]
    if len(wanted) != len(got):
        yield "number", f"{len(got)} choices, not {len(wanted)}"
    for number, (one, other) in enumerate(zip(wanted, got, strict=False)):
        where = f" of choice {number}" if number else ""
        for what, problem in _said(one, other, expected, dialect):
            yield what, problem + where
    if not found.id and (expected.id or dialect is not Dialect.GOOGLE):
        yield "id", "it has no id"
    if expected.model and found.model != expected.model:
        yield "model", f"the model is {found.model!r}, not {expected.model!r}"
    if tokens is not None:
        yield from _tokens(tokens, found.tokens)


def _said(expected: Said, found: Said, answer: Answer, dialect: Dialect) -> Iterable[tuple[str, str]]:
    if dialect in NO_REFUSAL:
        words = expected.text + expected.refusal
    else:
        words = expected.text
        if found.refusal != expected.refusal:
            yield "refusal", f"the refusal is {found.refusal[:60]!r}, not {expected.refusal[:60]!r}"
    if found.text != words:
        yield "text", f"the text is {found.text[:200]!r}, not {words[:200]!r}"
    if _squeezed(found.thought) != _squeezed(expected.thought):
        yield "thought", f"the thought is {found.thought[:200]!r}, not {expected.thought[:200]!r}"
    yield from _calls(expected, found)
    allowed = _ends(expected, dialect)
    if found.end not in allowed:
        yield "end", f"it ends with {found.end}, not {' or '.join(sorted(allowed))}"
    if missing := expected.cited - found.cited:
        yield "cited", f"the sources {sorted(missing)[:3]} are lost"
    if missing := set(expected.media) - set(found.media):
        yield "media", f"{len(missing)} of {len(expected.media)} images or sounds are lost"
    if expected.likelihoods and not found.likelihoods:
        yield "likelihoods", "log probabilities are lost"
    texts = _texts(found.sealed)
    lost = [seal for seal in expected.sealed if not _carried(seal, texts)]
    if lost and not any(_carried(seal, texts) for seal in answer.resealed):
        yield "sealed", f"{len(lost)} of {len(expected.sealed)} signatures are lost"


def _calls(expected: Said, found: Said) -> Iterable[tuple[str, str]]:
    said = [(call.name, call.arguments) for call in expected.calls]
    heard = [(call.name, call.arguments) for call in found.calls]
    if said not in (heard, [(name, unwrapped(value)) for name, value in heard]):
        yield "calls", f"the calls are {str(heard)[:300]}, not {str(said)[:300]}"
        return
    ids = [call.id for call in found.calls]
    if len(set(ids)) != len(ids) or not all(ids):
        yield "missing ids", f"the ids of the calls are {ids}"
    if any(one.id and one.id != other.id for one, other in zip(expected.calls, found.calls, strict=True)):
        yield "ids", f"the ids of the calls are {ids}, not {[call.id for call in expected.calls]}"


def _ends(expected: Said, dialect: Dialect) -> frozenset[End]:
    if expected.calls and expected.end in (End.STOP, End.TOOLS):
        return frozenset({End.STOP if dialect is Dialect.GOOGLE else End.TOOLS})
    return _ENDS.get(expected.end, {}).get(dialect, frozenset({expected.end}))


def _tokens(expected: Tokens, found: Tokens | None) -> Iterable[tuple[str, str]]:
    if found is None:
        yield "usage", "there is no usage"
        return
    if (found.prompt, found.completion) != (expected.prompt, expected.completion):
        counts = f"{expected.prompt} and {expected.completion}"
        yield "usage", f"{found.prompt} and {found.completion} tokens, not {counts}"
    if found.cached != expected.cached or (found.reasoning or 0) != expected.reasoning:
        yield (
            "tokens",
            (
                f"{found.cached} cached and {found.reasoning} reasoning tokens, "
                f"not {expected.cached} and {expected.reasoning}"
            ),
        )


def _squeezed(text: str) -> str:
    """Without white space: parts of a thought are joined with more or less of it."""
    return re.sub(r"\s+", "", text)


def _texts(seals: Iterable[str]) -> list[str]:
    """The seals as they stand there, and where it is base64 (as Google's fields are) the text inside."""
    texts: list[str] = []
    for seal in seals:
        texts.append(seal)
        with suppress(binascii.Error, UnicodeDecodeError):
            texts.append(base64.b64decode(seal, validate=True).decode())
    return texts


def _carried(seal: str, texts: Iterable[str]) -> bool:
    """Whether a seal came along: as its origin wrote it, abroad behind Baton's mark."""
    return any(text == seal or (text.startswith("baton.") and seal in text) for text in texts)
