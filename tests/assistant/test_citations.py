"""From marks to the sentences of the files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citations import cite, marks, narrow, supporting_span
from indexer.types import Locator, Span
from tests.fakes import make_passage

CABIN = make_passage(
    "# Cabin\n\nThe cabin was bought in 1987 by Ada.\n"
    "It stands near the lake, at\nthe end of the road.\n\n- Rent: 4,200 kr",
    line_start=10,
)
LEASE = make_passage("The rent is due on 5 May.\nPay it to Berg.", name="lease.md", line_start=1)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("One [1].", [(1,)]),
        ("Two [1, 2] and [3;4].", [(1, 2), (3, 4)]),
        ("Both [1][2].", [(1,), (2,)]),
        ("Range [1-3] and [2–3].", [(1, 2, 3), (2, 3)]),
        ("Full width 【1】 and 【2†source】.", [(1,), (2,)]),
        ("Footnote [^1].", [(1,)]),
        ("Glued[1].", [(1,)]),
        ("A link [1](http://x) is none.", []),
        ("Code `x[1]` is none, nor\n```\ny[2]\n```\nbut [3] is.", [(3,)]),
        ("```\nnever closed [1]", []),
        ("Words [sic] and [2026-01] are none... [a1]", []),
        ("Backwards [3-1].", [(3,)]),
    ],
)
def test_marks_are_found_and_nothing_else(text: str, numbers: list[tuple[int, ...]]) -> None:
    """Every dialect of marks is read; links, code and other brackets are not marks."""
    assert [mark.numbers for mark in marks(text)] == numbers


def test_a_citation_quotes_the_sentence_that_says_it() -> None:
    """The quote is the sentence with the stated facts, and the locator its exact line."""
    (citation,) = cite("It was bought in 1987 [1].", [CABIN])
    assert citation.quote == "The cabin was bought in 1987 by Ada."
    assert citation.locator == Locator(line_start=12, line_end=12)


def test_a_quote_over_two_lines_names_both() -> None:
    """A sentence that is wrapped in the file has a range of lines."""
    (citation,) = cite("It is near the lake at the end of the road [1].", [CABIN])
    assert citation.quote == "It stands near the lake, at\nthe end of the road."
    assert (citation.locator.line_start, citation.locator.line_end) == (13, 14)


def test_numbers_decide_between_like_sentences() -> None:
    """Of two sentences with the same words, the one with the stated number is quoted."""
    passage = make_passage("The rent was 400 in spring.\nThe rent was 500 in autumn.")
    (citation,) = cite("The rent was 500 [1].", [passage])
    assert citation.quote == "The rent was 500 in autumn."


def test_each_mark_is_borne_by_its_own_clause() -> None:
    """One sentence with two marks cites two places, each for its own half."""
    passage = make_passage("It was bought in 1987.\nIt was sold in 1999.")
    quotes = [one.quote for one in cite("It was bought in 1987 [1] and sold in 1999 [1].", [passage])]
    assert quotes == ["It was bought in 1987.", "It was sold in 1999."]


def test_a_mark_after_the_full_stop_belongs_to_the_sentence_before() -> None:
    """Both habits of placing a mark cite the same sentence."""
    before = cite("The rent is due on 5 May [2]. It is 4,200 kr [1].", [CABIN, LEASE])
    after = cite("The rent is due on 5 May. [2] It is 4,200 kr. [1]", [CABIN, LEASE])
    assert before == after
    assert [(one.n, one.quote) for one in before] == [(1, "Rent: 4,200 kr"), (2, "The rent is due on 5 May.")]


def test_a_number_without_a_passage_is_no_citation() -> None:
    """What the model makes up is dropped, and the rest keeps its numbers."""
    assert [one.n for one in cite("The rent is due on 5 May [0][2][7].", [CABIN, LEASE])] == [2]


def test_without_shared_words_the_highlight_is_quoted() -> None:
    """An answer in another language still leads to the best place the search knows."""
    passage = make_passage("First thing.\nSecond thing.", highlights=[(13, 26)])
    (citation,) = cite("Das Zweite [1].", [passage])
    assert citation.quote == "Second thing."


def test_a_page_is_kept_as_it_is() -> None:
    """Where a passage has pages and no lines, the citation names the page."""
    (citation,) = cite("The rent is 400 [1].", [make_passage("Some text. The rent is 400.", page=3)])
    assert citation.locator.describe() == "page 3"
    assert citation.quote == "The rent is 400."


def test_lines_are_not_guessed() -> None:
    """A passage whose text is not its lines one for one keeps its own locator."""
    passage = make_passage("one\ntwo", line_start=None)
    assert narrow(passage, Span(start=4, end=7)) == passage.locator


LINES = st.lists(st.text(st.sampled_from("abc de.12"), min_size=0, max_size=30), min_size=1, max_size=30)


@given(LINES, st.integers(0, 5), st.data())
def test_opening_the_locator_shows_the_quote(lines: list[str], skipped: int, data: st.DataObject) -> None:
    """The lines a citation names hold its quote, wherever the passage begins in its file."""
    skipped = min(skipped, len(lines) - 1)
    passage = make_passage("\n".join(lines[skipped:]), line_start=skipped + 1)
    statement = data.draw(st.sampled_from(lines)) + " 12 abc"
    span = supporting_span(statement, passage)
    locator = narrow(passage, span)
    assert locator.line_start is not None
    assert locator.line_end is not None
    quote = passage.text[span.start : span.end]
    opened = "\n".join(lines[locator.line_start - 1 : locator.line_end])
    assert quote in opened
    # and no line more than needed.
    assert quote.count("\n") == locator.line_end - locator.line_start


@given(st.text(st.sampled_from("ab [123],-]`\n【】^("), max_size=80))
def test_any_answer_can_be_cited(answer: str) -> None:
    """However broken the marks are, citations name given passages and verbatim quotes."""
    for citation in cite(answer, [CABIN, LEASE]):
        assert citation.passage == (CABIN, LEASE)[citation.n - 1]
        assert citation.quote in citation.passage.text
