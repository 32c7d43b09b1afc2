"""Tests of how far ahead it pays to guess, in a world whose costs are known."""

import random

from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.llama.pace import LONGEST, Pace

TOKENS = 200


def write_answer(pace: Pace, *, truth: float, jump: float, slope: float, seed: int) -> float:
    """Return the time for an answer, in units of what one token takes.

    Args:
        pace: Decides.
        truth: Chance that a guess comes true behind others that did.
        jump: What a batch of more than one token costs beside its tokens.
        slope: What each further token costs.
        seed: For other guesses.
    """
    chance = random.Random(seed)
    pace.begin()
    time = written = 0.0
    while written < TOKENS:
        count = min(pace.length(), int(TOKENS - written) - 1)
        accepted = 0
        while accepted < count and chance.random() < truth:
            accepted += 1
        took = 1 + (jump + slope * count if count else 0)
        if not count:
            pace.watch(came_true=chance.random() < truth)
        pace.note(count, accepted, took)
        time += took
        written += accepted + 1
    return time


@given(
    truths=st.lists(st.floats(0, 1), min_size=1, max_size=4),
    jump=st.floats(0, 3),
    slope=st.floats(0, 2),
    seed=st.integers(0, 1000),
)
def test_guessing_never_costs_more_than_a_little(
    truths: list[float], jump: float, slope: float, seed: int
) -> None:
    """Whatever a batch costs and however often guesses come true, 3 % of plain writing is the most lost."""
    pace = Pace()
    total = sum(
        write_answer(pace, truth=truth, jump=jump, slope=slope, seed=seed + number)
        for number, truth in enumerate(truths)
    )
    # the first trials of a new model, whose costs nobody knows, come on top.
    assert total <= 1.03 * TOKENS * len(truths) + 12 * (jump + slope)


def test_a_quoting_answer_is_guessed_far_ahead() -> None:
    """Where batches are cheap and guesses come true, several tokens are had for the price of one."""
    assert write_answer(Pace(), truth=0.97, jump=0.5, slope=0.1, seed=1) < TOKENS / 2


def test_costs_are_remembered_from_answer_to_answer() -> None:
    """What a batch costs is a matter of the machine: the second answer hardly pays for finding out."""
    pace = Pace()
    for seed in range(2):
        last = write_answer(pace, truth=0.5, jump=1, slope=0.9, seed=seed)
    assert last <= TOKENS * 1.03


def test_one_batch_that_had_to_wait_does_not_end_guessing() -> None:
    """Another program's work is not taken for the price of a guess for ever."""
    pace = Pace()
    pace.note(0, 0, 1.0)
    pace.note(2, 2, 30.0)
    assert write_answer(pace, truth=1, jump=0.5, slope=0.1, seed=1) < 0.7 * TOKENS


def test_nothing_is_guessed_before_a_token_was_measured() -> None:
    """Without the price of one token there is nothing to compare with."""
    assert Pace().length() == 0


@given(st.lists(st.tuples(st.integers(0, LONGEST), st.floats(1e-4, 1e3)), max_size=30))
def test_any_measurements_give_a_length(measurements: list[tuple[int, float]]) -> None:
    """A clock that jumps does no harm."""
    pace = Pace()
    pace.note(0, 0, 1.0)
    for guessed, seconds in measurements:
        pace.note(guessed, guessed // 2, seconds)
        assert 0 <= pace.length() <= LONGEST
