"""Tests of chunking: examples of where it cuts, and properties of whatever it cuts."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chunking import BEST_CAPACITY_TOKENS, MAX_CHARS_PER_TOKEN, capacity_for, chunk_document
from indexer.extract.markdown import extract
from indexer.types import Block, BlockKind, Chunk, Document
from tests.indexer.tokenizer import minilm_counter

_STORY = "the lake cabin was painted red by unbelievably careful neighbours in 1987 Überraschung"
_WORDS = _STORY.split()


class WordCounter:
    """Counts words; fast, and exact at every seam."""

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        spans, place = [], 0
        for word in text.split():
            start = text.index(word, place)
            place = start + len(word)
            spans.append((start, place))
        return spans


class SeamCounter(WordCounter):
    """Counts three tokens more in every piece than in the whole, as for marks of where text begins."""

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 3 for text in texts]


def markdown(text: str) -> Document:
    return extract(Path("note.md"), text.encode())


def prose(words: int, seed: int = 0) -> str:
    """Write sentences of a few words each."""
    choose = random.Random(seed)
    sentences: list[str] = []
    while sum(len(s.split()) for s in sentences) < words:
        sentences.append(" ".join(choose.choices(_WORDS, k=choose.randint(4, 12))).capitalize() + ".")
    return " ".join(sentences)


def cut(document: Document, capacity: int = 100) -> list[Chunk]:
    return chunk_document(document, counter=WordCounter(), capacity_tokens=capacity)


def assert_sound(document: Document, chunks: Sequence[Chunk]) -> None:
    """Check order, coverage, exact text, ordinals and lines."""
    place = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.start >= place
        assert not document.text[place : chunk.start].strip()
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert chunk.text.strip()
        if document.has_lines:
            lines = document.text.split("\n")[chunk.locator.line_start - 1 : chunk.locator.line_end]  # type: ignore[operator]
            assert chunk.text in "\n".join(lines)
            assert chunk.text.splitlines()[0].strip() in lines[0]
        place = chunk.end
    assert not document.text[place:].strip()


_LINES = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    st.sampled_from(
        [
            "",
            "",
            "# Cabin",
            "## Paint *red*",
            "### ",
            "```",
            "- item",
            "  - inner",
            "1. one",
            "| a | b |",
            "| - | - |",
        ]
    ),
    st.sampled_from(
        ["> quoted", "---", "***", "<div>", "[ref]: /url", "    code", "Title", "=====", "\t", "%%"]
    ),
    st.integers(1, 90).map(prose),
    st.integers(100, 3000).map(lambda n: "x" * n),
    st.integers(10, 90).map(lambda n: "湖のほとりの小屋は赤く塗られている。" * n),
)
_NOTES = st.lists(_LINES, max_size=30).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(text=_NOTES, capacity=st.integers(16, 120))
def test_chunks_cover_any_note_in_order_and_fit(text: str, capacity: int) -> None:
    """Whatever stands in a note: nothing is lost or doubled, lines are exact, nothing is too long."""
    document = markdown(text)
    chunks = chunk_document(document, counter=minilm_counter(), capacity_tokens=capacity)
    assert_sound(document, chunks)
    sizes = minilm_counter().count([chunk.embedded_text for chunk in chunks])
    assert max(sizes, default=0) <= capacity


@settings(max_examples=50, deadline=None)
@given(text=_NOTES, capacity=st.integers(40, 80))
def test_a_tokenizer_whose_pieces_add_up_to_more_is_obeyed(text: str, capacity: int) -> None:
    """Sums that promise too much are measured again, and what is too long is split."""
    document = markdown(text)
    chunks = chunk_document(document, counter=SeamCounter(), capacity_tokens=capacity)
    assert_sound(document, chunks)
    assert max(SeamCounter().count([chunk.embedded_text for chunk in chunks]), default=0) <= capacity


def test_a_short_note_is_one_chunk() -> None:
    """What fits stays together, under its outermost heading."""
    chunks = cut(markdown("---\ntags: [a]\n---\n# Cabin\n\nRed.\n\n## Roof\n\nTin.\n"))
    assert len(chunks) == 1
    assert chunks[0].locator.headings == ("Cabin",)
    assert (chunks[0].locator.line_start, chunks[0].locator.line_end) == (1, 10)


def test_cuts_fall_before_headings() -> None:
    """Sections of fair size get chunks of their own, each under its heading path."""
    text = f"# Cabin\n\n{prose(60)}\n\n## Roof\n\n{prose(60)}\n\n## Walls\n\n{prose(60)}\n"
    assert [chunk.locator.headings for chunk in cut(markdown(text))] == [
        ("Cabin",),
        ("Cabin", "Roof"),
        ("Cabin", "Walls"),
    ]


def test_a_chunk_over_two_sections_stands_under_what_they_share() -> None:
    """Small sections go together, and the path names only what holds for all of them."""
    text = f"# Cabin\n\n{prose(90)}\n\n## Roof\n\nTin.\n\n## Walls\n\n{prose(50)}\n"
    assert [chunk.locator.headings for chunk in cut(markdown(text))] == [("Cabin",), ("Cabin",)]


def test_nothing_is_merged_into_the_next_chapter() -> None:
    """A small last section does not run over into what follows its parent."""
    text = f"# Cabin\n\n## Walls\n\n{prose(105)}\n\n## Roof\n\nTin.\n\n# Boat\n\n{prose(50)}\n"
    assert [chunk.locator.headings for chunk in cut(markdown(text))] == [
        ("Cabin", "Walls"),
        ("Cabin", "Walls"),
        ("Cabin", "Roof"),
        ("Boat",),
    ]


def test_a_lone_heading_goes_with_what_follows() -> None:
    """Headings without text lead the next section's chunk."""
    chunks = cut(markdown(f"# Cabin\n\n## Roof\n\n{prose(80)}\n\n# Boat\n\n{prose(80)}\n"))
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# Cabin", "# Boat"]
    assert chunks[0].locator.headings == ("Cabin", "Roof")


