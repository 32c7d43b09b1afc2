"""Many passages in parts."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.mapreduce import MOST_PARTS, MOST_PASSAGES, pack, spread, tidy
from assistant.config import AnswerSettings
from assistant.prompting import NOT_FOUND
from tests.assistant.answering.scripted import FakeLibrary, ScriptedGenerator, ask, cut, finished, notices
from tests.fakes import make_passage


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_stretches_cover_everything_and_fit(sizes: list[int], room: int) -> None:
    """In order, without gaps; only what is too large by itself exceeds the room."""
    stretches = pack(sizes, room)
    assert [at for start, end in stretches for at in range(start, end)] == list(range(len(sizes)))
    for start, end in stretches:
        assert end - start == 1 or sum(sizes[start:end]) <= room


def test_stretches_are_about_equally_full() -> None:
    """The last one is no remnant that costs a prompt of its own for a line."""
    assert pack([10] * 11, 100) == [(0, 6), (6, 11)]


@given(st.integers(0, 300), st.integers(1, 100))
def test_a_spread_is_even(total: int, count: int) -> None:
    """So many passages, in order, none twice, and none far from the next."""
    passages = [make_passage("x", line_start=number) for number in range(1, total + 1)]
    taken = [one.locator.line_start or 0 for one in spread(passages, count)]
    assert len(taken) == min(total, count)
    gaps = [after - before for before, after in itertools.pairwise(taken)]
    assert all(1 <= gap <= -(-total // count) for gap in gaps)


def test_a_note_keeps_the_marks_of_its_own_passages() -> None:
    """Others are invented; a refusal is no note."""
    assert tidy("Rain [3]. Wind [1, 4] and sun [9][2].\n", range(2, 5)) == "Rain [3]. Wind [4] and sun [2]."
    assert tidy(f"{NOT_FOUND} [2]", range(9)) == ""
    assert tidy(" [8] ", range(3)) == ""


def test_notes_that_do_not_fit_are_merged() -> None:
    """However much a model notes, the last prompt fits, and still holds the passages' numbers."""
    text = "\n\n".join(f"Day {number}. " + "The sea was calm. " * 12 for number in range(120))
    generator = ScriptedGenerator("The sea was calm [1] [60] [119]. " * 12, context_tokens=600)
    events = ask(
        "summarise log.md", FakeLibrary(cut("log.md", text)), generator, AnswerSettings(max_tokens=60)
    )
    # the fake checks that no prompt exceeds its context.
    assert any("Merge them" in messages[-1].content for messages in generator.asked)
    assert finished(events).citations


def test_of_a_very_long_text_passages_all_over_are_read() -> None:
    """From the first to nearly the last, as many as the parts hold, and that is told."""
    text = "\n\n".join(f"Day {number} was calm and we saw {number} birds." for number in range(5000))
    generator = ScriptedGenerator("It was calm [1].", context_tokens=1000)
    events = ask(
        "summarise log.md", FakeLibrary(cut("log.md", text)), generator, AnswerSettings(max_tokens=60)
    )
    (told,) = [each for each in notices(events) if "too long" in each]
    assert told.endswith("of 5,000 passages, spread evenly")
    read = "".join(messages[-1].content for messages in generator.asked)
    assert read.count("<passage>\n[") <= MOST_PASSAGES
    assert len(generator.asked) <= MOST_PARTS + 5
    assert "Day 0 was" in read
    assert any(f"Day {number} was" in read for number in range(4900, 5000))
