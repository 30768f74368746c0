"""Whether a request means in another dialect what its caller's meant, minus what was declared and named.

Both sides are read by `wishes`, never by Baton's own readers.
"""

from collections.abc import Iterable

from baton.core.dialect import Dialect
from tests.contracts.facts.fact import unwrapped
from tests.contracts.wishes.wish import Wish

_EXCUSES: dict[str, tuple[str, ...]] = {
    "system": ("response_format", "response_schema", "system_position"),
    "said": ("document", "tool_result_media", "empty_content", "system_position"),
    "calls": ("tools",),
    "errors": ("tool_result_error",),
    "thoughts": ("reasoning", "reasoning_signature"),
    "schema": ("tool_schema",),
    "choice": ("tool_choice", "allowed_tools"),
    "parallel": ("parallel_tool_calls",),
    "format": ("response_format", "response_schema"),
    "thinks": ("reasoning_effort", "reasoning_budget"),
    "media": (
        "image",
        "image_url",
        "document",
        "document_url",
        "audio",
        "video",
        "file_id",
        "tool_result_media",
    ),
}
"""By which of the names that a caller gets to read a difference is excused."""

_USUAL = {"n": 1, "presence_penalty": 0, "frequency_penalty": 0, "logprobs": False}
"""Values that say as much as their absence."""


def differences(expected: Wish, found: Wish, target: Dialect, named: Iterable[str]) -> list[str]:
    """What the request that arrived lacks or says otherwise; `named`: what Baton says it left out or
    changed."""
    words = list(named)
    excused = {word.partition("=")[0] for word in words}
    problems: list[str] = []
    for what, problem in (*_said(expected, found), *_asked(expected, found, target)):
        if not any(word in excused for word in (*_EXCUSES.get(what, ()), what)):
            problems.append(problem)
    for kind in expected.steps:
        if not excused & {kind, "foreign_parts"}:
            problems.append(f"a {kind} is lost without a word")
    for kind in expected.server_tools:
        if not excused & {kind, f"tools.{kind}", "server_tools"}:
            problems.append(f"the tool {kind} is lost without a word")
    for field in expected.unknown:
        if not any(word == field or word.startswith((f"{field}.", f"{field}[")) for word in words):
            problems.append(f"`{field}` is lost without a word")
    return problems


def _said(expected: Wish, found: Wish) -> Iterable[tuple[str, str]]:
    if found.system != expected.system:
        yield "system", f"the system says {found.system[:150]!r}, not {expected.system[:150]!r}"
    if found.said != expected.said:
        pairs = zip([*expected.said, None], [*found.said, None], strict=False)
        one, other = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
        yield "said", f"it is said {str(other)[:200]}, not {str(one)[:200]}"
    if found.calls != expected.calls:
        bare = [(name, unwrapped(value)) for name, value in found.calls]
        what = "calls" if bare == expected.calls else "lost calls"
        yield what, f"the calls are {str(found.calls)[:200]}, not {str(expected.calls)[:200]}"
    given, wanted = found.results, expected.results
    if [(one.call, one.said) for one in given] != [(one.call, one.said) for one in wanted]:
        yield "results", f"the results are {str(given)[:300]}, not {str(wanted)[:300]}"
    elif [one.is_error for one in given] != [one.is_error for one in wanted]:
        yield "errors", "it is lost that a result is an error"
    if sorted(found.media) != sorted(expected.media):
        yield "media", f"the media are {str(found.media)[:200]}, not {str(expected.media)[:200]}"
    if found.thoughts < expected.thoughts:
        yield "thoughts", f"{found.thoughts} of {expected.thoughts} thoughts"


def _asked(expected: Wish, found: Wish, target: Dialect) -> Iterable[tuple[str, str]]:
    for name, tool in expected.tools.items():
        other = found.tools.get(name)
        if other is None:
            yield "tools", f"the tool {name} is lost"
        elif other.description != tool.description:
            yield "description", f"{name} is described as {other.description[:100]!r}"
        elif other.properties != tool.properties:
            lost = sorted(tool.properties ^ other.properties)
            yield "schema", f"the schema of {name} differs in {lost[:4]}"
    if expected.choice not in (None, ("auto", ())) and found.choice != expected.choice:
        yield "choice", f"the choice of tools is {found.choice}, not {expected.choice}"
    if expected.parallel is False and found.parallel is not False:
        yield "parallel", "one tool at a time is not asked for"
    if expected.format is not None and found.format != expected.format:
        yield "format", f"the format is {str(found.format)[:150]}, not {str(expected.format)[:150]}"
    for name, value in expected.sampling.items():
        if value == _USUAL.get(name):
            continue
        if found.sampling.get(name) != value:
            yield name, f"`{name}` is {found.sampling.get(name)}, not {value}"
    added = set(found.sampling) - set(expected.sampling)
    if target is Dialect.ANTHROPIC:
        added -= {"max_tokens"}  # which it requires
    for name in sorted(added):
        yield name, f"`{name}` was never asked for"
    thinks = expected.thinks
    if target is Dialect.ANTHROPIC and thinks == "off" and found.thinks is None:
        thinks = None  # nothing thinks there unasked
    if thinks is not None and found.thinks != thinks:
        yield "thinks", f"thinking is {found.thinks}, not {expected.thinks}"
