"""Which questions lean on what was said before."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.rewriting.leaning import is_about_more, leans, why_leaning
from assistant.types import Turn
from assistant.words import content_words

CABIN = (
    Turn(
        question="When was the cabin by the lake bought?",
        standalone="When was the cabin by the lake bought?",
        answer="The cabin was bought in 1987 by Ada Lindqvist [1].",
    ),
)


@pytest.mark.parametrize(
    "question",
    [
        "Who sold it?",
        "How much did they pay?",
        "Where does she live now?",
        "What is her phone number?",
        "Is this still true today, in this year?",
        "Why was that?",
        "and in Berlin?",
        "What about the boat?",
        "No, I meant the boat.",
        "Why?",
        "the second one",
        "Tell me more about the latter",
        "Who else lived there?",
        "any photos",
        "Is the cabin insured?",
        "Tell me more",
    ],
)
def test_follow_ups_lean(question: str) -> None:
    """Pronouns, ellipses, choices, pieces of questions, and definite things that were spoken of."""
    assert leans(question, CABIN)


@pytest.mark.parametrize(
    "question",
    [
        "What is the wifi password of the office in Lisbon?",
        "How do I bake sourdough bread with rye flour?",
        "Did Oskar Berg sign the lease before he moved out?",
        "What is photosynthesis?",
        "Which library holds the harbour plans that Berg drew?",
        "How to become a real estate agent and does it pay?",
        "What did I write this week about gardens and compost?",
    ],
)
def test_whole_questions_stand(question: str) -> None:
    """Pronouns with what they stand for, new things, definitions of what is new."""
    assert not leans(question, CABIN)


def test_a_reply_to_a_question_leans() -> None:
    """What was asked back is answered in the words of a question that would stand otherwise."""
    said = content_words("Which Franklin is meant?")
    assert (
        why_leaning("I'd like to know about Aretha Franklin songs", said, "Melvin or Aretha Franklin?")
        == "reply"
    )
    assert why_leaning("I'd like to know about Aretha Franklin songs", said, "Melvin.") == ""


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    """Whatever is typed, there is an answer."""
    assert leans(text, CABIN) in {True, False}


@pytest.mark.parametrize(
    "question",
    [
        "Are there any other river systems?",
        "Tell me more about the harbour",
        "other games?",
        "Does Berlin have a similar museum island?",
        "How big and how old is the cabin?",
    ],
)
def test_a_question_for_more_names_what_it_is_about(question: str) -> None:
    """It goes on from what was said, and leaves nothing out."""
    assert leans(question, CABIN)
    assert is_about_more(question, CABIN)


@pytest.mark.parametrize(
    "question",
    ["Tell me more", "any other examples?", "Who else lived there?", "the same in Rome?", "Who sold it?"],
)
def test_a_question_for_more_of_nothing_leaves_it_out(question: str) -> None:
    """More of what was said; likewise what has a pronoun, or is a piece of a question."""
    assert leans(question, CABIN)
    assert not is_about_more(question, CABIN)
