"""Fits what is not known of how models count, on recorded exchanges."""

from collections.abc import Sequence
from statistics import median

from msgspec.structs import replace

from baton.catalog.tokens.families import Calibration, Family, Texts
from baton.catalog.tokens.gauge import Gauge
from baton.catalog.tokens.transcript import said_texts
from baton.core.chars import KINDS, PAIRS, chars_of
from baton.core.dialect import Dialect
from tests.contracts.counters import FAMILIES, VISIONS
from tests.contracts.measured import Case, Exact, Told
from tests.contracts.scripts import SAMPLES

COLUMNS = (
    "once",
    "message",
    "answer",
    "said",
    "declared",
    "formed",
    "tools",
    "tools_in_chat",
    "tool",
    "call",
    "schema",
    "image",
)
_PRIOR = (3.0, 3.5, 0.5, 1.1, 0.6, 0.6, 30.0, 0.0, 10.0, 20.0, 10.0, 500.0)
_ENCODED = (3.0, 3.0, 0.0, 1.0, 1.0, 1.0, 8.0, 0.0, 0.0, 8.0, 10.0, 500.0)
_FIXED_OF_ENCODED = ("message", "said", "declared", "formed", "tool")
_LEAST = {"said": 0.8, "declared": 0.3}
"""Short prompts say little of these, and a long one must not come out as next to nothing."""

GAUGED = ("once", "rough", "tools", "image")
_PRIOR_OF_GAUGE = (5.0, 1.0, 30.0, 500.0)
_LEAST_OF_GAUGE = (0.0, 0.85, 0.0, 0.0)

_PRIOR_OF_UNITS = (0.1, 0.65, 0.6, 0.6, 0.5, 0.3, 0.3, 0.8, 0.8, 1.7, 0.1, -0.55, 0.1)
_INDENT = len(KINDS) + PAIRS.index("indent")
_LEAST_OF_UNITS = (0.135, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, -1.0, 0.0)
"""Letters that make no words (keys, hashes, base64) and signs are rare in the recordings, and must not cost
next to nothing."""

_TURNS = 600
_TOLERANCES = (1e9, 0.5, 0.2, 0.06)
_SHORT_TOKENS = 30
"""Added to what errors are relative to while fitting: a few tokens of a short prompt matter little."""
_PULL = 0.3
"""How many rows the prior of a coefficient is worth."""
_LONG_TOKENS = 20
"""Of answers that tell what text is worth; in shorter ones what frames them weighs more."""
_ANSWERS_OF_PRIOR = 3
"""How many answers it is worth that a model says its text in as many tokens as the public encoding has."""


def calibrate(cases: Sequence[Case], told: Sequence[Told], exact: Exact) -> Calibration:
    """Everything, fitted on these cases."""
    bare = Calibration(units=_units(exact, cases), families=FAMILIES, visions=VISIONS)
    fitted: list[Family] = []
    for family in FAMILIES:
        if family.models:
            own = [case for case in cases if bare.family_of(case.model).name == family.name]
            answers = [each for each in told if bare.family_of(each.model).name == family.name]
        else:  # whoever is unknown is like the others that are counted from outside
            own = [case for case in cases if bare.family_of(case.model).encoding is None]
            answers = [each for each in told if bare.family_of(each.model).encoding is None]
        found = _fit(family, own, bare, exact)
        if family.exact:
            found = replace(found, once=float(round(found.once)), answer=float(round(found.answer)))
        fitted.append(replace(found, gauge=_gauge(family, own, answers, bare)))
    return replace(bare, families=tuple(fitted))


def _units(exact: Exact, cases: Sequence[Case]) -> tuple[float, ...]:
    """What a character of each kind is worth."""
    recorded: set[str] = set()
    for case in cases:
        recorded |= {text for text in said_texts(case.request) if 40 < len(text) < 20_000}
    texts = [*sorted(recorded), *SAMPLES * 3]
    goals = [exact.count("o200k_base", [text]) for text in texts]
    rows = [[count / goal for count in chars_of(text)] for text, goal in zip(texts, goals, strict=True)]
    found = _relative(rows, [1.0] * len(rows), _PRIOR_OF_UNITS, _LEAST_OF_UNITS)
    worth = [round(value, 4) for value in found]
    space = KINDS.index("space")
    worth[_INDENT] = max(worth[_INDENT], -worth[space])  # one more space never makes a text cheaper
    return tuple(worth)


