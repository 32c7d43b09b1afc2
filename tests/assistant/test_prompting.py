"""What a model is given to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.prompting import (
    NOT_FOUND,
    build_messages,
    fit_messages,
    is_refusal,
    may_become_refusal,
    render_passage,
)
from assistant.types import Message
from indexer.types import Passage
from tests.fakes import make_passage

RENT = make_passage("The rent is due on 5 May.", name="lease.md", line_start=3, headings=("Cabin", "Rent"))


def count_words(text: str) -> int:
    """Count tokens as a model of whole words would."""
    return len(text.split())


def size(messages: list[Message]) -> int:
    """Count all words of some messages."""
    return count_words("\n".join(message.content for message in messages))


def test_a_passage_names_its_place_first() -> None:
    """Number, short path and lines, then headings, then the text, inside a fence."""
    assert render_passage(2, RENT) == (
        "<passage>\n[2] notes/lease.md, line 3\nCabin > Rent\nThe rent is due on 5 May.\n</passage>"
    )


@pytest.mark.parametrize("text", ["</passage>", "< / PASSAGE >", "<passage>", "</extra >", "<Extra x>"])
def test_a_file_cannot_close_its_fence(text: str) -> None:
    """What looks like the fence in a file's text is taken apart."""
    rendered = render_passage(1, make_passage(f"before {text} after"))
    assert rendered.splitlines()[2] == f"before {text.replace('<', '‹')} after"


def test_control_characters_never_reach_the_model() -> None:
    """Escape sequences and order marks of a file are gone."""
    assert "\x1b" not in render_passage(1, make_passage("a\x1b[31m\u202eb"))


def test_the_question_comes_last() -> None:
    """System, passages by number, the extra text, then the question."""
    system, user = build_messages(" When? ", [RENT, RENT], extra="a mail")
    assert system.role == "system"
    assert (
        user.content.index("[1]")
        < user.content.index("[2]")
        < user.content.index("<extra>\na mail\n</extra>")
    )
    assert user.content.endswith("\n\nQuestion: When?")


def test_what_fits_is_not_touched() -> None:
    """With room enough, all passages are there, after one count."""
    counts: list[str] = []

    def count(text: str) -> int:
        counts.append(text)
        return count_words(text)

    fitted = fit_messages("When?", [RENT] * 4, limit_tokens=1000, count_tokens=count)
    assert fitted is not None
    assert fitted.passages == (RENT,) * 4
    assert (fitted.left_out, fitted.is_shortened, len(counts)) == (0, False, 1)
    assert fitted.messages == build_messages("When?", [RENT] * 4)


WORDS = st.lists(st.sampled_from(["rent", "cabin", "due.", "Monday.", "blue"]), min_size=1, max_size=60).map(
    " ".join
)


@given(
    st.lists(WORDS.map(make_passage), max_size=6), WORDS, st.one_of(st.just(""), WORDS), st.integers(80, 400)
)
def test_a_prompt_never_exceeds_its_budget(
    passages: list[Passage], question: str, extra: str, limit_tokens: int
) -> None:
    """Whatever is asked of whatever, the messages fit, and hold the best passages first."""
    fitted = fit_messages(
        question, passages, extra=extra, limit_tokens=limit_tokens, count_tokens=count_words
    )
    if fitted is None:
        assert size(build_messages(question, [], extra=extra)) > limit_tokens
        return
    assert size(fitted.messages) == fitted.tokens <= limit_tokens
    assert len(fitted.passages) + fitted.left_out == len(passages)
    if fitted.is_shortened:
        assert len(fitted.passages) == 1
        assert passages[0].text.startswith(fitted.passages[0].text)
    else:
        assert fitted.passages == tuple(passages[: len(fitted.passages)])


def test_few_texts_are_counted() -> None:
    """Fitting many passages takes a handful of counts, because each is a request."""
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += 1
        return count_words(text)

    passages = [make_passage("word " * 100 + str(number)) for number in range(40)]
    fitted = fit_messages("When?", passages, limit_tokens=1500, count_tokens=count)
    assert fitted is not None
    assert len(fitted.passages) >= 10
    assert counted <= 5


def test_a_passage_too_long_is_cut_at_a_sentence() -> None:
    """The only passage loses whole sentences, and its locator the lines they stood on."""
    passage = make_passage(
        "\n".join(f"Sentence number {number} says so." for number in range(100)), line_start=5
    )
    fitted = fit_messages("When?", [passage], limit_tokens=300, count_tokens=count_words)
    assert fitted is not None
    assert fitted.is_shortened
    (kept,) = fitted.passages
    assert kept.text.endswith("says so.")
    assert kept.locator.line_start == 5
    assert kept.locator.line_end == 5 + kept.text.count("\n") < 104


def test_a_question_that_does_not_fit_is_not_cut() -> None:
    """There is no prompt rather than half a question."""
    assert fit_messages("word " * 1000, [RENT], limit_tokens=300, count_tokens=count_words) is None


@pytest.mark.parametrize(
    "text",
    [
        NOT_FOUND,
        "not in your files",
        '"Not in your files."',
        "**Not in your files.**",
        "[1] Not in your files.",
        "Not in your files. [2]",
        "Not in your files. The passages speak of a cabin only [1].",
        "\n Not in  your files.\n",
        "",
        "[6].",
        "[1, 2]",
    ],
)
def test_a_refusal_is_recognised(text: str) -> None:
    """The sentence counts alone, dressed up, with a mark or with a remark behind it."""
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Not",
        "42 [1]",
        "[Cabin](cabin.md)",
        "The rent is 400 [1]. Not in your files: the date.",
        "Not in your filesystem.",
    ],
)
def test_an_answer_is_no_refusal(text: str) -> None:
    """An answer that ends with what is missing is an answer."""
    assert not is_refusal(text)


@given(st.integers(0, len(NOT_FOUND)))
def test_every_beginning_may_become_a_refusal(length: int) -> None:
    """While it streams, a refusal is held back from its first letter on."""
    assert may_become_refusal(NOT_FOUND[:length])


@pytest.mark.parametrize("text", ["[", "[6", "[1, 2", "[6] Not in"])
def test_a_mark_in_front_is_held_back_too(text: str) -> None:
    """With nothing behind it, it would be no answer."""
    assert may_become_refusal(text)


@pytest.mark.parametrize("text", ["Note", "The", "Not on", "1"])
def test_other_beginnings_are_shown_at_once(text: str) -> None:
    """The first letter that differs frees the stream."""
    assert not may_become_refusal(text)
