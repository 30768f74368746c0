"""How well types of tasks are told, on prompts that the model in question has not seen.

The recorded prompts lie in `BATON_TEST_DATA`; where they are absent, tests that need them are skipped, and
fail in CI. Floors are a little below what was reached, so that a change for the worse is seen.
"""

import os
import statistics
import time

import pytest
from tools.tasks.evaluation import Guess, area_under_curve, guesses, share_right
from tools.tasks.examples import data_folder, lengthened, own, recorded, spoken
from tools.tasks.hardness import separations
from tools.tasks.training import Case, cases_of, fit, train

from baton.gateway.routing.tasks.model import TaskModel, Trained
from baton.gateway.routing.tasks.reading import Prompt, load_task_reader

READER = load_task_reader()

RIGHT, RIGHT_NATURAL = 0.89, 0.82
RIGHT_WHERE_SURE, SURE = 0.935, 0.86
RIGHT_BY_OUR_OWN = 0.87
"""Floors: shares of prompts."""


def need_data() -> None:
    if not (data_folder() / "tasks.jsonl").is_file():
        message = "no labelled prompts: set BATON_TEST_DATA to a folder that has tasks.jsonl"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="module")
def ours() -> list[Case]:
    """Our own prompts, which the model is trained on, and those made from them."""
    return cases_of([*(prompts := own()), *lengthened(prompts)])


@pytest.fixture(scope="module")
def held(ours: list[Case]) -> list[Guess]:
    """The half that nobody read, told by a model of the half that was read and our own prompts."""
    need_data()
    cases = cases_of(recorded())
    trained = train([*(case for case in cases if case.example.read), *ours])
    return guesses(TaskModel(trained), [case for case in cases if not case.example.read])


def test_most_labelled_prompts_are_told_right(held: list[Guess]) -> None:
    """Of prompts that neither the model nor its makers have seen."""
    assert len(held) > 400
    assert share_right(held) >= RIGHT
    assert share_right([guess for guess in held if guess.case.example.natural]) >= RIGHT_NATURAL


def test_what_is_sure_is_right(held: list[Guess]) -> None:
    """Where the model does not say unsure, and that is most of the time."""
    sure = [guess for guess in held if guess.sure]
    assert share_right(sure) >= RIGHT_WHERE_SURE
    assert len(sure) / len(held) >= SURE


def test_our_own_prompts_alone_teach_most_of_it(ours: list[Case]) -> None:
    """Without any recorded prompt: what is told is no habit of a source."""
    need_data()
    told = guesses(TaskModel(fit(ours)), cases_of(recorded()))
    assert share_right(told) >= RIGHT_BY_OUR_OWN


def test_other_languages_are_told_right() -> None:
    """Fourteen of them, nine types each, of which nothing was trained on; the sure ones are right."""
    told = guesses(READER.model, cases_of(spoken()))
    assert share_right(told) >= 0.9
    assert share_right([guess for guess in told if guess.sure]) >= 0.95


def test_languages_without_cues_are_mostly_unsure() -> None:
    """Nothing is known of them, and that is said."""
    told = guesses(READER.model, cases_of([one for one in spoken() if one.source in ("sv", "vi", "el")]))
    assert sum(guess.sure for guess in told) <= 1


def test_nothing_spoken_is_trained_on() -> None:
    """What is measured is not what was learnt."""
    assert {one.prompt for one in spoken()}.isdisjoint(one.prompt for one in own())


def test_our_own_prompts_are_nobody_elses() -> None:
    """None of the recorded prompts was copied."""
    need_data()
    assert {one.prompt.casefold() for one in recorded()}.isdisjoint(one.prompt.casefold() for one in own())


def test_complexity_tells_chats_from_hard_prompts() -> None:
    """And, hardly, what a weak model gets wrong from what it gets right."""
    need_data()
    chats, *outcomes = separations(READER, recorded())
    assert chats.complexity >= 0.95
    assert all(one.complexity >= 0.52 for one in outcomes)


def test_an_area_under_the_curve_is_counted_right() -> None:
    """Ties count half; all above is one."""
    assert area_under_curve([1, 2], [3, 4]) == 1
    assert area_under_curve([1, 3], [3, 4]) == 0.875
    assert area_under_curve([1], [1]) == 0.5


def test_a_model_survives_its_file(ours: list[Case]) -> None:
    """Weights rounded to bytes say what the regression said, for each type."""
    trained = fit(ours)
    assert isinstance(trained, Trained)
    told = guesses(TaskModel(trained), ours)
    assert share_right(told) >= 0.97


def test_the_same_examples_make_the_same_model(ours: list[Case]) -> None:
    """To the byte."""
    some = ours[::2]
    assert fit(some) == fit(some)


def test_a_reading_of_two_kilobytes_is_quick() -> None:
    """The median is below 300 µs on a quiet machine; half as much again is left for one that is not."""
    text = "Please compare these two plans and say which is better, with reasons. " * 29
    prompt = Prompt(text)
    times: list[float] = []
    for _ in range(200):
        start = time.thread_time()
        READER.read(prompt)
        times.append(time.thread_time() - start)
    assert statistics.median(times) < 450e-6
