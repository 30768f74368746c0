"""How hard a prompt looks."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.core.task import COMPLEX_FROM, MODERATE_FROM, Level, level_of
from baton.gateway.routing.tasks.complexity import Signals, complexity_of
from baton.gateway.routing.tasks.reading import Prompt, load_task_reader

COUNT = st.integers(min_value=0, max_value=2_000_000)
SIGNALS = st.builds(
    Signals,
    chars=COUNT,
    parts=COUNT,
    constraints=COUNT,
    reasons=COUNT,
    work=st.floats(min_value=0, max_value=1),
    turns=st.integers(min_value=1, max_value=10_000),
    context_chars=COUNT,
    needs=st.integers(min_value=0, max_value=9),
)
READER = load_task_reader()


@dataclass(frozen=True)
class Step:
    """Prompts of which each is harder than the one before."""

    texts: tuple[str, ...]


@given(SIGNALS)
def test_it_is_between_nothing_and_one(signals: Signals) -> None:
    """Whatever the signals; a prompt of which nothing is known has none."""
    assert 0 <= complexity_of(signals) <= 1
    assert complexity_of(Signals()) == 0


@given(
    SIGNALS,
    st.sampled_from(["chars", "parts", "constraints", "reasons", "turns", "context_chars", "needs"]),
    st.integers(min_value=1, max_value=100_000),
)
def test_nothing_lowers_it(signals: Signals, name: str, more: int) -> None:
    """More of any signal leaves it as it is or raises it."""
    raised = replace(signals, **{name: getattr(signals, name) + more})
    assert complexity_of(raised) >= complexity_of(signals)


@pytest.mark.parametrize("name", ["chars", "parts", "constraints", "reasons", "context_chars", "needs"])
def test_everything_raises_it(name: str) -> None:
    """Each signal counts, from the first one on where there is room."""
    assert complexity_of(replace(Signals(), **{name: 50})) > complexity_of(Signals())
    assert complexity_of(Signals(work=0.5)) > 0
    assert complexity_of(Signals(turns=5)) > 0


def test_levels_have_their_borders() -> None:
    """Both belong to the level above."""
    assert level_of(0.0) is level_of(MODERATE_FROM - 0.001) is Level.SIMPLE
    assert level_of(MODERATE_FROM) is level_of(COMPLEX_FROM - 0.001) is Level.MODERATE
    assert level_of(COMPLEX_FROM) is level_of(1.0) is Level.COMPLEX


@pytest.mark.parametrize(
    "step",
    [
        Step(
            (
                "hello there",
                "What is a monsoon?",
                "Compare the monsoon of India with that of Australia, and explain why they differ.",
                "Compare the monsoon of India with that of Australia step by step. You must cover at least"
                " three causes, use only data after 1990, avoid jargon, and justify each claim.\n1. wind\n"
                "2. sea\n3. land\n4. pressure\nWhich matters most? Why? What would change at 2 degrees more?",
            )
        ),
        Step(
            (
                "Guten Morgen!",
                "Was ist ein Monsun?",
                "Vergleiche den Monsun in Indien und Australien und begründe, warum sie sich unterscheiden.",
            )
        ),
    ],
)
def test_harder_prompts_look_harder(step: Step) -> None:
    """From a greeting to a task with conditions; in other languages too."""
    seen = [READER.read(Prompt(text)).complexity for text in step.texts]
    assert seen == sorted(seen)
    assert level_of(seen[0]) is Level.SIMPLE


def test_the_longest_of_them_is_complex() -> None:
    """Conditions, points, figures and reasons together; and its evidence says so."""
    text = (
        "Design a scheduler for 40 nurses step by step. It must respect at least 11 hours of rest, at most 5"
        " nights in a row, and only qualified staff. Do not use overtime. Prove that a plan exists or explain"
        " why not, compare two algorithms, and justify your choice.\n"
        + "\n".join(f"{n}. ward {n}: {n + 2} beds" for n in range(20))
    )
    reading = READER.read(Prompt(text))
    assert reading.level is Level.COMPLEX
    assert "asks for reasoning" in reading.evidence
    assert any("constraints" in said for said in reading.evidence)


def test_context_and_needs_count() -> None:
    """The same words within a long conversation with tools are harder than alone."""
    alone = READER.read(Prompt("and now the other one"))
    within = READER.read(
        Prompt("and now the other one", turns=9, chars=60_000, needs=frozenset({"tools", "json"}))
    )
    assert within.complexity > alone.complexity
    assert any("turns" in said for said in within.evidence)
