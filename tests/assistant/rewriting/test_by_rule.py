"""The words that a follow-up leaves out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.rewriting.by_rule import MOST_WORDS, missing_words, rewrite_by_rule, standalone_turns
from assistant.types import Turn
from assistant.words import content_words


def turn(question: str, answer: str = "") -> Turn:
    """Return a turn that nobody has rewritten."""
    return Turn(question=question, standalone=question, answer=answer)


TURNS = st.lists(st.builds(turn, st.text(max_size=80), st.text(max_size=200)), min_size=1, max_size=5)


def test_the_words_of_the_question_before_are_added() -> None:
    """In the order in which they were said, without those that say nothing."""
    assert rewrite_by_rule("Who sold it?", [turn("Tell me when the cabin by the lake was bought")]) == (
        "Who sold it? (cabin lake bought)"
    )


def test_words_that_are_there_are_not_added_again() -> None:
    """Inflections are the same word."""
    assert rewrite_by_rule("Are they old cabins?", [turn("When was the cabin bought?")]) == (
        "Are they old cabins? (bought)"
    )


def test_an_answer_lends_the_name_of_a_person() -> None:
    """Where the question says "she"; its other words find what was found before."""
    before = [turn("Who owns it?", "It belongs to my friend Ada Lindqvist.")]
    assert missing_words("Where does she live?", before) == "owns Ada Lindqvist"
    assert missing_words("Since when?", before) == "owns"


def test_what_an_answer_asks_back_is_added() -> None:
    """A reply leaves out what the question said, and of earlier ones nothing."""
    back = "Is the cabin by the lake meant, or the cabin in the woods? Which cabin?"
    assert "cabin" in missing_words("the cheaper", [turn("How much?", back)])
    assert missing_words("the cheaper", [turn("How much?", back), turn("The boat.", "It is blue.")]) == "boat"


def test_a_question_for_more_keeps_its_words() -> None:
    """What is asked for is something else than what was said."""
    before = [turn("Where does the Penobscot start?", "In Maine.")]
    assert rewrite_by_rule("Are there any other river systems?", before) == (
        "Are there any other river systems?"
    )
    assert rewrite_by_rule("Tell me more", before) == "Tell me more (Penobscot start)"


def test_the_topic_fades() -> None:
    """What was spoken of long ago weighs less than what was spoken of last."""
    turns = [
        turn("cabin boiler chimney"),
        turn("bread flour oven"),
        turn("lease landlord deposit notice rent"),
    ]
    assert missing_words("and when?", turns) == "lease landlord deposit notice"


def test_an_item_of_a_list_is_put_in() -> None:
    """With the topic behind it."""
    before = turn("Which charges are there?", "1. Fixed\n2. Metered\n3. Tiered")
    assert rewrite_by_rule("what about the second one?", [before]) == "what about Metered? (charges)"


def test_earlier_follow_ups_are_rewritten_first() -> None:
    """So that a topic lives on through questions that do not name it; what stands by itself ends it."""
    turns = standalone_turns([turn("When was the cabin bought?"), turn("Who sold it?"), turn("And why?")])
    assert [each.standalone for each in turns] == [
        "When was the cabin bought?",
        "Who sold it? (cabin bought)",
        "And why? (sold cabin bought)",
    ]
    turns = standalone_turns([*turns, turn("Which flour does sourdough bread need?"), turn("And how much?")])
    assert "flour sourdough bread" in turns[-1].standalone
    done = Turn(question="Who sold it?", standalone="Who sold the cabin?", answer="")
    assert standalone_turns([turn("When was the cabin bought?"), done])[-1] == done


@settings(deadline=None)
@given(st.text(max_size=100), TURNS)
def test_a_rewritten_question_begins_with_what_was_typed(question: str, turns: list[Turn]) -> None:
    """Nothing that was typed is lost, and what is added was said, is new, and is little."""
    missing = missing_words(question, turns)
    assert len(missing.split()) <= MOST_WORDS
    said = " ".join(f"{each.question} {each.answer}" for each in turns)
    assert all(word in said for word in missing.split())
    asked = set(content_words(question))
    assert all(not asked.issuperset(content_words(word)) for word in missing.split())
    assert rewrite_by_rule(question, []) == question
