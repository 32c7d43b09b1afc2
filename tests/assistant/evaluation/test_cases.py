"""Reading a set of questions, however it was written down."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.cases import Case, GoldPassage, read_cases
from assistant.types import Turn


def read(*values: Any) -> list[Case]:
    """Read lines that are all questions."""
    cases, bad = read_cases(json.dumps(value).encode() for value in values)
    assert bad == []
    return cases


def read_one(**value: Any) -> Case:
    """Read one question."""
    (case,) = read({"question": "When is the rent due?", **value})
    return case


def test_a_question_alone_is_enough() -> None:
    """Nothing is expected of it then, not even that it can be answered."""
    case = read_one()
    assert case.question == "When is the rent due?"
    assert (case.answers, case.sources, case.answerable) == ((), (), "unknown")
    assert case.id == "line 1"


@pytest.mark.parametrize(
    "value",
    [
        {"answers": ["the 5th", "fifth"], "gold_files": ["a.md", "b.md"]},
        {"answer": ["the 5th", "fifth"], "sources": ["a.md", "b.md"]},
        {"answer": "the 5th", "answers": ["fifth"], "source": "a.md", "file": ["b.md"]},
        {"expected": "the 5th", "answers": "fifth", "sources": "a.md", "files": ["b.md", "a.md"]},
    ],
)
def test_several_names_mean_the_same(value: dict[str, Any]) -> None:
    """One or a list, under any of the names, each once."""
    case = read_one(**value)
    assert set(case.answers) == {"the 5th", "fifth"}
    assert case.sources == ("a.md", "b.md")
    assert case.answerable == "yes"


def test_numbers_and_truth_are_answers_too() -> None:
    """Whoever writes 12 means "12", whoever writes true means yes."""
    assert read_one(answer=12).answers == ("12",)
    assert read_one(answers=[4.5, True]).answers == ("4.5", "yes")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, "yes"),
        ("Answerable", "yes"),
        (False, "no"),
        ("UNANSWERABLE", "no"),
        (0, "no"),
        ("partially", "partial"),
        ("underspecified", "other"),
        (None, "yes"),
    ],
)
def test_whether_it_can_be_answered_is_said_in_many_ways(said: Any, meant: str) -> None:
    """Truth values, words, or nothing where an answer is given."""
    assert read_one(answer="the 5th", answerable=said).answerable == meant


def test_passages_name_their_files() -> None:
    """A gold passage, a source that is an object, and a quote beside one source are all passages."""
    text = "Pay by the fifth."
    assert read_one(gold_passages=[{"file": "a.md", "text": text}]).passages == (GoldPassage("a.md", text),)
    assert read_one(sources=[{"file": "a.md", "text": text}]).sources == ("a.md",)
    assert read_one(source="a.md", quote=text).passages == (GoldPassage("a.md", text),)
    assert read_one(sources=["a.md", "b.md"], quote=text).passages == (GoldPassage("", text),)


TURNS = (
    Turn(question="Who is the landlord?", standalone="Who is the landlord?", answer="Oskar Berg"),
    Turn(question="And his phone?", standalone="And his phone?", answer=""),
)


@pytest.mark.parametrize(
    "history",
    [
        [
            {"role": "user", "text": "Who is the landlord?"},
            {"role": "assistant", "text": "Oskar Berg"},
            {"role": "user", "text": "And his phone?"},
        ],
        [
            {"role": "user", "content": "Who is the landlord?"},
            {"role": "assistant", "content": "Oskar Berg"},
            {"role": "user", "content": "And his phone?"},
        ],
        [
            {"question": "Who is the landlord?", "answer": "Oskar Berg"},
            {"question": "And his phone?", "answer": None},
        ],
        ["Who is the landlord?", "Oskar Berg", "And his phone?"],
    ],
)
def test_history_becomes_turns(history: list[Any]) -> None:
    """Roles and texts, pairs, or texts in turn."""
    case = read_one(history=history)
    assert case.turns == TURNS
    assert case.fields["turns"] == "2"


def test_what_else_a_line_says_can_be_told_apart_by() -> None:
    """Words, numbers and truth values are fields; lists are not."""
    case = read_one(category="letters", multi_turn=False, grades=[1], level=2)
    assert case.fields == {
        "category": "letters",
        "multi_turn": "no",
        "level": "2",
        "answerable": "unknown",
        "turns": "0",
    }


def test_bad_lines_are_named_and_the_others_stay() -> None:
    """Each has one reason; blank lines and comments are no lines at all."""
    lines = [
        b"# my questions\n",
        b'{"question": "Who?"}\n',
        b"\n",
        b"not json\n",
        b"[1, 2]\n",
        b'{"query": "Who?"}\n',
        b'{"question": "  "}\n',
        b'{"question": 5}\n',
        b'{"question": "a\xff"}\n',
        b'{"question": "What?", "answers": [["x"]]}\n',
        b'{"question": "What?", "history": "none"}\n',
        b'{"question": "What?", "history": [{"role": "user"}]}\n',
        b'{"question": "What?", "gold_passages": [{"lines": 3}]}\n',
        b'{"id": "line 2", "question": "Again?"}\n',
        b'{"question": "Where?"}',
    ]
    cases, bad = read_cases(lines)
    assert [(case.line, case.question) for case in cases] == [(2, "Who?"), (15, "Where?")]
    assert [(each.line, each.reason) for each in bad] == [
        (4, "it is not JSON: expecting value at column 1"),
        (5, "it is not a JSON object"),
        (6, "it has no question"),
        (7, "its question is empty"),
        (8, "its question is no text"),
        (9, "it is not UTF-8 text"),
        (10, "its `answers` is neither text nor a list of texts"),
        (11, "its history is no list"),
        (12, "entry 1 of its history has no text"),
        (13, "one of its passages has neither a file nor a text"),
        (14, "the id 'line 2' was given to an earlier question"),
    ]


def test_a_byte_order_mark_and_half_characters_do_no_harm() -> None:
    """Editors write the one, JSON can hold the other."""
    cases, bad = read_cases([b'\xef\xbb\xbf{"question": "Who \\ud83d is it?"}'])
    assert bad == []
    assert cases[0].question == "Who \ufffd is it?"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "question",
        "answer",
        "answers",
        "source",
        "sources",
        "gold_passages",
        "history",
        "answerable",
        "quote",
        "id",
    ]
)


@given(values=st.lists(st.dictionaries(NAMES, JSON_VALUES, max_size=6) | JSON_VALUES, max_size=4))
def test_whatever_stands_there_a_line_is_a_question_or_named(values: list[Any]) -> None:
    """No line breaks the reading, and none disappears."""
    cases, bad = read_cases(json.dumps(value).encode() for value in values)
    assert sorted([case.line for case in cases] + [each.line for each in bad]) == list(
        range(1, len(values) + 1)
    )
    assert len({case.id for case in cases}) == len(cases)
