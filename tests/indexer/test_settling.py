"""When changed paths count as at rest."""

import pytest

from indexer.settling import (
    FLOOD_PATHS,
    FLOOD_S,
    FLOOD_WINDOW_S,
    LONGEST_S,
    OPEN_S,
    QUIET_S,
    Settling,
)


def test_a_path_settles_when_nothing_happens_to_it() -> None:
    """Every further event puts it off; a file that is still open is given longer."""
    settling = Settling()
    settling.note("a", now=0.0, is_open=True)
    assert settling.due() == OPEN_S
    settling.note("a", now=0.1, is_open=False)
    assert settling.due() == pytest.approx(0.1 + QUIET_S)
    assert settling.take(now=0.1) == []
    assert settling.take(now=0.1 + QUIET_S) == ["a"]
    assert settling.due() is None


def test_a_file_that_never_rests_is_looked_at_all_the_same() -> None:
    """A log that grows every tenth of a second is reported after half a minute."""
    settling = Settling()
    taken_at = None
    for tenth in range(1, 1000):
        settling.note("log", now=tenth / 10, is_open=True)
        if settling.take(now=tenth / 10):
            taken_at = tenth / 10
            break
    assert taken_at == pytest.approx(LONGEST_S + 0.1)


def test_a_flood_waits_for_its_end_but_not_for_ever() -> None:
    """All paths of a flood are taken at once, when it is over or has lasted too long."""
    settling = Settling()
    for number in range(FLOOD_PATHS + 1):
        settling.note(str(number), now=number / 1000, is_open=False)
    assert settling.take(now=0.3) == []
    settling.note("one more", now=FLOOD_S + 1, is_open=False)
    assert len(settling.take(now=FLOOD_S + 1)) == FLOOD_PATHS + 2


def test_a_flood_may_come_slowly() -> None:
    """A checkout on a slow disk is one batch too, although its first files are long at rest."""
    settling = Settling()
    now, taken = 0.0, []
    for number in range(3 * FLOOD_PATHS):
        now = number * FLOOD_WINDOW_S / (2 * FLOOD_PATHS)
        settling.note(str(number), now=now, is_open=False)
        taken.append(len(settling.take(now=now)))
    # some are at rest before it is known to be one; then nothing comes until it is over.
    assert sum(taken[FLOOD_PATHS + 1 :]) == 0
    assert sum(taken) + len(settling.take(now=now + QUIET_S)) == 3 * FLOOD_PATHS
    settling.note("a note", now=now + FLOOD_WINDOW_S + 1, is_open=False)
    assert settling.due() == pytest.approx(now + FLOOD_WINDOW_S + 1 + QUIET_S)


def test_a_file_that_is_copied_slowly_is_taken_once() -> None:
    """As long as something is written to it, it is left alone; a while after the last byte it is taken."""
    settling = Settling()
    taken = []
    for tenth in range(100):
        settling.note("film", now=tenth / 10, is_open=True)
        taken += settling.take(now=tenth / 10)
    settling.note("film", now=10.0, is_open=False)
    for tenth in range(100, 200):
        taken += settling.take(now=tenth / 10)
    assert taken == ["film"]


def test_what_has_not_settled_is_counted_from_its_first_change() -> None:
    """A path that changes again keeps its place; what was taken counts no more."""
    settling = Settling()
    assert (len(settling), settling.first()) == (0, None)
    settling.note("a", now=1.0, is_open=True)
    settling.note("b", now=2.0, is_open=False)
    settling.note("a", now=2.1, is_open=True)
    assert (len(settling), settling.first()) == (2, 1.0)
    assert settling.take(now=2.0 + QUIET_S) == ["b"]
    assert (len(settling), settling.first()) == (1, 1.0)
    assert settling.take(now=2.1 + OPEN_S) == ["a"]
    assert (len(settling), settling.first()) == (0, None)