def test_lone_headings_at_the_end_go_with_what_stands_above() -> None:
    """A heading at the very end has nothing to lead, and is still no chunk."""
    chunks = cut(markdown(f"{prose(97)}\n\n# Later\n\n## Ideas\n"))
    assert chunks[-1].text.endswith("# Later\n\n## Ideas")
    assert len(chunks[-1].text.split()) > 20


def test_a_note_of_headings_alone_is_one_chunk() -> None:
    """There a heading is all there is to find."""
    assert [chunk.text for chunk in cut(markdown("# Cabin\n\n## Roof\n"))] == ["# Cabin\n\n## Roof"]


def test_an_empty_document_has_no_chunks() -> None:
    """Nothing, and nothing but white space, give nothing."""
    assert cut(markdown("")) == []
    assert cut(markdown(" \n\t\n")) == []


def test_a_code_block_that_fits_is_kept_whole() -> None:
    """The cut before it is taken though the chunk above is not full."""
    code = "```python\n" + "\n".join(f"print({n})" for n in range(60)) + "\n```"
    chunks = cut(markdown(f"{prose(50)}\n\n{code}\n\n{prose(50)}\n"))
    assert code in [chunk.text for chunk in chunks]


def test_long_code_is_cut_between_lines() -> None:
    """Every chunk of it begins with a whole line, indentation and all."""
    lines = [f"    value_{n} = compute({n}, offset + {n})" for n in range(200)]
    for chunk in cut(markdown("```\n" + "\n".join(lines) + "\n```\n"))[1:]:
        assert chunk.text.split("\n")[0] in lines


def test_a_long_paragraph_is_cut_after_sentences() -> None:
    """Every chunk of it ends with a full stop."""
    chunks = cut(markdown(prose(1000)))
    assert len(chunks) > 9
    assert all(chunk.text.endswith(".") for chunk in chunks)


def test_a_paragraph_without_sentences_is_cut_between_words() -> None:
    """No word is broken while there is a space within reach."""
    words = " ".join(random.Random(1).choices(_WORDS, k=1000))
    assert " ".join(chunk.text for chunk in cut(markdown(words))) == words


def test_a_long_list_is_cut_between_items() -> None:
    """An item of several lines stays whole."""
    text = "".join(f"- item {n} is about\n  something that goes on\n" for n in range(60))
    assert all(chunk.text.startswith("- item") for chunk in cut(markdown(text)))


