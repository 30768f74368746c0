"""Every figure of `docs/semantic.md`."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from string import Template

import numpy as np
from tests.gateway.cache.semantic.cases import Case, cases
from tools.semantic.pairs import Figures, Pair, auc, estimate, matched, share, wrong_at_half
from tools.semantic.training import Seen, cross_fitted, fit, look_at, scores, strict_threshold

from baton.gateway.cache.semantic.index import VectorIndex
from baton.gateway.cache.semantic.judgement import Judge, load_judge
from baton.gateway.cache.semantic.lexicon import load_lexicon

TEXT = Path(__file__).with_name("page.md")
"""What is said around the figures."""
ENTRIES = 100_000
SEARCHES = 400
_TIMED = 400
_SENTENCE = (
    "How do I configure the connection pool of our application so that it opens at most 20 connections? "
)
_OTHER = (
    "How can I configure the connection pools of our application so it opens at most 20 connections please? "
)


def page(pairs: Sequence[Pair]) -> str:
    """All of it, measured now: a minute."""
    judge = load_judge()
    seen = look_at(pairs, load_lexicon())
    return Template(TEXT.read_text(encoding="utf-8")).substitute(
        threshold=judge.threshold,
        pairs=_of_pairs(pairs, seen),
        sources=_of_sources(pairs, seen),
        cases=_of_cases(judge),
        time=_of_time(judge),
        index=_of_index(),
    )


def _of_pairs(pairs: Sequence[Pair], seen: Seen) -> str:
    judged = cross_fitted(seen)
    unguarded = cross_fitted(seen, guarded=False)
    cosines = np.array([pair.cosine for pair in pairs])
    threshold = strict_threshold(seen.same, judged)
    everything = np.arange(len(pairs))
    intents = np.array([at for at in everything if pairs[at].source != "GPTCache"])
    lines = [
        f"## On {len(pairs)} labelled pairs\n",
        "Cross-fitted in five parts, 95 % intervals by resampling. *Matched*: as many of both, each",
        "with a partner of the same overlap of words. *Wrong*: share of the different ones served when half",
        "of the same ones are.\n",
        "| pairs | number | judged by | AUC | wrong at half recall |",
        "|---|---:|---|---|---|",
    ]
    for name, chosen in (("all", everything), ("of intents only", intents)):
        partners = chosen[matched([pairs[at] for at in chosen])]
        for kind, rows in ((name, chosen), (f"{name}, matched", partners)):
            for by, found in (
                ("cosine", cosines),
                ("score, no guard", unguarded),
                ("score and guard", judged),
            ):
                first, second = (
                    estimate(measure, seen.same[rows], found[rows]) for measure in (auc, wrong_at_half)
                )
                lines.append(f"| {kind} | {len(rows)} | {by} | {first} | {second} |")
    lines += [
        "\nAt the strict threshold, chosen so that at most 1 % of the different pairs are served:\n",
        "| pairs | precision | recall | different pairs served |",
        "|---|---|---|---|",
    ]
    partners = np.array(matched(pairs))
    for name, rows in (("all", everything), ("all, matched", partners)):
        same, found = seen.same[rows], judged[rows]
        measures = (partial(share, kind, threshold) for kind in ("precision", "recall", "wrong"))
        lines.append(
            f"| {name} | " + " | ".join(str(estimate(each, same, found)) for each in measures) + " |"
        )
    return "\n".join(lines)


def _of_sources(pairs: Sequence[Pair], seen: Seen) -> str:
    sources = np.array([pair.source for pair in pairs])
    lines = [
        "## A source that was not trained on\n",
        "Fitted on the others, with the threshold fixed on them too.\n",
        "| source | same served | different served | guard objects: same | different |",
        "|---|---:|---:|---:|---:|",
    ]
    for source in sorted(set(sources)):
        others, own = np.flatnonzero(sources != source), np.flatnonzero(sources == source)
        weights = fit(seen, others)
        threshold = strict_threshold(seen.same[others], scores(seen, others, weights))
        served = scores(seen, own, weights) >= threshold
        cells: list[str] = []
        for values in (served, seen.objected[own]):
            for label in (1, 0):
                of_label = values[seen.same[own] == label]
                cells.append(f"{of_label.sum():.0f} of {len(of_label)}" if len(of_label) else "-")
        lines.append(f"| {source} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _of_cases(judge: Judge) -> str:
    lines = _table(
        "Traps: none may be served, with a cosine of 1", cases("traps"), lambda case: not _passes(judge, case)
    )
    lines += _table(
        "Rewordings: to be served, with a cosine of 1", cases("rewordings"), partial(_passes, judge)
    )
    lines += _later(judge)
    return "\n".join(lines)


def _later(judge: Judge) -> list[str]:
    traps, rewordings = cases("traps_later"), cases("rewordings_later")
    stopped, served = (
        sum(not _passes(judge, case) for case in traps),
        sum(_passes(judge, case) for case in rewordings),
    )
    return [
        f"Of those written afterwards {stopped} of {len(traps)} traps are stopped,",
        f"and {served} of {len(rewordings)} rewordings served.\n",
    ]


def _passes(judge: Judge, case: Case) -> bool:
    return judge.compare(case.earlier, case.later, 1.0).score > 0


def _table(title: str, given: Sequence[Case], right: Callable[[Case], bool]) -> list[str]:
    lines = [f"{title}. Right of all:\n", "| kind | looked at | kept aside |", "|---|---:|---:|"]
    kinds = list(dict.fromkeys(case.kind for case in given))
    for kind in [*kinds, "all"]:
        cells: list[str] = []
        for aside in (False, True):
            chosen = [case for case in given if case.aside is aside and kind in (case.kind, "all")]
            cells.append(f"{sum(map(right, chosen))} of {len(chosen)}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _of_time(judge: Judge) -> str:
    earlier, later = (_SENTENCE * 6)[:500], (_OTHER * 6)[:500]
    read, other = judge.read(earlier), judge.read(later)
    lines = ["## Time of a comparison\n", "Of two texts of 500 characters, one thread, microseconds.\n"]
    lines += ["| step | median | 99 % |", "|---|---:|---:|"]
    for name, step in (
        ("`read` one of them", lambda: judge.read(later)),
        ("`weigh` two that are read", lambda: judge.weigh(read, other, 0.95)),
        ("`compare` both", lambda: judge.compare(earlier, later, 0.95)),
    ):
        times = _timed(step, _TIMED)
        lines.append(f"| {name} | {times[0] * 1e6:.0f} | {times[1] * 1e6:.0f} |")
    return "\n".join(lines)


def _timed(step: Callable[[], object], count: int) -> tuple[float, float]:
    """Median and 99th percentile, seconds."""
    times: list[float] = []
    for _ in range(count):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times), float(np.quantile(times, 0.99))


def _of_index() -> str:
    lines = [
        "## The index\n",
        f"{ENTRIES:,} entries in one partition, {SEARCHES} searches for disturbed ones (cosine about 0.86),",
        "one thread.",
        "*Found*: the nearest is the one that looking at all of them gives.\n",
        "| dimensions | search, median | 99 % | found | insert | bytes of an entry |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_of_dimensions(dimensions) for dimensions in (384, 1536)]
    return "\n".join(lines)


def _of_dimensions(dimensions: int) -> str:
    rng = np.random.default_rng(0)
    # Vectors of real models share a direction: here, a fifth of each.
    direction = 0.5 * rng.standard_normal(dimensions, dtype=np.float32)
    vectors = rng.standard_normal((ENTRIES, dimensions), dtype=np.float32) + direction
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = VectorIndex(dimensions, most_bytes=1 << 40)
    begin = time.perf_counter()
    for number, vector in enumerate(vectors):
        index.insert(b"one", str(number), vector)
    inserted = (time.perf_counter() - begin) / ENTRIES
    found, times = 0, list[float]()
    for number in rng.integers(0, ENTRIES, SEARCHES):
        noise = rng.standard_normal(dimensions, dtype=np.float32)
        asked: Figures = vectors[number] + 0.6 * noise / np.linalg.norm(noise)
        begin = time.perf_counter()
        nearest = index.nearest(b"one", asked, least=0.5, most=1)
        times.append(time.perf_counter() - begin)
        found += bool(nearest) and nearest[0].id == str(int(np.argmax(vectors @ asked)))
    median, slowest = statistics.median(times), float(np.quantile(times, 0.99))
    return (
        f"| {dimensions} | {1e3 * median:.1f} ms | {1e3 * slowest:.1f} ms |"
        f" {found} of {SEARCHES} | {inserted * 1e6:.0f} µs | {index.bytes_held / ENTRIES:.0f} |"
    )
