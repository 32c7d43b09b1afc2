"""Answers in the files' own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.extractive import MOST_ITEMS, MOST_SENTENCES, extract
from indexer.types import Passage
from tests.fakes import make_passage

CABIN = make_passage(
    "# Cabin\n\nThe cabin was bought in 1987 by Ada Lindqvist.\nIt stands behind the old mill in Hjo.\n"
    "The rent is 4,200 kr a month.\nRepairs took three weeks.\nThe rent is due on the fifth of May.",
    headings=("Cabin",),
)
WIFI = make_passage("- Router: attic\n- Wifi password: blue-heron-77", name="house.md")


@pytest.mark.parametrize(
    ("question", "sentence", "number"),
    [
        ("Who bought the cabin?", "The cabin was bought in 1987 by Ada Lindqvist.", 1),
        ("Where does the cabin stand?", "It stands behind the old mill in Hjo.", 1),
        ("How much is the rent?", "The rent is 4,200 kr a month.", 1),
        ("When is the rent due?", "The rent is due on the fifth of May.", 1),
        ("How long did repairs take?", "Repairs took three weeks.", 1),
        ("What's the wifi password", "Wifi password: blue-heron-77", 2),
    ],
)
def test_the_sentence_that_says_it_comes_first(question: str, sentence: str, number: int) -> None:
    """Words of the question and the kind of thing asked for pick the sentence."""
    extracted = extract(question, [CABIN, WIFI])
    assert extracted is not None
    lines = extracted.text.splitlines()
    assert f"{sentence} [1]" in lines[: 2 if extracted.span else 1]
    assert extracted.passages[0] == (CABIN, WIFI)[number - 1]


def test_the_citation_names_the_line() -> None:
    """What stands behind a mark is that very sentence and its line."""
    extracted = extract("What is the wifi password?", [CABIN, WIFI])
    assert extracted is not None
    citation = extracted.citations[0]
    assert citation.quote == "Wifi password: blue-heron-77"
    assert citation.locator.describe() == "line 2"


def test_a_heading_is_no_answer() -> None:
    """A heading that holds the question's words is context, not a statement."""
    extracted = extract(
        "the cabin", [make_passage("# The cabin\n\nIt is painted red.", headings=("The cabin",))]
    )
    assert extracted is not None
    assert extracted.text == "It is painted red. [1]"


def test_a_sentence_without_a_shared_word_answers() -> None:
    """Whether the passage means the question is known before; then its sentence is taken."""
    passage = make_passage("You must settle it by Friday.", similarity=0.8)
    extracted = extract("deadline for payment", [passage])
    assert extracted is not None
    assert extracted.text == "You must settle it by Friday. [1]"


def test_no_passages_no_answer() -> None:
    """An empty index yields no answer, not an error."""
    assert extract("anything", []) is None


def test_the_name_that_was_asked_for_stands_first() -> None:
    """A long sentence has the answer before it, on a line of its own, with the same mark."""
    extracted = extract("Who bought the cabin?", [CABIN, WIFI])
    assert extracted is not None
    assert extracted.span == "Ada Lindqvist"
    assert extracted.text.splitlines()[:2] == [
        "Ada Lindqvist [1]",
        "The cabin was bought in 1987 by Ada Lindqvist. [1]",
    ]


PACKING = make_passage(
    "# Packing\n\nFor the cabin we pack:\n\n- skis\n- the red lamp\n- tea\n\nThe train leaves at nine.",
    name="packing.md",
    headings=("Packing",),
)


@pytest.mark.parametrize("question", ["What do we pack for the cabin?", "List what we pack for the cabin"])
def test_a_list_is_answered_with_its_items(question: str) -> None:
    """What announces a list leads, and every item has its mark and its line."""
    extracted = extract(question, [PACKING, CABIN])
    assert extracted is not None
    assert extracted.text.splitlines() == [
        "For the cabin we pack: [1]",
        "skis [1]",
        "the red lamp [1]",
        "tea [1]",
    ]
    assert [one.locator.describe() for one in extracted.citations] == ["line 3", "line 5", "line 6", "line 7"]


def test_a_definition_comes_before_other_mentions() -> None:
    """Who asks what something is gets the sentence that says so."""
    passage = make_passage(
        "The heddle broke twice last year.\nOur loom has a long history.\n"
        "A heddle is a part of a loom that guides warp threads."
    )
    extracted = extract("What is a heddle?", [passage])
    assert extracted is not None
    assert "A heddle is a part of a loom that guides warp threads. [1]" in extracted.text.splitlines()


def test_nothing_is_said_twice() -> None:
    """Copies of a sentence in other files are not repeated."""
    copies = [make_passage("The rent is 4,200 kr.", name=f"{number}.md") for number in range(3)]
    extracted = extract("How much is the rent?", copies)
    assert extracted is not None
    assert extracted.text == "The rent is 4,200 kr. [1]"


TEXTS = st.text(st.sampled_from("rent cabin 12.\n-# "), min_size=1, max_size=120).filter(str.strip)


@given(st.text(max_size=60), st.lists(TEXTS.map(make_passage), max_size=5))
def test_every_answer_is_verbatim(question: str, passages: list[Passage]) -> None:
    """Each line is a sentence of the passage its mark names, and there are one to three."""
    extracted = extract(question, passages)
    if extracted is None:
        return
    lines = extracted.text.splitlines()
    assert 1 <= len(lines) <= max(MOST_SENTENCES + 1, MOST_ITEMS + 1)
    for line in lines:
        sentence, _, mark = line.rpartition(" [")
        passage = extracted.passages[int(mark.rstrip("]")) - 1]
        assert sentence in " ".join(passage.text.split())
    for citation in extracted.citations:
        assert citation.quote in extracted.passages[citation.n - 1].text