def test_a_word_the_tokenizer_gives_up_on_is_still_capped() -> None:
    """A line of 200,000 characters is one unknown token, and yet many chunks."""
    document = markdown("x" * 200_000)
    chunks = chunk_document(document, counter=minilm_counter(), capacity_tokens=220)
    assert_sound(document, chunks)
    assert max(len(chunk.text) for chunk in chunks) <= 220 * MAX_CHARS_PER_TOKEN


def test_no_small_tail_is_left() -> None:
    """A section a little over the capacity is cut into two fair pieces."""
    for words in range(101, 130, 4):
        sizes = [len(chunk.text.split()) for chunk in cut(markdown(prose(words, seed=words)))]
        assert min(sizes) >= 20, sizes


def test_very_long_heading_paths_leave_room_for_text() -> None:
    """Outer headings are dropped first, and the innermost is abridged if it alone is too long."""
    outer = f"# {prose(40)}\n\n## {prose(10, 1)}\n\n### Roof\n\n{prose(300, 2)}\n\n"
    chunks = cut(markdown(f"{outer}# {prose(80, 3)}\n\n{prose(300, 4)}\n"))
    headings = {chunk.locator.headings for chunk in chunks}
    assert any(path and path[-1] == "Roof" and len(path) < 3 for path in headings)
    assert any(path and path[-1].endswith("…") for path in headings)
    assert all(len(" ".join(path).split()) <= 25 for path in headings)
    assert all(len(chunk.embedded_text.split()) <= 100 for chunk in chunks)


def test_a_chunk_over_a_page_boundary_names_both_pages() -> None:
    """Pages come from the blocks, the label from the first page."""
    text = "one two\n\nthree four"
    blocks = (
        Block(kind=BlockKind.PARAGRAPH, start=0, end=7, page=3),
        Block(kind=BlockKind.PARAGRAPH, start=9, end=19, page=4),
    )
    document = Document(text=text, blocks=blocks, has_lines=False, page_labels={3: "iii"})
    locator = cut(document)[0].locator
    assert (locator.page_start, locator.page_end, locator.page_label) == (3, 4, "iii")
    assert locator.line_start is None


def test_front_matter_that_is_long_stands_alone() -> None:
    """Properties do not take the room of a note's first words."""
    fields = "\n".join(f"field{n}: the value of it" for n in range(12))
    chunks = cut(markdown(f"---\n{fields}\n---\n{prose(60)}\n"))
    assert [chunk.text.startswith("---") for chunk in chunks] == [True, False]


@pytest.mark.parametrize("kind", ["paragraphs", "one paragraph", "code lines", "sections"])
def test_after_an_insertion_the_cuts_fall_into_step_again(kind: str) -> None:
    """A sentence more at the top changes the chunks near it and no others."""
    if kind == "paragraphs":
        body = "\n\n".join(prose(random.Random(n).randint(10, 70), seed=n) for n in range(150))
    elif kind == "one paragraph":
        body = prose(5000)
    elif kind == "code lines":
        body = "```\n" + "\n".join(f"set_{n}(value_{n * 7 % 13}, {n})" for n in range(3000)) + "\n```"
    else:
        body = "\n\n".join(f"## Day {n}\n\n{prose(random.Random(n).randint(5, 200), n)}" for n in range(60))
    opening = "```\nwritten_today(1)\n" if kind == "code lines" else "Written today, and only today. "
    before = [chunk.embedded_text for chunk in cut(markdown(body))]
    edited = opening + body.removeprefix("```\n") if kind == "code lines" else opening + body
    after = [chunk.embedded_text for chunk in cut(markdown(edited))]
    new = [text for text in after if text not in set(before)]
    assert len(before) > 40
    assert len(new) <= 6


def test_a_capacity_too_small_for_anything_is_refused() -> None:
    """A handful of tokens would leave no room beside a heading."""
    with pytest.raises(ValueError, match="at least 16"):
        cut(markdown("text"), capacity=3)


def test_the_size_of_chunks_is_what_is_wanted_within_what_the_model_reads() -> None:
    """Nothing asked for gives the best size, and no wish goes past the model's end."""
    assert capacity_for(254) == BEST_CAPACITY_TOKENS
    assert capacity_for(126) == 126
    assert capacity_for(254, wanted_tokens=128) == 128
    assert capacity_for(254, wanted_tokens=1000) == 254
