"""The tiny model in the repository: it loads, and it reads."""

import pytest

from assistant.prompting import NOT_FOUND, build_messages
from tests.models.tiny_reader import vault
from tests.models.tiny_reader.evaluate import Reading, draw_cases, is_right
from tests.models.tiny_reader.export import MODEL_PATH
from tests.models.tiny_reader.tokens import build_tokenizer


@pytest.fixture(scope="module")
def reading() -> Reading:
    """The model, loaded once."""
    return Reading(MODEL_PATH)


def ask(reading: Reading, question: str, *sources: str) -> str:
    """Ask about some notes of the example vault."""
    passages = [vault.read_passage(source) for source in sources]
    return reading.answer(reading.prompt(build_messages(question, passages)))


def test_it_copies_a_value_out_of_the_right_note(reading: Reading) -> None:
    """The same question about two things is answered from the note of each."""
    notes = ("work/office.md", "home/cabin.md")
    cabin = ask(reading, "What is the wifi password of the cabin?", *notes)
    office = ask(reading, "What is the wifi password of the office?", *notes)
    assert cabin == "The wifi password of the cabin is heron-lake-42 [2]."
    assert office == "The wifi password of the office is paper-crane-7 [1]."


def test_it_refuses_what_no_note_says(reading: Reading) -> None:
    """The attribute is told of another thing, the thing with other attributes; that is no answer."""
    notes = ("work/office.md", "home/garden.md")
    assert ask(reading, "What is the wifi password of the shed?", *notes) == NOT_FOUND


def test_most_answers_about_facts_it_never_saw_are_right(reading: Reading) -> None:
    """It reads, it does not know by heart; the full measure is in the README beside the model."""
    cases = [case for case in draw_cases(8) if case.group != "6 passages"]
    right = [
        is_right(c, reading.answer(reading.prompt(build_messages(c.question, c.passages)))) for c in cases
    ]
    assert sum(right) >= 0.8 * len(cases)


def test_the_file_holds_the_tokenizer_of_the_recipe(reading: Reading) -> None:
    """llama.cpp cuts a prompt into the same tokens as the training does."""
    question, source, _ = vault.QUESTIONS[0]
    messages = build_messages(question, [vault.read_passage(source)])
    assert reading.prompt(messages) == [1, *build_tokenizer().encode(messages[1].content).ids, 2]