def _fit(family: Family, cases: Sequence[Case], calibration: Calibration, exact: Exact) -> Family:
    """The family with the coefficients that suit its cases best."""
    fixed = _FIXED_OF_ENCODED if family.encoding else ("tools_in_chat",)
    prior = _ENCODED if family.encoding else _PRIOR
    rows = [_row(case, exact.texts_of(family, case, calibration), calibration) for case in cases]
    known = [_ruled_images(case, calibration) for case in cases]
    free = [at for at, name in enumerate(COLUMNS) if name not in fixed]
    base = [
        image + sum(prior[at] * row[at] for at in range(len(prior)) if at not in free)
        for row, image in zip(rows, known, strict=True)
    ]
    kept = [at for at, case in enumerate(cases) if case.tokens > base[at] * 0.5]
    scales = [case.tokens + _SHORT_TOKENS for case in cases]
    found = _relative(
        [[rows[at][column] / scales[at] for column in free] for at in kept],
        [(cases[at].tokens - base[at]) / scales[at] for at in kept],
        [prior[at] for at in free],
        [_LEAST.get(COLUMNS[at], 0.0) for at in free],
    )
    values = dict(zip(COLUMNS, prior, strict=True)) | {
        COLUMNS[at]: round(value, 3) for at, value in zip(free, found, strict=True)
    }
    return replace(family, **values)


def _row(case: Case, texts: Texts, calibration: Calibration) -> list[float]:
    """What each coefficient is multiplied with."""
    sizes = case.sizes
    chat = case.request.dialect in (Dialect.OPENAI, Dialect.NATIVE)
    images = 0 if _ruled_images(case, calibration) else len(sizes.images)
    return [
        1.0, sizes.messages, sizes.answers, texts.said, texts.declared, texts.formed, bool(sizes.tools),
        bool(sizes.tools) and chat, sizes.tools, sizes.calls, sizes.schema, images,
    ]  # fmt: skip


def _ruled_images(case: Case, calibration: Calibration) -> float:
    """The tokens of images for which there is a rule."""
    bare = replace(calibration, families=(Family(name="", models="", source=""),))
    return bare.images_of(case.model, case.sizes)


def _gauge(family: Family, cases: Sequence[Case], answers: Sequence[Told], calibration: Calibration) -> Gauge:
    """The family as it is seen from outside."""
    scales = [case.tokens + _SHORT_TOKENS for case in cases]
    outsides = [
        (1.0, case.rough, float("tools" in case.needs), float("vision" in case.needs)) for case in cases
    ]
    found = _relative(
        [[value / scale for value in row] for row, scale in zip(outsides, scales, strict=True)],
        [case.tokens / scale for case, scale in zip(cases, scales, strict=True)],
        _PRIOR_OF_GAUGE,
        _LEAST_OF_GAUGE,
    )
    once, rough, tools, image = (round(value, 3) for value in found)
    answer = 1.0 if family.encoding else _answered(answers, calibration)
    return Gauge(once=once, rough=rough, tools=tools, image=image, answer=answer)


def _answered(answers: Sequence[Told], calibration: Calibration) -> float:
    """How many tokens a family needs for a text that has one in the public encoding."""
    ratios = [
        told.tokens / calibration.units_of(told.chars) for told in answers if told.tokens >= _LONG_TOKENS
    ]
    if not ratios:
        return 1.0
    return round(1 + (median(ratios) - 1) * len(ratios) / (len(ratios) + _ANSWERS_OF_PRIOR), 3)


def _relative(
    rows: list[list[float]], goals: list[float], prior: Sequence[float], least: Sequence[float]
) -> list[float]:
    found = list(prior)
    speaks = [sum(1 for row in rows if row[at]) for at in range(len(prior))]
    left = [
        goal - sum(f * v for f, v in zip(found, row, strict=True))
        for row, goal in zip(rows, goals, strict=True)
    ]
    for turn in range(_TURNS):
        # A prompt that is far off (by hidden words of a provider's, say) pulls no more than one that is a
        # little off; at first all alike, then more and more so: descent by coordinates would else stay where
        # it began.
        tolerance = _TOLERANCES[len(_TOLERANCES) * turn // _TURNS]
        trust = [1 / max(tolerance, abs(off)) for off in left]
        for at in range(len(prior)):
            if not speaks[at]:
                continue
            norm = sum(t * row[at] ** 2 for t, row in zip(trust, rows, strict=True))
            weight = _PULL * norm / speaks[at] + 1e-12
            slope = sum(t * off * row[at] for t, off, row in zip(trust, left, rows, strict=True))
            better = max(least[at], (slope + norm * found[at] + weight * prior[at]) / (norm + weight))
            step = better - found[at]
            if step:
                found[at] = better
                left = [off - step * row[at] for off, row in zip(left, rows, strict=True)]
    return found
