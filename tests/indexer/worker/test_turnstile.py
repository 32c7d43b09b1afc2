"""Who gets to Chroma first."""

import threading

from indexer.worker.turnstile import StoreTurns

WAIT_S = 20.0


def test_a_question_goes_before_work_that_waits_as_well() -> None:
    """Also where the work came first, and would take one turn after another."""
    turns = StoreTurns()
    order: list[str] = []
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.work():
            is_held.set()
            may_go.wait(WAIT_S)

    def work() -> None:
        for _ in range(3):
            with turns.work():
                order.append("work")

    def ask() -> None:
        with turns.question():
            order.append("question")

    threads = [threading.Thread(target=task) for task in (hold, work, ask)]
    threads[0].start()
    assert is_held.wait(WAIT_S)
    threads[1].start()
    threads[2].start()
    while turns._questions == 0:
        may_go.wait(0.001)
    may_go.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert order == ["question", "work", "work", "work"]


def test_one_at_a_time() -> None:
    """Whoever holds it is alone, whatever the others want."""
    turns = StoreTurns()
    inside: list[int] = []
    most: list[int] = []

    def enter(*, is_question: bool) -> None:
        for _ in range(50):
            with turns.question() if is_question else turns.work():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter, kwargs={"is_question": each % 2 == 0}) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(most) == 200
    assert max(most) == 1
