"""Questions from plain statements, without a model."""

import pytest

from assistant.evaluation.drafting.drafts import Draft
from assistant.evaluation.drafting.rules import draft_by_rules
from tests.fakes import make_passage


def drafts_of(text: str, *, headings: tuple[str, ...] = ("Harbour museum",)) -> list[Draft]:
    """Draft all questions of a text."""
    return list(draft_by_rules(make_passage(text, name="museum.md", headings=headings)))


@pytest.mark.parametrize(
    ("statement", "question", "answer"),
    [
        ("The landlord of the cabin is Oskar Berg.", "Who is the landlord of the cabin?", "Oskar Berg"),
        ("The door code of the office is 9046.", "What is the door code of the office?", "9046"),
        ("Roquefort is a blue cheese from France.", "What is Roquefort?", "a blue cheese from France"),
        ("Ada Lindqvist is a poet from Mora.", "Who is Ada Lindqvist?", "a poet from Mora"),
        ("The red canoe is under the boat house.", "Where is the red canoe?", "under the boat house"),
        (
            "The old mill was bought by the parish in 1987, and then sold.",
            "When was the old mill bought by the parish?",
            "1987",
        ),
        (
            "The harbour museum was designed by Astrid Berg.",
            "Who was the harbour museum designed by?",
            "Astrid Berg",
        ),
        (
            "The summer house has 14 windows to the south.",
            "How many windows does the summer house have?",
            "14",
        ),
        ("- **Opening hours**: 10 to 16", "What are the opening hours of “Harbour museum”?", "10 to 16"),
        ("Licence plate: UPL 482", "What is the licence plate of “Harbour museum”?", "UPL 482"),
    ],
)
def test_a_plain_statement_becomes_a_question(statement: str, question: str, answer: str) -> None:
    """Who, what, where, when, how many, by whom, and lines of name and value."""
    (draft,) = drafts_of(statement)
    assert (draft.question, draft.answer) == (question, answer)
    assert answer in statement


@pytest.mark.parametrize(
    "statement",
    [
        "It is a blue cheese from France.",
        "They were bought in 1987.",
        "The fact that it rains is a problem.",
        "The cabin is cold.",
        "Note: this is important",
        "See: https://example.org/museum",
        "Why is the cabin so cold?",
        "Hours: of the museum of Mora and of the one in the next town they are very much alike I think",
        "# The cabin is a house",
    ],
)
def test_what_has_no_plain_form_is_passed_over(statement: str) -> None:
    """Pronouns point elsewhere, clauses hide their subject, adjectives answer nothing."""
    assert drafts_of(statement) == []


def test_a_single_noun_is_asked_for_with_its_file() -> None:
    """Many files speak of a printer."""
    (draft,) = drafts_of("The printer is in the hall.")
    assert draft.question == "Where is the printer, according to “museum”?"


def test_a_draft_points_at_its_sentence() -> None:
    """The place that is written beside it is that of the sentence alone."""
    (draft,) = drafts_of("Nothing to ask here\n\nThe door code of the office is 9046.\n\nNor here")
    written = draft.to_json("notes/museum.md")
    assert written == {
        "question": "What is the door code of the office?",
        "answer": "9046",
        "answerable": "yes",
        "source": "notes/museum.md",
        "place": "line 3",
        "quote": "The door code of the office is 9046.",
        "made_by": "rule",
    }
